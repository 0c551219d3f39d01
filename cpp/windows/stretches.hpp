// Which of several stretches, one after another, holds a position: of shards, documents, groups of
// them, parts of a mixture.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bytestride {

// offsets: where each stretch begins, ascending from 0, and where the last one ends. Empty
// stretches are never chosen. O(log stretches). Precondition: 0 <= position < offsets.back().
inline std::size_t stretch_at(const std::vector<std::int64_t>& offsets, std::int64_t position) {
  const std::size_t n = offsets.size() - 1;
  if (n > 16) {
    const auto end = std::upper_bound(offsets.begin() + 1, offsets.end(), position);
    return static_cast<std::size_t>(end - offsets.begin()) - 1;
  }
  // Positions come in random order, so of a few a sum is faster than a search that guesses.
  std::size_t stretch = 0;
  for (std::size_t i = 1; i < n; ++i) stretch += position >= offsets[i] ? 1 : 0;
  return stretch;
}

}  // namespace bytestride
