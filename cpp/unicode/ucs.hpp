// From CPython's string storage (UCS-1, UCS-2, UCS-4 code units) to UTF-8.
//
// Surrogates are read as tiktoken reads them: a high one followed by a low one is the character
// they make together, any other becomes U+FFFD. The caller owns both buffers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "unicode/utf8.hpp"

namespace bytestride {

// The most UTF-8 bytes that one code unit of the given size can need.
inline constexpr std::size_t max_utf8_per_unit(std::size_t unit_size) {
  return unit_size == 1 ? 2 : unit_size == 2 ? 3 : 4;
}

// Writes the character that begins at units[i], i < n, and moves i behind it; returns the end of
// what was written.
template <typename Unit>
char* transcode_character(const Unit* units, std::size_t n, std::size_t& i, char* out) {
  char32_t code_point = units[i++];
  if constexpr (sizeof(Unit) > 1) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      const char32_t next = i < n ? char32_t{units[i]} : 0;
      if (code_point <= 0xDBFF && next >= 0xDC00 && next <= 0xDFFF) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (next - 0xDC00);
        ++i;
      } else {
        code_point = 0xFFFD;
      }
    }
  }
  return encode_utf8(code_point, out);
}

// Writes n code units at `units` to `out`, which must hold n * max_utf8_per_unit(sizeof(Unit))
// bytes; returns the end of what was written.
template <typename Unit>
char* transcode_to_utf8(const Unit* units, std::size_t n, char* out) {
  for (std::size_t i = 0; i < n;) {
    // Most text is ASCII for long stretches: a block without branches becomes vector code.
    constexpr std::size_t kBlock = 32;
    while (i + kBlock <= n) {
      Unit all = 0;
      for (std::size_t k = 0; k < kBlock; ++k) all = static_cast<Unit>(all | units[i + k]);
      if (all >= 0x80) break;
      for (std::size_t k = 0; k < kBlock; ++k) out[k] = static_cast<char>(units[i + k]);
      i += kBlock;
      out += kBlock;
    }
    if (i < n) out = transcode_character(units, n, i, out);
  }
  return out;
}

}  // namespace bytestride
