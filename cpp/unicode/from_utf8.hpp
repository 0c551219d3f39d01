// From UTF-8 to CPython's string storage (UCS-1, UCS-2, UCS-4 code units): the way back of ucs.hpp.
//
// Strict: it stops at the first byte that does not go on as well-formed UTF-8 and leaves the rest
// to the caller. The caller owns both buffers and knows how many characters there are and the
// widest of them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "unicode/utf8.hpp"

namespace bytestride {

// One character that is not ASCII: its length, or 0 where none is at p. Precondition: p < end.
inline std::uint32_t decode_beyond_ascii(const char* p, const char* end, char32_t& code_point) {
  const auto byte = [p](int i) { return static_cast<unsigned char>(p[i]); };
  if (end - p >= 3) {  // most of them, without the loop of decode_utf8
    if (byte(0) >= 0xC2 && byte(0) < 0xE0 && (byte(1) & 0xC0) == 0x80) {
      code_point = static_cast<char32_t>((byte(0) & 0x1F) << 6 | (byte(1) & 0x3F));
      return 2;
    }
    if ((byte(0) & 0xF0) == 0xE0 && (byte(1) & 0xC0) == 0x80 && (byte(2) & 0xC0) == 0x80) {
      code_point =
          static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
      return code_point >= 0x800 && code_point - 0xD800 >= 0x800 ? 3 : 0;
    }
  }
  const DecodedChar c = decode_utf8(p, end);
  code_point = c.code_point;
  return c.ok ? c.length : 0;
}

// Reads characters from p on, at most n_max and none that is wider than Unit, and moves `out`
// behind the last one written; places behind it may be written too. Returns where it stopped: at
// `end`, at what is ill-formed, cut off by the end or too wide, or where there was no more room.
template <typename Unit>
const char* transcode_from_utf8(const char* p, const char* end, Unit*& out, std::size_t n_max) {
  constexpr char32_t kWidest = sizeof(Unit) == 1 ? 0xFF : sizeof(Unit) == 2 ? 0xFFFF : 0x10FFFF;
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  constexpr std::ptrdiff_t kBlock = 16;
  Unit* const out_end = out + n_max;
  while (p < end && out < out_end) {
    if (static_cast<signed char>(*p) >= 0) {
      if (end - p >= kBlock && out_end - out >= kBlock) {
        // Most text is ASCII for long stretches: all 16 are written, and as many taken as are
        // ASCII.
        std::uint64_t words[2];
        std::memcpy(words, p, sizeof words);
        for (std::ptrdiff_t i = 0; i < kBlock; ++i) {
          out[i] = static_cast<Unit>(static_cast<unsigned char>(p[i]));
        }
        const std::uint64_t low = words[0] & kHighBits, high = words[1] & kHighBits;
        const int n_ascii = low != 0    ? std::countr_zero(low) / 8
                            : high != 0 ? 8 + std::countr_zero(high) / 8
                                        : static_cast<int>(kBlock);
        p += n_ascii;
        out += n_ascii;
      } else {
        *out++ = static_cast<Unit>(*p++);
      }
      continue;
    }
    do {
      char32_t code_point = 0;
      const std::uint32_t length = decode_beyond_ascii(p, end, code_point);
      if (length == 0 || code_point > kWidest) return p;
      *out++ = static_cast<Unit>(code_point);
      p += length;
    } while (p < end && out < out_end && static_cast<signed char>(*p) < 0);
  }
  return p;
}

}  // namespace bytestride
