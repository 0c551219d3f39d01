#include "simd/positions.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bytestride {
namespace {

#if defined(__x86_64__)
#define BYTESTRIDE_BITS __attribute__((target("bmi,popcnt"), always_inline)) inline
#define BYTESTRIDE_BITS_TARGET __attribute__((target("bmi,popcnt")))
BYTESTRIDE_BITS std::uint32_t lowest(std::uint64_t word) {
  return static_cast<std::uint32_t>(_tzcnt_u64(word));
}
#else
#define BYTESTRIDE_BITS inline
#define BYTESTRIDE_BITS_TARGET
BYTESTRIDE_BITS std::uint32_t lowest(std::uint64_t word) {
  return word == 0 ? 64 : static_cast<std::uint32_t>(__builtin_ctzll(word));
}
#endif

// Eight positions at a time, more than there may be: what is too much is overwritten, and a loop
// that ends after just as many as there are would mispredict its end once a word.
BYTESTRIDE_BITS_TARGET std::size_t write_positions(const std::uint64_t* words, std::size_t n_words,
                                                   std::uint32_t base, std::uint32_t* out) {
  std::uint32_t* const begin = out;
  for (std::size_t k = 0; k < n_words; ++k, base += 64) {
    std::uint64_t left = words[k];
    const int n = __builtin_popcountll(left);
    for (int written = 0; written < n; written += 8) {
      for (int i = 0; i < 8; ++i) {
        out[written + i] = base + lowest(left);
        left &= left - 1;
      }
    }
    out += n;
  }
  return static_cast<std::size_t>(out - begin);
}

#if defined(__x86_64__)
#define BYTESTRIDE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt")))

// Sixteen positions of the quarter of a word. (With a mask, since GCC warns of the plain ones.)
template <int Quarter>
BYTESTRIDE_AVX512 inline void write_quarter(__m512i in_word, __m512i base, std::uint32_t* out) {
  const __m128i in_quarter = _mm512_maskz_extracti32x4_epi32(0xF, in_word, Quarter);
  const __m512i wide = _mm512_maskz_cvtepu8_epi32(0xFFFF, in_quarter);
  _mm512_storeu_si512(out + 16 * Quarter, _mm512_add_epi32(wide, base));
}

// The numbers 0 to 63, those of the bits moved together, and widened sixteen at a time.
BYTESTRIDE_AVX512 std::size_t write_positions_avx512(const std::uint64_t* words,
                                                     std::size_t n_words, std::uint32_t base,
                                                     std::uint32_t* out) {
  alignas(64) static constexpr std::uint8_t kNumbers[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const __m512i numbers = _mm512_load_si512(kNumbers);
  std::uint32_t* const begin = out;
  for (std::size_t k = 0; k < n_words; ++k, base += 64) {
    const __m512i in_word = _mm512_maskz_compress_epi8(words[k], numbers);
    const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
    const int n = __builtin_popcountll(words[k]);
    write_quarter<0>(in_word, bases, out);
    write_quarter<1>(in_word, bases, out);
    if (n > 32) {
      write_quarter<2>(in_word, bases, out);
      write_quarter<3>(in_word, bases, out);
    }
    out += n;
  }
  return static_cast<std::size_t>(out - begin);
}
#endif

}  // namespace

WritePositions write_positions_for([[maybe_unused]] Backend backend) {
#if defined(__x86_64__)
  if (backend == Backend::avx512) return write_positions_avx512;
#endif
  return write_positions;
}

}  // namespace bytestride
