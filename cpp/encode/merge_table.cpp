#include "encode/merge_table.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace bytestride {

MergeTable::MergeTable(const Vocab& vocab)
    : multiplier_(process_hash_seed().b | 1), of_bytes_(std::size_t{1} << 16) {
  const auto& merges = vocab.merges();
  constexpr std::size_t kMostMerges = (std::size_t{1} << kSymbolBits) - 256;
  if (merges.size() > kMostMerges) {
    throw InvalidArgument("a vocabulary of " + std::to_string(merges.size()) +
                          " merges cannot be encoded with; at most " + std::to_string(kMostMerges) +
                          " are supported");
  }
  const std::size_t n_buckets = std::max(std::bit_ceil(merges.size() / (kBucketSlots / 2) + 1),
                                         std::size_t{1} << (2 * kSymbolBits - kMaxTagBits));
  tag_bits_ = 2 * kSymbolBits - static_cast<unsigned>(std::countr_zero(n_buckets));
  tag_mask_ = static_cast<std::uint32_t>((std::uint64_t{1} << tag_bits_) - 1);
  buckets_ = PageArray<Bucket>(n_buckets);
  std::fill_n(of_bytes_.data(), of_bytes_.capacity(), kNoSymbol);

  ids_.reserve(256 + merges.size());
  std::vector<Symbol> symbol_of(std::size_t{vocab.max_id()} + 1, kNoSymbol);
  const auto add = [&](TokenId id) {
    symbol_of[id] = static_cast<Symbol>(ids_.size());
    ids_.push_back(id);
  };
  for (unsigned byte = 0; byte < 256; ++byte) add(vocab.byte_id(static_cast<unsigned char>(byte)));
  for (const Vocab::FiringMerge& merge : merges) add(merge.product);
  for (const Vocab::FiringMerge& merge : merges) {
    insert(symbol_of[merge.pair.left], symbol_of[merge.pair.right], symbol_of[merge.product]);
  }
  std::sort(aside_.begin(), aside_.end(),
            [](const Aside& a, const Aside& b) { return a.mixed < b.mixed; });
}

void MergeTable::insert(Symbol left, Symbol right, Symbol product) {
  if (left < 256 && right < 256) of_bytes_[std::size_t{left} << 8 | right] = product;
  const std::uint64_t mixed = mix_pair(left, right);
  Bucket& bucket = buckets_[mixed >> tag_bits_];
  Symbol* const free = std::find(bucket.products, bucket.products + kBucketSlots, Symbol{0});
  if (free == bucket.products + kBucketSlots) {
    aside_.push_back({mixed, product});
    return;
  }
  bucket.tags[free - bucket.products] = static_cast<std::uint32_t>(mixed) & tag_mask_;
  *free = product;
}

Symbol MergeTable::find_aside(std::uint64_t mixed) const {
  const auto at = std::lower_bound(
      aside_.begin(), aside_.end(), mixed,
      [](const Aside& aside, std::uint64_t wanted) { return aside.mixed < wanted; });
  return at != aside_.end() && at->mixed == mixed ? at->product : kNoSymbol;
}

}  // namespace bytestride
