// Where sliding windows start, by arithmetic alone. Window w takes the tokens from w * stride:
// max_length inputs, and one token more for the last target.
//
// Everything is int64 and nothing is ever computed below zero or above n_tokens, so no argument
// overflows. Throws InvalidArgument for a stride or max_length below 1 or a negative n_tokens.
#pragma once

#include <cstdint>

namespace bytestride {

// How many full windows n_tokens hold; O(1).
std::int64_t window_count(std::int64_t n_tokens, std::int64_t max_length, std::int64_t stride);

// Writes the first n_windows starts to `starts`, which the caller owns. Precondition: n_windows is
// at most window_count(...) for this stride, so that the last start fits.
void window_starts(std::int64_t n_windows, std::int64_t stride, std::int64_t* starts);

}  // namespace bytestride
