// One byte look-up gives each byte of ASCII all its classes; one test a class gathers the masks.
#if defined(__x86_64__)
#include <immintrin.h>

#include "simd/block_masks.hpp"
#include "simd/class_bits.hpp"

#define BYTESTRIDE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi")))
#define BYTESTRIDE_KERNEL BYTESTRIDE_TARGET __attribute__((always_inline)) inline

namespace bytestride {
namespace {

using Bytes = __m512i;
using Flags = __mmask64;

BYTESTRIDE_KERNEL Bytes load_bytes(const char* text) {
  return _mm512_loadu_si512(text);
}
BYTESTRIDE_KERNEL Bytes splat(std::uint8_t byte) {
  return _mm512_set1_epi8(static_cast<char>(byte));
}
BYTESTRIDE_KERNEL std::uint64_t mask_of(Flags flags) {
  return flags;
}
BYTESTRIDE_KERNEL Flags both(Flags a, Flags b) {
  return a & b;
}
BYTESTRIDE_KERNEL Flags but_not(Flags a, Flags b) {
  return a & ~b;
}
BYTESTRIDE_KERNEL Flags only(unsigned i) {
  return Flags{1} << i;
}
BYTESTRIDE_KERNEL Flags equal(Bytes bytes, std::uint8_t byte) {
  return _mm512_cmpeq_epi8_mask(bytes, splat(byte));
}
// Bytes of that value or more.
BYTESTRIDE_KERNEL Flags above(Bytes bytes, std::uint8_t least) {
  return _mm512_cmpge_epu8_mask(bytes, splat(least));
}
BYTESTRIDE_KERNEL Flags with_bit(Bytes bytes, std::uint8_t bit) {
  return _mm512_test_epi8_mask(bytes, splat(bit));
}
BYTESTRIDE_KERNEL Bytes choose(Flags flags, Bytes yes, Bytes no) {
  return _mm512_mask_mov_epi8(no, flags, yes);
}
// By the low six bits of each byte.
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* row, Bytes places) {
  return _mm512_maskz_permutexvar_epi8(~Flags{0}, places, _mm512_load_si512(row));
}
// Each byte becomes the one before it.
BYTESTRIDE_KERNEL Bytes shifted(Bytes bytes, Bytes block_before) {
  // The last word of sixteen bytes before each such word.
  const __m512i below = _mm512_maskz_alignr_epi64(0xFF, bytes, block_before, 6);
  return _mm512_maskz_alignr_epi8(~Flags{0}, bytes, below, 15);
}

}  // namespace
}  // namespace bytestride

#include "simd/beyond_ascii.hpp"

namespace bytestride {

BYTESTRIDE_TARGET Text classify_blocks_avx512(const char* text, std::size_t n_blocks,
                                              const ClassRows& rows, ClassMasks* masks) {
  const __m512i low_half = _mm512_loadu_si512(kAsciiClassBits.data());
  const __m512i high_half = _mm512_loadu_si512(kAsciiClassBits.data() + 64);
  BeyondAscii beyond{splat(0)};
  std::uint64_t all_non_ascii = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const __m512i bytes = load_bytes(text + k * kBlockBytes);
    const __mmask64 non_ascii = _mm512_movepi8_mask(bytes);
    __m512i bits = _mm512_maskz_permutex2var_epi8(~non_ascii, low_half, bytes, high_half);
    masks->continuation[k] = 0;
    if (non_ascii == 0) {
      pass_ascii(beyond);
    } else {
      bits = _mm512_or_si512(bits, classes_beyond_ascii(text + k * kBlockBytes, bytes, rows, beyond,
                                                        &masks->continuation[k]));
    }
    masks->upper[k] = with_bit(bits, kUpperBit);
    masks->lower[k] = with_bit(bits, kLowerBit);
    masks->mark[k] = with_bit(bits, kMarkBit);
    masks->number[k] = with_bit(bits, kNumberBit);
    masks->white[k] = with_bit(bits, kWhiteBit);
    masks->blank[k] = with_bit(bits, kBlankBit);
    masks->line[k] = with_bit(bits, kLineBit);
    masks->non_ascii[k] = non_ascii;
    all_non_ascii |= non_ascii;
  }
  if (rows.of_other != 0) mark_controls(text, n_blocks, masks);
  if (all_non_ascii == 0) return Text::ascii;
  return is_well_formed(beyond, text + n_blocks * kBlockBytes) ? Text::well_formed
                                                               : Text::ill_formed;
}

}  // namespace bytestride
#endif
