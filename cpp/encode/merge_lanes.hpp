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
  static constexpr std::size_t kMaxBytes = 64;  // of a word

  // Takes `words[i]`, i < n <= kLanes, each of 1 to kMaxBytes bytes, and merges them all. Words of
  // like length go best together.
  void run(const MergeTable& merges, const ByteSpan* words, std::size_t n);

  // The ids of word i after run().
  std::size_t n_ids(std::size_t i) const { return lanes_[i].n_ids; }
  const TokenId* ids(std::size_t i) const { return lanes_[i].symbols; }

  // A symbol stands where its first byte does and says so in `live`; nothing moves when two merge.
  struct Lane {
    Symbol symbols[kMaxBytes];
    Symbol pairs[kMaxBytes];  // of a symbol and the next: product and place
    std::uint64_t live;
    std::uint32_t merged_at;  // the symbol whose pairs are being looked up
    std::uint32_t n_ids;
  };

 private:
  Lane lanes_[kLanes];
};

}  // namespace bytestride
