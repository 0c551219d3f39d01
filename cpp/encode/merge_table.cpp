#include "encode/merge_table.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>

#include "base/error.hpp"

namespace bytestride {
namespace {

// Places for each group: its pairs are few enough that some displacement of 16 bits suits them, and
// all displacements together are 64 KiB for 100,000 tokens.
constexpr std::size_t kPlacesPerGroup = 4;
// At most so full that a displacement is found after a few tries.
constexpr std::size_t most_of(std::size_t n_places) {
  return n_places / 5 * 4;
}

}  // namespace

MergeTable::MergeTable(const Vocab& vocab)
    : seed_(process_hash_seed()), of_bytes_(std::size_t{1} << 16) {
  const auto& merges = vocab.merges();
  constexpr std::size_t kMostMerges = kWordEnd - 256;
  if (merges.size() > kMostMerges) {
    throw InvalidArgument("a vocabulary of " + std::to_string(merges.size()) +
                          " merges cannot be encoded with; at most " + std::to_string(kMostMerges) +
                          " are supported");
  }
  ids_.reserve(256 + merges.size());
  std::vector<Symbol> symbol_of(std::size_t{vocab.max_id()} + 1, kNoSymbol);
  const auto add = [&](TokenId id) {
    symbol_of[id] = static_cast<Symbol>(ids_.size());
    ids_.push_back(id);
  };
  for (unsigned byte = 0; byte < 256; ++byte) add(vocab.byte_id(static_cast<unsigned char>(byte)));
  for (const Vocab::FiringMerge& merge : merges) add(merge.product);
  std::fill_n(of_bytes_.data(), of_bytes_.capacity(), kNoSymbol);
  std::vector<std::uint64_t> entries;
  entries.reserve(merges.size());
  for (const Vocab::FiringMerge& merge : merges) {
    const Symbol left = symbol_of[merge.pair.left];
    const Symbol right = symbol_of[merge.pair.right];
    const Symbol product = symbol_of[merge.product];
    if (left < 256 && right < 256) of_bytes_[std::size_t{left} << 8 | right] = product;
    entries.push_back(packed(left, right) << kSymbolBits | product);
  }

  std::size_t n_places = 8;
  while (most_of(n_places) < entries.size()) n_places *= 2;
  // Pairs that share a group and all bits of their place can never be parted: then another seed
  // will do, and sooner or later a larger table.
  for (unsigned tries = 1;; ++tries) {
    const std::size_t n_groups = n_places / kPlacesPerGroup;
    group_shift_ = 64 - static_cast<unsigned>(std::countr_zero(n_groups));
    place_mask_ = static_cast<std::uint32_t>(n_places - 1);
    displacements_ = PageArray<std::uint16_t>(n_groups);
    entries_ = PageArray<std::uint64_t>(n_places);
    if (place_all(entries)) return;
    seed_.a = mix(seed_.a ^ tries, seed_.b | 1);
    if (tries % 4 == 0) n_places *= 2;
  }
}

bool MergeTable::place_all(const std::vector<std::uint64_t>& entries) {
  // Entries by group: a counting sort.
  const std::size_t n_groups = displacements_.capacity();
  const auto hash_of = [&](std::uint64_t entry) { return hash_u64(entry >> kSymbolBits, seed_); };
  std::vector<std::uint32_t> group_ends(n_groups + 1);
  for (const std::uint64_t entry : entries) ++group_ends[(hash_of(entry) >> group_shift_) + 1];
  std::vector<std::uint32_t> sizes(group_ends.begin() + 1, group_ends.end());
  std::partial_sum(group_ends.begin(), group_ends.end(), group_ends.begin());
  std::vector<std::uint64_t> grouped(entries.size());
  for (const std::uint64_t entry : entries) {
    grouped[group_ends[hash_of(entry) >> group_shift_]++] = entry;
  }
  // The largest groups first, while there is room.
  std::vector<std::uint32_t> order(n_groups);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return sizes[a] > sizes[b]; });
  std::fill_n(entries_.data(), entries_.capacity(), kFree);
  std::vector<std::uint32_t> places;
  for (const std::uint32_t group : order) {
    if (sizes[group] == 0) break;
    const std::uint64_t* const of_group = grouped.data() + group_ends[group] - sizes[group];
    std::uint16_t displacement = 0;
    const auto fits = [&] {
      places.clear();
      for (std::size_t i = 0; i < sizes[group]; ++i) {
        const auto hash = static_cast<std::uint32_t>(hash_of(of_group[i]));
        const std::uint32_t place = (hash ^ displacement) & place_mask_;
        if (entries_[place] != kFree) return false;
        if (std::find(places.begin(), places.end(), place) != places.end()) return false;
        places.push_back(place);
      }
      return true;
    };
    while (!fits()) {
      if (++displacement == 0) return false;
    }
    displacements_[group] = displacement;
    for (std::size_t i = 0; i < sizes[group]; ++i) entries_[places[i]] = of_group[i];
  }
  return true;
}

}  // namespace bytestride
