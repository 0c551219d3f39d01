// Byte-pair merging of one word of any length: of what the lanes are too narrow for and pieces too
// many.
//
// Pairs lie in blocks of sixteen, the least of each block again in blocks of sixteen, and so on to
// a single least one: a merge reads its way down and renews the few blocks that it changed, which
// is logarithmic in the word and one vector a block (the kernel is compiled once for each backend).
// Same answer as merge_symbols. Scratch is the caller's and stays as large as the longest word.
#pragma once

#include <cstdint>
#include <vector>

#include "encode/merge_table.hpp"

namespace bytestride {

struct BlockScratch {
  std::vector<Symbol> symbols;
  std::vector<Symbol> pairs;  // of a symbol and the next, by level; the rest is in merge_blocks.cpp
  std::vector<std::uint64_t> live;
};

// The ids of the word to `out`; returns how many. Precondition: 1 <= word.size() < 2^32 - 1.
std::size_t merge_by_blocks(const MergeTable& merges, ByteSpan word, TokenId* out,
                            BlockScratch& scratch);

}  // namespace bytestride
