// One byte look-up gives each byte all its classes; one test a class gathers the masks.
#if defined(__x86_64__)
#include <immintrin.h>

#include "simd/ascii_class_bits.hpp"
#include "simd/block_masks.hpp"

namespace bytestride {

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))) bool classify_blocks_avx512(
    const char* text, std::size_t n_blocks, ClassMasks* masks) {
  const __m512i low_half = _mm512_loadu_si512(kAsciiClassBits.data());
  const __m512i high_half = _mm512_loadu_si512(kAsciiClassBits.data() + 64);
  std::uint64_t any = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const __m512i bytes = _mm512_loadu_si512(text + k * kBlockBytes);
    const __mmask64 non_ascii = _mm512_movepi8_mask(bytes);
    const __m512i bits = _mm512_maskz_permutex2var_epi8(~non_ascii, low_half, bytes, high_half);
    masks->upper[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kUpperBit));
    masks->lower[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kLowerBit));
    masks->mark[k] = 0;
    masks->number[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kNumberBit));
    masks->white[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kWhiteBit));
    masks->blank[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kBlankBit));
    masks->line[k] = _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kLineBit));
    masks->non_ascii[k] = non_ascii;
    any |= non_ascii;
  }
  return any != 0;
}

}  // namespace bytestride
#endif
