// Byte-pair merging of one word of some hundred bytes, where the lanes are too narrow and the
// backtracker is not made yet.
//
// Pairs lie in blocks of sixteen, and each block knows its least: a merge reads the least of all
// blocks and renews at most three, so that it costs a few dozen cycles and one sixteenth of the
// word. Same answer as merge_symbols. Scratch is the caller's and stays as large as the longest
// word.
#pragma once

#include <cstdint>
#include <vector>

#include "encode/merge_table.hpp"

namespace bytestride {

struct BlockScratch {
  std::vector<Symbol> symbols;
  std::vector<Symbol> pairs;  // of a symbol and the next: product, and place in the block
  std::vector<Symbol> least;  // of each block
  std::vector<std::uint64_t> live;
};

// Beyond this the least of all blocks takes longer than a heap.
inline constexpr std::size_t kMaxBlockBytes = 2048;

// The ids of the word to `out`; returns how many. Precondition: 1 <= word.size() <= kMaxBlockBytes.
std::size_t merge_by_blocks(const MergeTable& merges, ByteSpan word, TokenId* out,
                            BlockScratch& scratch);

}  // namespace bytestride
