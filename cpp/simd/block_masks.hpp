// The classes of up to 1024 bytes as bit masks: bit i of word k is byte 64 k + i. Kernels know
// ASCII only; whoever reads text adds the rest (pretokenize/window.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/backend.hpp"

namespace bytestride {

inline constexpr std::size_t kBlockBytes = 64;
inline constexpr std::size_t kMaskWords = 16;
inline constexpr std::size_t kMaskBytes = kMaskWords * kBlockBytes;

// Two classes share a bit where another bit tells them apart, so that a byte holds all of them.
struct alignas(64) ClassMasks {
  std::uint64_t upper[kMaskWords];  // with lower: a letter without case
  std::uint64_t lower[kMaskWords];
  std::uint64_t mark[kMaskWords];
  std::uint64_t number[kMaskWords];
  std::uint64_t white[kMaskWords];  // all white space, newlines among it
  std::uint64_t blank[kMaskWords];  // white: ' ' alone; not white: '
  std::uint64_t line[kMaskWords];   // white: \r and \n; not white: /
  std::uint64_t non_ascii[kMaskWords];
};

// Writes the first n_blocks words of each mask from n_blocks * 64 bytes at `text`, all of which
// must be readable; returns whether there is a byte beyond ASCII.
using ClassifyBlocks = bool (*)(const char* text, std::size_t n_blocks, ClassMasks* masks);

// The kernel of a backend; nullptr for scalar, which has none: there, text is scanned by character.
ClassifyBlocks classify_blocks_for(Backend backend);

bool classify_blocks_avx2(const char* text, std::size_t n_blocks, ClassMasks* masks);
bool classify_blocks_avx512(const char* text, std::size_t n_blocks, ClassMasks* masks);
bool classify_blocks_neon(const char* text, std::size_t n_blocks, ClassMasks* masks);

}  // namespace bytestride
