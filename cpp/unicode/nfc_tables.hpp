// The data of canonical normalisation at Unicode 9, written by generate_nfc.py.
//
// A property byte holds the index of the combining class and two flags; zero is a starter that
// nothing happens to, and so is every code point from kLimit on. Hangul syllables are not listed:
// their decompositions are arithmetic. Look-up of a property is two loads, of the rest a binary
// search. Static and shared.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bytestride::nfc_tables {

inline constexpr std::uint8_t kNotQuickYes = 0x80;  // NFC_Quick_Check is No or Maybe
inline constexpr std::uint8_t kDecomposes = 0x40;
inline constexpr std::uint8_t kClassMask = 0x3F;

// The whole decomposition, in canonical order: kParts[begin, begin + n).
struct Decomposition {
  char32_t code_point;
  std::uint16_t begin;
  std::uint16_t n;
};

// A primary composite: what first and second make together.
struct Composition {
  char32_t first;
  char32_t second;
  char32_t composite;
};

extern const std::uint8_t kCombiningClasses[];
extern const char32_t kLimit;
extern const std::uint8_t kBlockOf[];
extern const std::uint8_t kBlocks[];
extern const std::size_t kNumDecompositions;
extern const Decomposition kDecompositions[];  // ascending by code point
extern const char32_t kParts[];
extern const std::size_t kNumCompositions;
extern const Composition kCompositions[];  // ascending by (first, second)

inline std::uint8_t property(char32_t code_point) {
  if (code_point >= kLimit) return 0;
  return kBlocks[kBlockOf[code_point >> 8] * 256u + (code_point & 255)];
}

}  // namespace bytestride::nfc_tables
