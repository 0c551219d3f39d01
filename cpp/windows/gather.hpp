// The batch gather: rows of a window set as model inputs x and next-token targets y, or as rows of
// max_length + 1 tokens that hold both.
//
// A row of tokens is its pieces one after another, then padding. x is the row without its last
// place; y is the row without its first, with ignore_index where there is no token, where a target
// was scored before, where a piece begins and, if asked for, where a document does. Each stored
// token of a full row is read once from memory and written once or twice.
#pragma once

#include <cstdint>
#include <vector>

#include "windows/window_set.hpp"

namespace bytestride {

// Writes rows.size() * max_length ids to each of x and y; Out is int64 or int32. Throws ChangedFile
// if a file ends too early, InvalidArgument where an id does not fit Out.
template <typename Out>
void gather_xy(const ResolvedRows& rows, Out* x, Out* y);

// Writes rows.size() * (max_length + 1) ids; Out is uint8, uint16, uint32, int32 or int64.
// Precondition: Out is no narrower than the stored types, and holds the ids of padding and of
// virtual tokens.
template <typename Out>
void gather_rows(const ResolvedRows& rows, Out* out);

// Where in a row of tokens something begins: a document (or the rest of one) or, with number -1,
// the padding. Ascending, the first at 0.
struct Cut {
  std::int64_t place;
  std::int64_t document;
};
void find_cuts(const ResolvedRows& rows, std::size_t row, std::vector<Cut>& out);

// Writes max_length bools: whether each target of the row is scored.
void write_loss_mask(const ResolvedRows& rows, std::size_t row, bool* out);

}  // namespace bytestride
