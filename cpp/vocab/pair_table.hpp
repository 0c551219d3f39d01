// Which two adjacent tokens merge, into what, and how soon: an open-addressing table.
//
// Holds one entry per pair; at most half full, so that a miss ends within a slot or two. 16 bytes
// an entry. Immutable once filled; owned by the Vocab.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"

namespace bytestride {

inline constexpr std::uint32_t kNoRank = 0xFFFFFFFFu;

struct Merge {
  std::uint32_t rank;  // lower merges first; kNoRank where the pair does not merge
  TokenId product;
};

class PairTable {
 public:
  PairTable() : PairTable(0) {}
  explicit PairTable(std::size_t n_pairs)
      : seed_(process_hash_seed()),
        slots_(std::bit_ceil(2 * n_pairs + 2), Slot{kEmpty, {kNoRank, kNoToken}}),
        mask_(slots_.size() - 1) {}

  // Precondition: no more distinct pairs than the constructor was told. A pair given again takes
  // its new merge.
  void insert(Pair pair, Merge merge) {
    const std::uint64_t key = pair_key(pair.left, pair.right);
    std::size_t i = hash_u64(key, seed_) & mask_;
    while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & mask_;
    slots_[i] = Slot{key, merge};
  }

  Merge find(TokenId left, TokenId right) const {
    const std::uint64_t key = pair_key(left, right);
    std::size_t i = hash_u64(key, seed_) & mask_;
    while (slots_[i].key != key) {
      if (slots_[i].key == kEmpty) return {kNoRank, kNoToken};
      i = (i + 1) & mask_;
    }
    return slots_[i].merge;
  }

 private:
  struct Slot {
    std::uint64_t key;
    Merge merge;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};  // the pair of two kNoToken

  HashSeed seed_;
  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace bytestride
