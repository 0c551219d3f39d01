// Code units to UTF-8, a vector of them at a time: every unit is given all bytes that it may need,
// in a lane of its own, and those that it does not need are left out when lanes are written.
//
// For one instruction set at a time: a kernel's source file defines BYTESTRIDE_TARGET, the target
// attribute, and BYTESTRIDE_VECTOR_BYTES, and includes this then. Units below U+0800 take lanes of
// two bytes, others of four; a block that holds a surrogate is read unit by unit.
#ifndef BYTESTRIDE_TARGET
#error "transcode_blocks.hpp is for kernels: define BYTESTRIDE_TARGET and BYTESTRIDE_VECTOR_BYTES"
#endif

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "documents/transcode_kernels.hpp"
#include "unicode/ucs.hpp"

// All of a kernel is one function in the end.
#define BYTESTRIDE_KERNEL BYTESTRIDE_TARGET __attribute__((always_inline)) inline

namespace bytestride {
namespace {

typedef std::uint64_t Words __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES)));
typedef std::uint32_t Wide __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES)));
typedef std::uint16_t Narrow __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES)));
typedef std::uint16_t HalfOfNarrow __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES / 2)));
typedef std::uint8_t HalfOfBytes __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES / 2)));

constexpr std::size_t kWideUnits = BYTESTRIDE_VECTOR_BYTES / 4;
constexpr std::size_t kBlockUnits = BYTESTRIDE_VECTOR_BYTES / 2;
// The padding of the last block goes behind the text, and so does the vector written last.
static_assert(kBlockUnits + BYTESTRIDE_VECTOR_BYTES <= kTranscodeSlack);

template <typename Vector, typename Unit>
BYTESTRIDE_KERNEL Vector load(const Unit* units) {
  Vector x;
  std::memcpy(&x, units, sizeof x);
  return x;
}

#if BYTESTRIDE_VECTOR_BYTES == 64

BYTESTRIDE_KERNEL bool any(const Words& x) {
  return _mm512_test_epi64_mask((__m512i)x, (__m512i)x) != 0;
}

// Writes those bytes whose tag has its top bit set.
BYTESTRIDE_KERNEL char* append(const Words& bytes, const Words& tags, char* out) {
  const __mmask64 needed = _mm512_movepi8_mask((__m512i)tags);
  // (To a register first: compressing into memory takes some processors a hundred cycles.)
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(needed, (__m512i)bytes));
  return out + __builtin_popcountll(needed);
}

#else

// The places of the bits of each byte, in order.
constexpr std::array<std::array<std::uint8_t, 8>, 256> kPlaces = [] {
  std::array<std::array<std::uint8_t, 8>, 256> places{};
  for (unsigned bits = 0; bits < 256; ++bits) {
    std::size_t n = 0;
    for (std::uint8_t i = 0; i < 8; ++i) {
      if ((bits >> i & 1) != 0) places[bits][n++] = i;
    }
  }
  return places;
}();

BYTESTRIDE_KERNEL bool any(const Words& x) {
#if defined(__x86_64__)
  return !_mm256_testz_si256((__m256i)x, (__m256i)x);
#else
  return (x[0] | x[1]) != 0;
#endif
}

// The same, eight bytes at a time.
BYTESTRIDE_KERNEL char* append(const Words& bytes, const Words& tags, char* out) {
  for (std::size_t k = 0; k < sizeof bytes / 8; ++k) {
    // The product brings the lowest bits of eight bytes together in the topmost byte.
    const std::uint64_t low_bits = tags[k] >> 7 & 0x0101010101010101;
    const std::uint64_t needed = low_bits * 0x0102040810204080 >> 56;
    const std::uint8_t* const places = kPlaces[needed].data();
#if defined(__x86_64__)
    const __m128i together = _mm_shuffle_epi8(_mm_cvtsi64_si128(static_cast<long long>(bytes[k])),
                                              _mm_loadu_si64(places));
    _mm_storeu_si64(out, together);
#else
    vst1_u8(reinterpret_cast<std::uint8_t*>(out), vtbl1_u8(vcreate_u8(bytes[k]), vld1_u8(places)));
#endif
    out += __builtin_popcountll(needed);
  }
  return out;
}

#endif

// Units below U+0800. A lane's bytes stand in the order of the text, the last one always needed.
BYTESTRIDE_KERNEL char* append_narrow(const Narrow& c, char* out) {
#if BYTESTRIDE_VECTOR_BYTES < 64
  // (Where bytes are compressed in one step, this gains less than the branch costs.)
  if (!any((Words)(c & 0xFF80))) {
    const HalfOfBytes bytes = __builtin_convertvector(c, HalfOfBytes);
    std::memcpy(out, &bytes, sizeof bytes);
    return out + sizeof bytes;
  }
#endif
  const Narrow zero = {};
  const auto ascii = c < 0x80;
  const Narrow tags = ascii ? zero + 0x8000 : zero + 0x80C0;
  const Narrow bytes = ascii ? c << 8 : tags | c >> 6 | (c << 8 & 0x3F00);
  return append((Words)bytes, (Words)tags, out);
}

// Any units but surrogates.
BYTESTRIDE_KERNEL char* append_wide(const Wide& c, char* out) {
  const Wide zero = {};
  const auto ascii = c < 0x80;
  Wide tags = c < 0x10000 ? zero + 0x8080E000 : zero + 0x808080F0;
  tags = c < 0x800 ? zero + 0x80C00000 : tags;
  tags = ascii ? zero + 0x80000000 : tags;
  const Wide bytes =
      ascii ? c << 24
            : tags | c >> 18 | (c >> 4 & 0x3F00) | (c << 10 & 0x3F0000) | (c << 24 & 0x3F000000);
  return append((Words)bytes, (Words)tags, out);
}

// Writes kBlockUnits units, or returns nullptr if one is a surrogate.
BYTESTRIDE_KERNEL char* append_block(const std::uint8_t* units, char* out) {
  return append_narrow(__builtin_convertvector(load<HalfOfBytes>(units), Narrow), out);
}

BYTESTRIDE_KERNEL char* append_block(const std::uint16_t* units, char* out) {
  const Narrow c = load<Narrow>(units);
  const Narrow high = c & 0xF800;
  if (!any((Words)high)) return append_narrow(c, out);
  if (any((Words)(high == 0xD800))) return nullptr;
  out = append_wide(__builtin_convertvector(load<HalfOfNarrow>(units), Wide), out);
  return append_wide(__builtin_convertvector(load<HalfOfNarrow>(units + kWideUnits), Wide), out);
}

BYTESTRIDE_KERNEL char* append_block(const std::uint32_t* units, char* out) {
  const Wide first = load<Wide>(units);
  const Wide second = load<Wide>(units + kWideUnits);
  if (!any((Words)((first | second) & 0xFFFFF800))) {
    const HalfOfNarrow halves[2] = {__builtin_convertvector(first, HalfOfNarrow),
                                    __builtin_convertvector(second, HalfOfNarrow)};
    return append_narrow(load<Narrow>(halves), out);
  }
  const auto surrogates = ((first & 0xFFFFF800) == 0xD800) | ((second & 0xFFFFF800) == 0xD800);
  if (any((Words)surrogates)) return nullptr;
  return append_wide(second, append_wide(first, out));
}

template <typename Unit>
BYTESTRIDE_TARGET char* transcode_blocks(const Unit* units, std::size_t n, char* out) {
  Unit padded[kBlockUnits];
  for (std::size_t i = 0; i < n;) {
    const std::size_t n_here = std::min(kBlockUnits, n - i);
    const Unit* block = units + i;
    if (n_here < kBlockUnits) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, block, n_here * sizeof(Unit));
      block = padded;
    }
    if (char* const end = append_block(block, out); end != nullptr) {
      i += n_here;
      out = end - (kBlockUnits - n_here);  // without the padding, a byte each
    } else {
      // The last may be a pair whose second half is in the next block.
      for (const std::size_t stop = i + n_here; i < stop;) {
        out = transcode_character(units, n, i, out);
      }
    }
  }
  return out;
}

}  // namespace
}  // namespace bytestride
