// Long words: cut into pieces that merge side by side, joined by merging again what lies around
// each cut. The same answer as merge_symbols, for any vocabulary (proof in merge_pieces.cpp).
//
// A run (a text that repeats itself) is not merged at all once its tokens repeat. Cost: linear for
// nearly all texts, about that of MergeLanes and a third more. Where joining would need too much
// again, the word is merged as a whole by blocks, in n log n. Scratch is the caller's; it holds a
// part of a word of fixed size, and as much as the word only for that last way.
#pragma once

#include <cstddef>
#include <vector>

#include "encode/merge_blocks.hpp"
#include "encode/merge_lanes.hpp"
#include "encode/merge_table.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

struct PieceScratch {
  MergeLanes lanes;
  BlockScratch blocks;
  std::vector<TokenId> part;     // the ids of some pieces, each for itself
  std::vector<TokenId> windows;  // the ids of what lies around their cuts
};

// The ids of the word to `out`, which has room for word.size() of them; returns how many.
// `merges` is that of the vocabulary. Precondition: word.size() < 2^32 - 1.
std::size_t merge_by_pieces(const Vocab& vocab, const MergeTable& merges, ByteSpan word,
                            TokenId* out, PieceScratch& scratch);

}  // namespace bytestride
