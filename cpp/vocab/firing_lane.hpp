// How one token's bytes merge under the pairs found so far, a step at a time, so that many tokens
// can go side by side and wait for memory together. The tools of firing_in_order.cpp.
//
// FoundPairs owns its table; a Lane holds one token of at most kMaxLaneBytes bytes and owns
// nothing. Cost of a step: two look-ups, and the least of the lane's merges.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"

namespace bytestride {

// The 256 bytes come first, then the products in rank order, so that a symbol is its own rank, and
// a pair and its product fit in one word.
using Symbol = std::uint32_t;
inline constexpr unsigned kSymbolBits = 21;
inline constexpr std::size_t kMaxSymbols = (std::size_t{1} << kSymbolBits) - 1;

// The pairs found so far. Buckets of one cache line, at most half full as a whole, are compared
// without a branch; pairs of two bytes, which are looked up most, have a dense table.
class FoundPairs {
 public:
  explicit FoundPairs(std::size_t n_pairs)
      : multiplier_(process_hash_seed().b | 1),
        n_buckets_(n_pairs / (kBucketSlots / 2) + 1),
        buckets_(n_buckets_),
        of_bytes_(std::size_t{1} << 16) {}

  void insert(Symbol left, Symbol right, Symbol product) {
    if ((left | right) < 256) {
      of_bytes_[left << 8 | right] = product;
      return;
    }
    const std::uint64_t pair = pair_of(left, right);
    std::size_t i = bucket_of(pair);
    while (buckets_[i].slots[kBucketSlots - 1] != 0) i = next(i);
    *std::find(buckets_[i].slots, buckets_[i].slots + kBucketSlots, 0u) =
        pair << kSymbolBits | product;
  }

  // Precondition: it was inserted.
  void erase(Symbol left, Symbol right) {
    if ((left | right) < 256) {
      of_bytes_[left << 8 | right] = 0;
      return;
    }
    const std::uint64_t pair = pair_of(left, right);
    for (std::size_t i = bucket_of(pair);; i = next(i)) {
      for (std::uint64_t& slot : buckets_[i].slots) {
        if (slot >> kSymbolBits != pair || (slot & kMaxSymbols) == 0) continue;
        slot &= ~std::uint64_t{kMaxSymbols};  // the place stays taken
        return;
      }
    }
  }

  // What two symbols merge into; 0 where they do not.
  Symbol of_bytes(unsigned char left, unsigned char right) const {
    return of_bytes_[std::size_t{left} << 8 | right];
  }
  Symbol find(Symbol left, Symbol right) const {
    if ((left | right) < 256) return of_bytes_[left << 8 | right];
    const std::uint64_t pair = pair_of(left, right);
    for (std::size_t i = bucket_of(pair);; i = next(i)) {
      const std::uint64_t* const slots = buckets_[i].slots;
      std::uint64_t found = 0;
      for (std::size_t k = 0; k < kBucketSlots; ++k) {
        found |= slots[k] >> kSymbolBits == pair ? slots[k] & kMaxSymbols : 0;
      }
      if (found != 0 || slots[kBucketSlots - 1] == 0) return static_cast<Symbol>(found);
    }
  }
  void prefetch(Symbol left, Symbol right) const {
    __builtin_prefetch(&buckets_[bucket_of(pair_of(left, right))]);
  }

 private:
  static constexpr std::size_t kBucketSlots = 8;
  struct alignas(64) Bucket {
    std::uint64_t slots[kBucketSlots];  // pair and product, filled from the first on; 0: empty
  };

  static std::uint64_t pair_of(Symbol left, Symbol right) {
    return std::uint64_t{left} << kSymbolBits | right;
  }
  std::size_t bucket_of(std::uint64_t pair) const {
    return (pair * multiplier_ >> 32) * n_buckets_ >> 32;
  }
  std::size_t next(std::size_t i) const { return i + 1 == n_buckets_ ? 0 : i + 1; }

  std::uint64_t multiplier_;
  std::size_t n_buckets_;
  PageArray<Bucket> buckets_;
  PageArray<Symbol> of_bytes_;
};

inline constexpr std::size_t kMaxLaneBytes = 64;

// The merging of one token's bytes, one merge a step; what a step looks up is asked for one step
// before. A symbol stands where its first byte stood, so nothing is ever moved.
class Lane {
 public:
  // Precondition: bytes.size() is 2 to kMaxLaneBytes.
  void start(const FoundPairs& found, ByteSpan bytes) {
    const std::size_t n = bytes.size();
    alive_ = ~std::uint64_t{0} >> (64 - n);
    n_blocks_ = (n + kBlock - 1) / kBlock;
    std::fill_n(merges_, n_blocks_ * kBlock, kNone);
    for (std::size_t i = 0; i < n; ++i) symbols_[i] = static_cast<unsigned char>(bytes[i]);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      merges_[i] = merge_at(i, found.of_bytes(static_cast<unsigned char>(bytes[i]),
                                              static_cast<unsigned char>(bytes[i + 1])));
    }
    n_ = n;
    merged_at_ = kNowhere;
  }

  // False where nothing is left to do: two parts are left, or more that do not merge.
  bool step(const FoundPairs& found) {
    if (n_ == 2) return false;
    if (merged_at_ != kNowhere) {
      const std::size_t i = merged_at_;
      if (const std::uint64_t before = alive_ & ~(~std::uint64_t{0} << i)) {
        const std::size_t j = 63 - static_cast<std::size_t>(std::countl_zero(before));
        merges_[j] = merge_at(j, found.find(symbols_[j], symbols_[i]));
      }
      const std::uint64_t after = alive_ >> i >> 1;
      merges_[i] =
          after == 0 ? kNone : merge_at(i, found.find(symbols_[i], symbols_[next_of(i, after)]));
    }
    std::int32_t first = kNone;
    for (std::size_t block = 0; block < n_blocks_; ++block) {
      for (std::size_t k = 0; k < kBlock; ++k) first = std::min(first, merges_[block * kBlock + k]);
    }
    if (first == kNone) return false;
    const auto i = static_cast<std::size_t>(first) % kMaxLaneBytes;
    const std::size_t gone = next_of(i, alive_ >> i >> 1);
    symbols_[i] = static_cast<Symbol>(static_cast<std::size_t>(first) / kMaxLaneBytes);
    merges_[gone] = kNone;
    alive_ &= ~(std::uint64_t{1} << gone);
    if (--n_ == 2) return false;
    if (const std::uint64_t before = alive_ & ~(~std::uint64_t{0} << i)) {
      found.prefetch(symbols_[63 - static_cast<std::size_t>(std::countl_zero(before))],
                     symbols_[i]);
    }
    if (const std::uint64_t after = alive_ >> i >> 1) {
      found.prefetch(symbols_[i], symbols_[next_of(i, after)]);
    }
    merged_at_ = i;
    return true;
  }

  std::optional<std::pair<Symbol, Symbol>> parts() const {
    if (n_ != 2) return std::nullopt;
    return std::pair(symbols_[0], symbols_[next_of(0, alive_ >> 1)]);
  }

 private:
  static constexpr std::size_t kBlock = 8;
  static constexpr std::size_t kNowhere = kMaxLaneBytes;
  static constexpr std::int32_t kNone = 0x7FFFFFFF;

  // Ordered by rank, then by place. A symbol has 21 bits and a place 6.
  static std::int32_t merge_at(std::size_t i, Symbol product) {
    return product == 0 ? kNone : static_cast<std::int32_t>(product * kMaxLaneBytes + i);
  }
  // Place of the symbol after the one at i; `after` is the places from i + 1 on.
  static std::size_t next_of(std::size_t i, std::uint64_t after) {
    return i + 1 + static_cast<std::size_t>(std::countr_zero(after));
  }

  std::uint64_t alive_;  // places that hold a symbol
  std::size_t n_;        // how many
  std::size_t n_blocks_;
  std::size_t merged_at_;  // by the last step; its pairs are still to be looked up
  Symbol symbols_[kMaxLaneBytes];
  std::int32_t merges_[kMaxLaneBytes];  // of the symbol at a place and the one after it
};

}  // namespace bytestride
