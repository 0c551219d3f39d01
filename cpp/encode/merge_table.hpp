// The vocabulary's merges as the encoder walks them: symbols instead of ids, 8 bytes a pair.
//
// Symbols are numbered in the order of merging: the 256 bytes first, then the product of each merge
// in rank order. A symbol is thus its own rank, and the pair with the smallest product merges
// first.
//
// A perfect hash (hash and displace): pairs fall into small groups, and each group has a
// displacement that was sought so that none of its pairs lands on another's place. Looking up is
// two loads and one comparison, without a branch: most look-ups find nothing, and no processor
// foresees which. Pairs of two bytes, with which every word begins, have a dense table. Immutable;
// 1.4 MiB for 100,000 tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

using Symbol = std::uint32_t;
inline constexpr Symbol kNoSymbol = 0xFFFFFFFFu;

class MergeTable {
 public:
  // Throws InvalidArgument for a vocabulary of 2^21 - 257 merges or more.
  explicit MergeTable(const Vocab& vocab);

  static Symbol byte_symbol(char byte) { return static_cast<unsigned char>(byte); }
  // Merges with nothing: what stands beyond the ends of a word.
  static constexpr Symbol kWordEnd = (1u << 21) - 1;
  TokenId id_of(Symbol symbol) const { return ids_[symbol]; }

  // What two bytes that stand side by side merge into, or kNoSymbol.
  Symbol product_of_bytes(char left, char right) const {
    return of_bytes_[static_cast<std::size_t>(byte_symbol(left)) << 8 | byte_symbol(right)];
  }
  // The same for any two symbols.
  Symbol product(Symbol left, Symbol right) const {
    return product_at(left, right, place_of(left, right));
  }

  // Its two halves, for those who look up many: the first ends with a place worth prefetching.
  std::uint32_t place_of(Symbol left, Symbol right) const {
    const std::uint64_t hash = hash_u64(packed(left, right), seed_);
    return (static_cast<std::uint32_t>(hash) ^ displacements_[hash >> group_shift_]) & place_mask_;
  }
  void prefetch(std::uint32_t place) const { __builtin_prefetch(&entries_[place]); }
  Symbol product_at(Symbol left, Symbol right, std::uint32_t place) const {
    const std::uint64_t entry = entries_[place];
    const bool other = entry >> kSymbolBits != packed(left, right);
    return static_cast<Symbol>(entry & kSymbolMask) | -static_cast<Symbol>(other);
  }

 private:
  static constexpr unsigned kSymbolBits = 21;
  static constexpr std::uint64_t kSymbolMask = (std::uint64_t{1} << kSymbolBits) - 1;
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};  // no pair has that many bits

  static std::uint64_t packed(Symbol left, Symbol right) {
    return std::uint64_t{left} << kSymbolBits | right;
  }
  // Finds the displacements; false where this seed has none.
  bool place_all(const std::vector<std::uint64_t>& entries);

  HashSeed seed_;
  unsigned group_shift_;
  std::uint32_t place_mask_;
  PageArray<std::uint16_t> displacements_;  // by group
  PageArray<std::uint64_t> entries_;        // a packed pair and its product, or kFree
  PageArray<Symbol> of_bytes_;
  std::vector<TokenId> ids_;
};

}  // namespace bytestride
