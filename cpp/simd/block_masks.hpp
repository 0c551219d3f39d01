// The classes of 64 bytes as bit masks: bit i is byte i. Kernels know ASCII only; whoever reads
// text adds the rest (pretokenize/window.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/backend.hpp"

namespace bytestride {

inline constexpr std::size_t kBlockBytes = 64;

struct BlockMasks {
  std::uint64_t upper;
  std::uint64_t lower;
  std::uint64_t number;
  std::uint64_t white;    // all white space, newlines among it
  std::uint64_t newline;  // \r and \n
  std::uint64_t space;    // ' ' alone
  std::uint64_t quote;    // '
  std::uint64_t slash;    // /
  std::uint64_t non_ascii;
};

// Writes the masks of n_blocks * 64 bytes at `text`, all of which must be readable.
using ClassifyBlocks = void (*)(const char* text, std::size_t n_blocks, BlockMasks* masks);

// The kernel of a backend; nullptr for scalar, which has none: there, text is scanned by character.
ClassifyBlocks classify_blocks_for(Backend backend);

void classify_blocks_avx2(const char* text, std::size_t n_blocks, BlockMasks* masks);
void classify_blocks_avx512(const char* text, std::size_t n_blocks, BlockMasks* masks);
void classify_blocks_neon(const char* text, std::size_t n_blocks, BlockMasks* masks);

}  // namespace bytestride
