// Reading UTF-8 one character at a time, ill-formed bytes included, and writing it.
//
// An ill-formed sequence is cut the way the Unicode standard recommends (chapter 3, "maximal
// subpart"), which is also where Python's decoder cuts: the longest prefix of a well-formed
// sequence, or one byte. Such a sequence is one character that is no letter, number, mark or space.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bytestride {

struct DecodedChar {
  char32_t code_point;   // 0xFFFD where ok is false
  std::uint32_t length;  // bytes consumed, at least 1
  bool ok;
};

// Precondition: p < end.
inline DecodedChar decode_utf8(const char* p, const char* end) {
  const auto* s = reinterpret_cast<const unsigned char*>(p);
  const std::ptrdiff_t left = end - p;
  const unsigned lead = s[0];
  if (lead < 0x80) return {lead, 1, true};
  // The second byte's range depends on the lead byte: it keeps out overlong forms, surrogates and
  // what lies above U+10FFFF.
  unsigned low = 0x80, high = 0xBF, n_more = 0;
  char32_t code_point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    n_more = 1;
    code_point = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    n_more = 2;
    code_point = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    n_more = 3;
    code_point = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {0xFFFD, 1, false};
  }
  for (unsigned i = 1; i <= n_more; ++i) {
    if (static_cast<std::ptrdiff_t>(i) >= left || s[i] < low || s[i] > high) {
      return {0xFFFD, i, false};
    }
    code_point = (code_point << 6) | (s[i] & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, n_more + 1, true};
}

// The well-formed character that ends where the text does; without one, ok is false and the length
// is 1, whatever the ill-formed sequence there. Precondition: begin < end.
inline DecodedChar decode_last_utf8(const char* begin, const char* end) {
  for (std::ptrdiff_t n = 1; n <= 4 && n <= end - begin; ++n) {
    if ((static_cast<unsigned char>(end[-n]) & 0xC0) == 0x80) continue;
    const DecodedChar c = decode_utf8(end - n, end);
    if (c.ok && static_cast<std::ptrdiff_t>(c.length) == n) return c;
    break;
  }
  return {0xFFFD, 1, false};
}

// Writes 1 to 4 bytes and returns the new end. Precondition: a scalar value, no surrogate.
inline char* encode_utf8(char32_t code_point, char* out) {
  if (code_point < 0x80) {
    *out++ = static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out++ = static_cast<char>(0xC0 | (code_point >> 6));
    *out++ = static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (code_point >> 12));
    *out++ = static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (code_point >> 18));
    *out++ = static_cast<char>(0x80 | ((code_point >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (code_point & 0x3F));
  }
  return out;
}

}  // namespace bytestride
