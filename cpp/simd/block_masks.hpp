// The classes of up to 1024 bytes as bit masks: bit i of word k is byte 64 k + i, and every byte of
// a character has its class. What the classes beyond ASCII are is told by tables (ClassRows) that
// whoever reads text brings along (pretokenize/class_rows.cpp).
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
  std::uint64_t continuation[kMaskWords];  // bytes that are not the first of their character
};

// Class bytes (bits of class_bits.hpp) of characters of several bytes, in rows of 64: the low six
// bits of a byte are the place in a row.
struct alignas(64) ClassRows {
  static constexpr std::uint8_t kMixed = 0x80;      // of several classes: a later byte decides
  static constexpr std::uint8_t kIllFormed = 0x40;  // no character begins so

  std::uint8_t lead[64];        // by a first byte of 0xC0 and above
  std::uint8_t second[16][64];  // of those of three bytes: by first byte, by the second
  std::uint8_t page[1024][64];  // by code point, those of two and of three bytes
  std::uint8_t (*of_four_bytes)(const char* text);
  // 0 or kMarkBit: ASCII's control characters that are not white and, for whoever follows it, what
  // is ill-formed.
  std::uint8_t of_other;
};

enum class Text : std::uint8_t { ascii, well_formed, ill_formed };

// Writes the first n_blocks words of each mask from n_blocks * 64 bytes at `text`; three bytes more
// must be readable. Where the answer is Text::ill_formed, only the bits of ASCII characters mean
// something, and `continuation` nothing.
using ClassifyBlocks = Text (*)(const char* text, std::size_t n_blocks, const ClassRows& rows,
                                ClassMasks* masks);

// The kernel of a backend; nullptr for scalar, which has none: there, text is scanned by character.
ClassifyBlocks classify_blocks_for(Backend backend);

Text classify_blocks_avx2(const char* text, std::size_t n_blocks, const ClassRows& rows,
                          ClassMasks* masks);
Text classify_blocks_avx512(const char* text, std::size_t n_blocks, const ClassRows& rows,
                            ClassMasks* masks);
Text classify_blocks_neon(const char* text, std::size_t n_blocks, const ClassRows& rows,
                          ClassMasks* masks);

}  // namespace bytestride
