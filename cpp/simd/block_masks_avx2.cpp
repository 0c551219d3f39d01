// Two vectors of 32 bytes a block, each class by comparing. Signed comparison keeps bytes of 128
// and above, which are negative, out of every range of ASCII.
#if defined(__x86_64__)
#include <immintrin.h>

#include "simd/block_masks.hpp"

#define BYTESTRIDE_AVX2 __attribute__((target("avx2"), always_inline)) inline

namespace bytestride {
namespace {

struct Bytes64 {
  __m256i low;
  __m256i high;
};

BYTESTRIDE_AVX2 std::uint64_t mask_of(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

BYTESTRIDE_AVX2 __m256i between(__m256i bytes, char first, char last) {
  return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(static_cast<char>(first - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(last + 1)), bytes));
}

BYTESTRIDE_AVX2 std::uint64_t mask_between(const Bytes64& bytes, char first, char last) {
  return mask_of(between(bytes.low, first, last), between(bytes.high, first, last));
}

BYTESTRIDE_AVX2 std::uint64_t mask_equal(const Bytes64& bytes, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  return mask_of(_mm256_cmpeq_epi8(bytes.low, wanted), _mm256_cmpeq_epi8(bytes.high, wanted));
}

}  // namespace

__attribute__((target("avx2"))) bool classify_blocks_avx2(const char* text, std::size_t n_blocks,
                                                          ClassMasks* masks) {
  std::uint64_t any = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const auto* const at = reinterpret_cast<const __m256i*>(text + k * kBlockBytes);
    const Bytes64 bytes{_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
    const std::uint64_t space = mask_equal(bytes, ' ');
    masks->upper[k] = mask_between(bytes, 'A', 'Z');
    masks->lower[k] = mask_between(bytes, 'a', 'z');
    masks->mark[k] = 0;
    masks->number[k] = mask_between(bytes, '0', '9');
    masks->white[k] = mask_between(bytes, '\t', '\r') | space;
    masks->blank[k] = mask_equal(bytes, '\'') | space;
    masks->line[k] = mask_equal(bytes, '\n') | mask_equal(bytes, '\r') | mask_equal(bytes, '/');
    masks->non_ascii[k] = mask_of(bytes.low, bytes.high);
    any |= masks->non_ascii[k];
  }
  return any != 0;
}

}  // namespace bytestride
#endif
