// A byte of class bits for each ASCII character, for kernels that look classes up. What the bits
// mean together stands with ClassMasks (block_masks.hpp).
#pragma once

#include <array>
#include <cstdint>

namespace bytestride {

inline constexpr std::uint8_t kUpperBit = 1;
inline constexpr std::uint8_t kLowerBit = 2;
inline constexpr std::uint8_t kMarkBit = 4;
inline constexpr std::uint8_t kNumberBit = 8;
inline constexpr std::uint8_t kWhiteBit = 16;
inline constexpr std::uint8_t kBlankBit = 32;
inline constexpr std::uint8_t kLineBit = 64;

inline constexpr std::array<std::uint8_t, 128> kAsciiClassBits = [] {
  std::array<std::uint8_t, 128> bits{};
  for (unsigned c = 0; c < 128; ++c) {
    unsigned b = 0;
    if (c >= 'A' && c <= 'Z') b |= kUpperBit;
    if (c >= 'a' && c <= 'z') b |= kLowerBit;
    if (c >= '0' && c <= '9') b |= kNumberBit;
    if ((c >= '\t' && c <= '\r') || c == ' ') b |= kWhiteBit;
    if (c == ' ' || c == '\'') b |= kBlankBit;
    if (c == '\n' || c == '\r' || c == '/') b |= kLineBit;
    bits[c] = static_cast<std::uint8_t>(b);
  }
  return bits;
}();

}  // namespace bytestride
