// Best-fit decreasing: pieces of different lengths into as few rows of one capacity as it manages.
//
// The longest piece comes first, pieces of one length in their own order; each goes into the
// fullest row that has room, of equally full ones the one that came to that last. O(pieces +
// capacity) memory and, apart from sorting, O(pieces) time: the fullest row is found by a bitmap of
// room left.
#pragma once

#include <cstdint>
#include <vector>

namespace bytestride {

struct Packing {
  std::vector<std::int64_t> pieces;   // their numbers, row after row
  std::vector<std::int64_t> offsets;  // row r is pieces[offsets[r]] up to pieces[offsets[r + 1]]
};

// Throws InvalidArgument for a length below 1 or above the capacity, or a capacity above 2^28 + 1.
Packing pack_best_fit(const std::int64_t* lengths, std::int64_t n_pieces, std::int64_t capacity);

}  // namespace bytestride
