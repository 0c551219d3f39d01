#include "encode/merge_table.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>
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
  // Entries by group (a counting sort): those of a group end where group_ends says.
  const std::size_t n_groups = displacements_.capacity();
  const auto hash_of = [&](std::uint64_t entry) { return hash_u64(entry >> kSymbolBits, seed_); };
  std::vector<std::uint32_t> group_ends(n_groups + 1);
  for (const std::uint64_t entry : entries) ++group_ends[(hash_of(entry) >> group_shift_) + 1];
  const std::vector<std::uint32_t> sizes(group_ends.begin() + 1, group_ends.end());
  std::partial_sum(group_ends.begin(), group_ends.end(), group_ends.begin());
  struct Grouped {
    std::uint64_t entry;
    std::uint32_t place;  // before it is displaced
  };
  std::vector<Grouped> grouped(entries.size());
  for (const std::uint64_t entry : entries) {
    const std::uint64_t hash = hash_of(entry);
    grouped[group_ends[hash >> group_shift_]++] = {entry,
                                                   static_cast<std::uint32_t>(hash) & place_mask_};
  }

  std::vector<bool> taken(entries_.capacity());
  const auto place_group = [&](std::size_t group) {
    const std::span<const Grouped> members(grouped.data() + group_ends[group] - sizes[group],
                                           sizes[group]);
    // Displacing keeps apart what is apart, and together what is together.
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (members[i].place == members[j].place) return false;
      }
    }
    std::uint16_t displacement = 0;
    const auto is_taken = [&](const Grouped& member) {
      return taken[(member.place ^ displacement) & place_mask_];
    };
    while (std::any_of(members.begin(), members.end(), is_taken)) {
      if (++displacement == 0) return false;
    }
    displacements_[group] = displacement;
    for (const Grouped& member : members) {
      const std::uint32_t place = (member.place ^ displacement) & place_mask_;
      taken[place] = true;
      entries_[place] = member.entry;
    }
    return true;
  };
  // The largest groups first, while there is room.
  std::fill_n(entries_.data(), entries_.capacity(), kFree);
  for (std::size_t size = *std::max_element(sizes.begin(), sizes.end()); size > 0; --size) {
    for (std::size_t group = 0; group < n_groups; ++group) {
      if (sizes[group] == size && !place_group(group)) return false;
    }
  }
  return true;
}

}  // namespace bytestride
