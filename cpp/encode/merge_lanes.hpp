// Byte-pair merging of several words at once.
//
// Each merge waits for the look-ups of the two pairs that the one before it made, in a table that
// is larger than the nearest caches. So up to sixteen words take turns: a word makes one merge,
// asks for its next two pairs, and is left until the others have made theirs. Loops over a word run
// over its whole lane, whatever its length: no branch to mispredict, and vector code (the kernel is
// compiled once for each backend). Same answer as merge_symbols: the lowest rank first, the
// leftmost on ties. Scratch is the caller's.
#pragma once

#include <cstdint>

#include "encode/merge_table.hpp"

namespace bytestride {

class MergeLanes {
 public:
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kMaxBytes = 126;  // of a word

  // Takes `words[i]`, i < n <= kLanes, each of 1 to kMaxBytes bytes, and merges them all. Words of
  // like length go best together.
  void run(const MergeTable& merges, const ByteSpan* words, std::size_t n);

  // The ids of word i after run().
  std::size_t n_ids(std::size_t i) const { return lanes_[i].n_ids; }
  const TokenId* ids(std::size_t i) const { return lanes_[i].symbols; }

  static constexpr std::size_t kPlaces = kMaxBytes + 2;
  // Between two places for the word's ends, a symbol stands where its first byte does and says so
  // in `live`; nothing moves when two merge. The ends are live, too, and merge with nothing: so
  // every symbol has neighbours.
  struct alignas(64) Lane {
    Symbol symbols[kPlaces];
    Symbol pairs[kPlaces];  // of a symbol and the next: product and place
    std::uint64_t live[kPlaces / 64];
    std::uint32_t at, left, right;          // the symbol that was merged last, and its neighbours
    std::uint32_t left_place, right_place;  // where their pairs stand in the table
    std::uint32_t n_ids;
  };

 private:
  Lane lanes_[kLanes];
};

}  // namespace bytestride
