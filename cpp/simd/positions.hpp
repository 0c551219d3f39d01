// From bits to numbers: the positions of the bits of a mask, in order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/backend.hpp"

namespace bytestride {

// Writes base + i for each bit i of n_words words; returns how many. `out` must have room for all
// bits, n_words * 64, whatever their number: what lies behind the last position may be overwritten.
using WritePositions = std::size_t (*)(const std::uint64_t* words, std::size_t n_words,
                                       std::uint32_t base, std::uint32_t* out);

WritePositions write_positions_for(Backend backend);

}  // namespace bytestride
