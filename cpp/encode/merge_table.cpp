#include "encode/merge_table.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace bytestride {

MergeTable::MergeTable(const Vocab& vocab)
    : multiplier_(process_hash_seed().b | 1), of_bytes_(std::size_t{1} << 16) {
  const auto& merges = vocab.merges();
  if (merges.size() + 256 > kSymbolMask) {
    throw InvalidArgument("a vocabulary of " + std::to_string(merges.size()) +
                          " merges cannot be encoded with; at most " +
                          std::to_string(kSymbolMask - 256) + " are supported");
  }
  n_buckets_ = merges.size() / (kBucketSlots / 2) + 1;
  buckets_ = PageArray<Bucket>(n_buckets_);
  std::fill_n(buckets_[0].slots, n_buckets_ * kBucketSlots, kEmpty);
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
    const Symbol left = symbol_of[merge.pair.left];
    const Symbol right = symbol_of[merge.pair.right];
    const Symbol product = symbol_of[merge.product];
    const std::uint64_t pair = pair_of(left, right);
    std::size_t i = bucket_of(pair);
    while (buckets_[i].slots[kBucketSlots - 1] != kEmpty) i = i + 1 == n_buckets_ ? 0 : i + 1;
    *std::find(buckets_[i].slots, buckets_[i].slots + kBucketSlots, kEmpty) =
        pair << kSymbolBits | product;
    if (left < 256 && right < 256) of_bytes_[std::size_t{left} << 8 | right] = product;
  }
}

}  // namespace bytestride
