// The vocabulary's merges as the encoder walks them: symbols instead of ids, 8 bytes a pair.
//
// Symbols are numbered in the order of merging: the 256 bytes first, then the product of each merge
// in rank order. A symbol is thus its own rank, and the pair with the smallest product merges
// first.
//
// A pair is mixed one to one; the upper bits of that say which bucket, the rest, 32 bits, is all
// that has to be stored to tell it from others. So a bucket of one cache line holds eight pairs and
// their products, is less than half full, and is compared as a whole, without a branch. Pairs that
// find theirs full stand in a small table aside. Pairs of two bytes, with which every word begins,
// have a dense table. Immutable; 2.3 MiB for 100,000 tokens.
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
    const std::uint64_t mixed = mix_pair(left, right);
    const Bucket& bucket = buckets_[mixed >> tag_bits_];
    const std::uint32_t tag = static_cast<std::uint32_t>(mixed) & tag_mask_;
    Symbol found = 0;  // a product is at least 256
    for (std::size_t k = 0; k < kBucketSlots; ++k) {
      found |= bucket.tags[k] == tag ? bucket.products[k] : 0;
    }
    if (found != 0) return found;
    return bucket.products[kBucketSlots - 1] == 0 ? kNoSymbol : find_aside(mixed);
  }
  void prefetch(Symbol left, Symbol right) const {
    __builtin_prefetch(&buckets_[mix_pair(left, right) >> tag_bits_]);
  }

 private:
  static constexpr unsigned kSymbolBits = 21;
  static constexpr std::uint64_t kPairMask = (std::uint64_t{1} << 2 * kSymbolBits) - 1;
  static constexpr unsigned kMaxTagBits = 32;
  static constexpr std::size_t kBucketSlots = 8;
  struct alignas(64) Bucket {
    std::uint32_t tags[kBucketSlots];
    Symbol products[kBucketSlots];  // filled from the first on; 0: free
  };
  struct Aside {
    std::uint64_t mixed;
    Symbol product;
  };

  // Multiplying by an odd number is one to one.
  std::uint64_t mix_pair(Symbol left, Symbol right) const {
    return (std::uint64_t{left} << kSymbolBits | right) * multiplier_ & kPairMask;
  }
  Symbol find_aside(std::uint64_t mixed) const;
  void insert(Symbol left, Symbol right, Symbol product);

  std::uint64_t multiplier_;
  unsigned tag_bits_;
  std::uint32_t tag_mask_;
  PageArray<Bucket> buckets_;
  std::vector<Aside> aside_;  // ordered
  PageArray<Symbol> of_bytes_;
  std::vector<TokenId> ids_;
};

}  // namespace bytestride
