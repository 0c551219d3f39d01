// One byte look-up gives each byte all its classes; one test a class gathers the masks.
#if defined(__x86_64__)
#include <immintrin.h>

#include "simd/ascii_class_bits.hpp"
#include "simd/block_masks.hpp"

namespace bytestride {

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))) void classify_blocks_avx512(
    const char* text, std::size_t n_blocks, BlockMasks* masks) {
  const __m512i low_half = _mm512_loadu_si512(kAsciiClassBits.data());
  const __m512i high_half = _mm512_loadu_si512(kAsciiClassBits.data() + 64);
  for (std::size_t i = 0; i < n_blocks; ++i) {
    const __m512i bytes = _mm512_loadu_si512(text + i * kBlockBytes);
    const __mmask64 non_ascii = _mm512_movepi8_mask(bytes);
    const __m512i bits = _mm512_maskz_permutex2var_epi8(~non_ascii, low_half, bytes, high_half);
    masks[i] = {_mm512_test_epi8_mask(bits, _mm512_set1_epi8(kUpperBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kLowerBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kNumberBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kWhiteBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kNewlineBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kSpaceBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(kQuoteBit)),
                _mm512_test_epi8_mask(bits, _mm512_set1_epi8(static_cast<char>(kSlashBit))),
                non_ascii};
  }
}

}  // namespace bytestride
#endif
