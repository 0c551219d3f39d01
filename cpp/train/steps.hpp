// The two steps of BPE training by themselves, over one sequence of ids: what learners read, and
// what the plain-Python baseline is timed against. The trainer (merge_loop.hpp) never recounts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

struct PairCount {
  Pair pair;
  std::uint64_t count;
};

// How often each pair stands side by side, every position counted (aaaa holds aa three times), in
// the order of first occurrence. O(n).
std::vector<PairCount> count_pairs(std::span<const TokenId> ids);

// Each occurrence of the pair replaced by new_id, from the left, without overlap. O(n).
std::vector<TokenId> apply_merge(std::span<const TokenId> ids, Pair pair, TokenId new_id);

}  // namespace bytestride
