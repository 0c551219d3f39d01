#include "documents/well_formed_kernels.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "unicode/from_utf8.hpp"

namespace bytestride {
namespace {

std::size_t find_ill_formed(ByteSpan text) {
  return find_ill_formed_from(text, 0);
}

}  // namespace

std::size_t find_ill_formed_from(ByteSpan text, std::size_t begin) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  const char* const end = text.data() + text.size();
  const char* p = text.data() + begin;
  while (p < end) {
    if (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      const std::uint64_t beyond_ascii = word & kHighBits;
      if (beyond_ascii == 0) {
        p += 8;
        continue;
      }
      p += std::countr_zero(beyond_ascii) / 8;
    } else if (static_cast<signed char>(*p) >= 0) {
      ++p;
      continue;
    }
    // Where one character is not ASCII, the next is likely not to be either.
    do {
      char32_t code_point = 0;
      const std::uint32_t length = decode_beyond_ascii(p, end, code_point);
      if (length == 0) return static_cast<std::size_t>(p - text.data());
      p += length;
    } while (p < end && static_cast<signed char>(*p) < 0);
  }
  return text.size();
}

std::size_t find_ill_formed_in_block(ByteSpan text, std::size_t block) {
  // Of the three bytes before the block, the last that is no continuation begins a character, if
  // any does: behind three continuations the block begins with one.
  for (std::size_t back = 1; back <= 3 && back <= block; ++back) {
    if ((static_cast<unsigned char>(text[block - back]) & 0xC0) != 0x80) {
      return find_ill_formed_from(text, block - back);
    }
  }
  return find_ill_formed_from(text, block);
}

FindIllFormed find_ill_formed_for(Backend backend) {
  switch (backend) {
#if defined(__x86_64__)
    case Backend::avx2:
      return find_ill_formed_avx2;
    case Backend::avx512:
      return find_ill_formed_avx512;
#elif defined(__aarch64__)
    case Backend::neon:
      return find_ill_formed_neon;
#endif
    default:
      return find_ill_formed;
  }
}

}  // namespace bytestride
