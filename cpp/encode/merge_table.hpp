// The vocabulary's merges as the encoder walks them: symbols instead of ids, 8 bytes a pair.
//
// Symbols are numbered in the order of merging: the 256 bytes first, then the product of each merge
// in rank order. A symbol is thus its own rank, the pair with the smallest product merges first,
// and a pair and its product fit in one word. Buckets of one cache line hold eight of them, half
// full, and are compared as a whole: no branch but for the few buckets that run over into the next.
// Pairs of two bytes, with which every word begins, have a dense table of their own. Immutable;
// about 2 MiB for 100,000 tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "base/memory.hpp"
#include "base/types.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

using Symbol = std::uint32_t;
inline constexpr Symbol kNoSymbol = 0xFFFFFFFFu;

class MergeTable {
 public:
  // Throws InvalidArgument for a vocabulary of 2^21 - 256 merges or more.
  explicit MergeTable(const Vocab& vocab);

  static Symbol byte_symbol(char byte) { return static_cast<unsigned char>(byte); }
  TokenId id_of(Symbol symbol) const { return ids_[symbol]; }

  // What two bytes that stand side by side merge into, or kNoSymbol.
  Symbol product_of_bytes(char left, char right) const {
    return of_bytes_[static_cast<std::size_t>(byte_symbol(left)) << 8 | byte_symbol(right)];
  }
  // The same for any two symbols.
  Symbol product(Symbol left, Symbol right) const {
    const std::uint64_t pair = pair_of(left, right);
    for (std::size_t i = bucket_of(pair);; i = i + 1 == n_buckets_ ? 0 : i + 1) {
      const std::uint64_t* const slots = buckets_[i].slots;
      std::uint64_t found = 0;  // a product is at least 256
      for (std::size_t k = 0; k < kBucketSlots; ++k) {
        found |= slots[k] >> kSymbolBits == pair ? slots[k] & kSymbolMask : 0;
      }
      if (found != 0) return static_cast<Symbol>(found);
      if (slots[kBucketSlots - 1] == kEmpty) return kNoSymbol;
    }
  }
  void prefetch(Symbol left, Symbol right) const {
    __builtin_prefetch(&buckets_[bucket_of(pair_of(left, right))]);
  }

 private:
  static constexpr unsigned kSymbolBits = 21;
  static constexpr std::uint64_t kSymbolMask = (std::uint64_t{1} << kSymbolBits) - 1;
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};  // a pair sets no more than 63 bits

  static std::uint64_t pair_of(Symbol left, Symbol right) {
    return std::uint64_t{left} << kSymbolBits | right;
  }
  std::size_t bucket_of(std::uint64_t pair) const {
    return (pair * multiplier_ >> 32) * n_buckets_ >> 32;
  }

  static constexpr std::size_t kBucketSlots = 8;
  struct alignas(64) Bucket {
    std::uint64_t slots[kBucketSlots];  // filled from the first on
  };

  std::uint64_t multiplier_;
  std::size_t n_buckets_;
  PageArray<Bucket> buckets_;
  PageArray<Symbol> of_bytes_;
  std::vector<TokenId> ids_;
};

}  // namespace bytestride
