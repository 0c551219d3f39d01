#include "pretokenize/short_keys.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "pretokenize/word_key.hpp"
#include "simd/backend.hpp"
#include "simd/targets.hpp"

namespace bytestride {
namespace {

void load_keys_one_by_one(const char* base, std::uint32_t begin,
                          std::span<const std::uint32_t> ends, std::uint64_t* keys) {
  for (std::size_t i = 0; i < ends.size(); ++i) {
    keys[i] = ShortKey::load(base + begin, ends[i] - begin);
    begin = ends[i];
  }
}

#if defined(__x86_64__)
long long load_i64(const char* p) {
  return static_cast<long long>(load_u64(p));
}

// Four words at a time, from the second on: a word begins where the one before it ends.
BYTESTRIDE_TARGET_AVX2 void load_keys_avx2(const char* base, std::uint32_t begin,
                                           std::span<const std::uint32_t> ends,
                                           std::uint64_t* keys) {
  const __m256i ones = _mm256_set1_epi64x(-1);
  const __m256i eight = _mm256_set1_epi64x(8);
  const __m256i first_tag = _mm256_set1_epi64x(static_cast<long long>(ShortKey::kTag << 56));
  const __m256i tag_bits = _mm256_set1_epi64x(static_cast<long long>(ShortKey::kTag >> 3));
  if (ends.empty()) return;
  keys[0] = ShortKey::load(base + begin, ends[0] - begin);
  std::size_t i = 1;
  for (; i + 4 <= ends.size(); i += 4) {
    const std::uint32_t* const e = ends.data() + i;
    const __m128i end = _mm_loadu_si128(reinterpret_cast<const __m128i*>(e));
    const __m128i start = _mm_loadu_si128(reinterpret_cast<const __m128i*>(e - 1));
    const __m256i bytes = _mm256_setr_epi64x(load_i64(base + e[-1]), load_i64(base + e[0]),
                                             load_i64(base + e[1]), load_i64(base + e[2]));
    const __m256i n = _mm256_cvtepu32_epi64(_mm_sub_epi32(end, start));
    const __m256i shorter = _mm256_cmpgt_epi64(eight, n);
    // Of a longer word no bit is left: a shift by 64 or more, or by less than none, gives 0.
    const __m256i free_bits = _mm256_slli_epi64(_mm256_sub_epi64(eight, n), 3);
    const __m256i word = _mm256_and_si256(bytes, _mm256_srlv_epi64(ones, free_bits));
    const __m256i tag =
        _mm256_and_si256(shorter, _mm256_add_epi64(first_tag, _mm256_slli_epi64(n, 56)));
    const __m256i like_tagged = _mm256_cmpeq_epi64(_mm256_srli_epi64(word, 59), tag_bits);
    const __m256i key = _mm256_or_si256(_mm256_andnot_si256(like_tagged, word), tag);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(keys + i), key);
  }
  load_keys_one_by_one(base, ends[i - 1], ends.subspan(i), keys + i);
}

// Eight words at a time: a third of the instructions, and a tenth to a fifth less time for all of
// encoding.
BYTESTRIDE_TARGET_AVX512 void load_keys_avx512(const char* base, std::uint32_t begin,
                                               std::span<const std::uint32_t> ends,
                                               std::uint64_t* keys) {
  const __m512i ones = _mm512_set1_epi64(-1);
  const __m512i eight = _mm512_set1_epi64(8);
  const __m512i first_tag = _mm512_set1_epi64(static_cast<long long>(ShortKey::kTag << 56));
  std::size_t i = 0;
  for (; i + 8 <= ends.size(); i += 8) {
    const std::uint32_t* const e = ends.data() + i;
    const __m256i end = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(e));
    // The ends moved on by one: where words begin.
    const __m256i moved =
        _mm256_permutevar8x32_epi32(end, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6));
    const __m256i start = _mm256_blend_epi32(moved, _mm256_set1_epi32(static_cast<int>(begin)), 1);
    const __m512i bytes = _mm512_setr_epi64(
        load_i64(base + begin), load_i64(base + e[0]), load_i64(base + e[1]), load_i64(base + e[2]),
        load_i64(base + e[3]), load_i64(base + e[4]), load_i64(base + e[5]), load_i64(base + e[6]));
    begin = e[7];
    const __m512i n = _mm512_cvtepu32_epi64(_mm256_sub_epi32(end, start));
    const __mmask8 whole = _mm512_cmpeq_epi64_mask(n, eight);
    const __mmask8 shorter = _mm512_cmplt_epi64_mask(n, eight);
    const __m512i free_bits = _mm512_slli_epi64(_mm512_sub_epi64(eight, n), 3);
    const __m512i word =
        _mm512_maskz_and_epi64(whole | shorter, bytes, _mm512_srlv_epi64(ones, free_bits));
    const __m512i tagged = _mm512_mask_or_epi64(
        word, shorter, word, _mm512_add_epi64(first_tag, _mm512_slli_epi64(n, 56)));
    const __mmask8 none = whole & _mm512_cmpge_epu64_mask(word, first_tag);
    _mm512_storeu_si512(keys + i, _mm512_maskz_mov_epi64(~none, tagged));
  }
  load_keys_one_by_one(base, begin, ends.subspan(i), keys + i);
}
#endif

}  // namespace

void load_short_keys(const char* base, std::uint32_t begin, std::span<const std::uint32_t> ends,
                     std::uint64_t* keys) {
#if defined(__x86_64__)
  if (backend() == Backend::avx512) return load_keys_avx512(base, begin, ends, keys);
  if (backend() == Backend::avx2) return load_keys_avx2(base, begin, ends, keys);
#endif
  load_keys_one_by_one(base, begin, ends, keys);
}

void load_short_keys(const SpanBatch& spans, std::size_t first, std::size_t last,
                     std::uint64_t* keys) {
  const char* const text_end = spans.text.data() + spans.text.size();
  const auto begin_of = [&](std::size_t i) { return i == 0 ? 0 : spans.ends[i - 1]; };
  // The last few words may lie too near to the end of the text to be read eight bytes at a time.
  std::size_t far = last;
  while (far > first && text_end - (spans.base + begin_of(far - 1)) <
                            static_cast<std::ptrdiff_t>(ShortKey::kReadAhead)) {
    --far;
  }
  load_short_keys(spans.base, begin_of(first), {spans.ends + first, far - first}, keys + first);
  for (std::size_t i = far; i < last; ++i) {
    keys[i] = ShortKey::load_at_end(spans.base + begin_of(i), spans.ends[i] - begin_of(i));
  }
}

}  // namespace bytestride
