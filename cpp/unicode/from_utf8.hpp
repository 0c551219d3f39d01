// From UTF-8 to CPython's string storage (UCS-1, UCS-2, UCS-4 code units): the way back of ucs.hpp.
//
// Strict: it stops at the first byte that does not go on as well-formed UTF-8 and leaves the rest
// to the caller. The caller owns both buffers and knows how many characters there are and the
// widest of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "unicode/utf8.hpp"

namespace bytestride {

// Reads characters from p on, at most n_max and none that is wider than Unit, and moves `out`
// behind the last one written. Returns where it stopped: at `end`, at what is ill-formed, cut off
// by the end or too wide, or where there was no more room.
template <typename Unit>
const char* transcode_from_utf8(const char* p, const char* end, Unit*& out, std::size_t n_max) {
  constexpr char32_t kWidest = sizeof(Unit) == 1 ? 0xFF : sizeof(Unit) == 2 ? 0xFFFF : 0x10FFFF;
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  constexpr std::ptrdiff_t kBlock = 16;
  Unit* const out_end = out + n_max;
  while (p < end && out < out_end) {
    // Most text is ASCII for long stretches: a block without branches becomes vector code.
    while (end - p >= kBlock && out_end - out >= kBlock) {
      std::uint64_t words[2];
      std::memcpy(words, p, sizeof words);
      if (((words[0] | words[1]) & kHighBits) != 0) break;
      for (std::ptrdiff_t i = 0; i < kBlock; ++i) out[i] = static_cast<Unit>(p[i]);
      p += kBlock;
      out += kBlock;
    }
    if (p == end || out == out_end) break;
    const auto byte = static_cast<unsigned char>(*p);
    if (byte < 0x80) {
      *out++ = static_cast<Unit>(byte);
      ++p;
      continue;
    }
    const DecodedChar c = decode_utf8(p, end);
    if (!c.ok || c.code_point > kWidest) break;
    *out++ = static_cast<Unit>(c.code_point);
    p += c.length;
  }
  return p;
}

}  // namespace bytestride
