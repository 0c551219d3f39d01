#include "windows/permutation.hpp"

#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/error.hpp"
#include "simd/backend.hpp"
#include "simd/targets.hpp"

namespace bytestride {

namespace {

using Rounds = Permutation::Rounds;

// Numbers that go through the rounds together: so many that none waits for another.
constexpr std::size_t kLanes = 16;

void forward_scalar(std::uint64_t* numbers, const Rounds& rounds) {
  for (std::size_t i = 0; i < kLanes; ++i) numbers[i] = rounds.apply(numbers[i]);
}

// Up to this a double is exact, and a product with 1 / n_columns is off by less than one row.
constexpr std::uint64_t kMostExact = std::uint64_t{1} << 52;

#if defined(__x86_64__)

// One round of Permutation::Rounds for four numbers. A product takes the lower half of each lane.
BYTESTRIDE_TARGET_AVX2 inline __m256i moved_avx2(__m256i moved, __m256i other, __m256i key,
                                                 __m256i side) {
  const __m256i factor = _mm256_set1_epi64x(0x9e3779b1);
  const __m256i spread = _mm256_add_epi64(_mm256_mul_epu32(other, factor), key);
  const __m256i product = _mm256_mul_epu32(_mm256_xor_si256(other, key), spread);
  const __m256i folded = _mm256_xor_si256(product, _mm256_srli_epi64(product, 32));
  const __m256i distance = _mm256_srli_epi64(_mm256_mul_epu32(folded, side), 32);
  const __m256i sum = _mm256_add_epi64(moved, distance);
  // What wraps around is the greater.
  return _mm256_min_epu32(sum, _mm256_sub_epi64(sum, side));
}

// Divides four numbers of at most 2^52 by a side, through doubles: quotients may be off by one.
BYTESTRIDE_TARGET_AVX2 inline void divide_avx2(__m256i numbers, __m256i side, __m256d inverse,
                                               __m256i& quotients, __m256i& rests) {
  // The bits of 2^52 with a number in the mantissa are 2^52 and the number.
  const __m256i two52 = _mm256_set1_epi64x(0x4330000000000000);
  const __m256d exact = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(numbers, two52)),
                                      _mm256_castsi256_pd(two52));
  const __m256d floor = _mm256_floor_pd(_mm256_mul_pd(exact, inverse));
  quotients = _mm256_xor_si256(
      _mm256_castpd_si256(_mm256_add_pd(floor, _mm256_castsi256_pd(two52))), two52);
  rests = _mm256_sub_epi64(numbers, _mm256_mul_epu32(quotients, side));
  const __m256i below = _mm256_cmpgt_epi64(_mm256_setzero_si256(), rests);  // -1 where it is
  quotients = _mm256_add_epi64(quotients, below);
  rests = _mm256_add_epi64(rests, _mm256_and_si256(below, side));
  const __m256i within = _mm256_cmpgt_epi64(side, rests);
  const __m256i above = _mm256_xor_si256(within, _mm256_set1_epi64x(-1));
  quotients = _mm256_sub_epi64(quotients, above);
  rests = _mm256_sub_epi64(rests, _mm256_and_si256(above, side));
}

BYTESTRIDE_TARGET_AVX2 void forward_avx2(std::uint64_t* numbers, const Rounds& rounds) {
  constexpr std::size_t kVectors = kLanes / 4;
  auto* const vectors = reinterpret_cast<__m256i*>(numbers);
  const __m256i n_rows = _mm256_set1_epi64x(static_cast<long long>(rounds.n_rows));
  const __m256i n_columns = _mm256_set1_epi64x(static_cast<long long>(rounds.n_columns));
  const __m256d inverse = _mm256_set1_pd(1.0 / static_cast<double>(rounds.n_columns));
  __m256i row[kVectors];
  __m256i column[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) {
    divide_avx2(_mm256_loadu_si256(vectors + v), n_columns, inverse, row[v], column[v]);
  }
  for (int r = 0; r < Rounds::kCount; r += 2) {
    const __m256i first = _mm256_set1_epi64x(rounds.keys[r]);
    const __m256i second = _mm256_set1_epi64x(rounds.keys[r + 1]);
    for (std::size_t v = 0; v < kVectors; ++v) {
      row[v] = moved_avx2(row[v], column[v], first, n_rows);
      column[v] = moved_avx2(column[v], row[v], second, n_columns);
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) {
    const __m256i moved = _mm256_add_epi64(_mm256_mul_epu32(row[v], n_columns), column[v]);
    _mm256_storeu_si256(vectors + v, moved);
  }
}

#endif

using Kernel = void (*)(std::uint64_t*, const Rounds&);

Kernel kernel_for(std::uint64_t n, Backend backend) {
#if defined(__x86_64__)
  const bool has_avx2 = backend == Backend::avx2 || backend == Backend::avx512;
  if (has_avx2 && n <= kMostExact) return forward_avx2;
#endif
  return forward_scalar;
}

}  // namespace

void Permutation::apply(std::uint64_t* numbers, std::size_t n) const {
  if (n_ <= kListed) {
    for (std::size_t i = 0; i < n; ++i) numbers[i] = listed_[numbers[i]];
    return;
  }
  const Kernel forward = kernel_for(n_, backend());
  const auto walk_on = [this](std::uint64_t number) {
    return number < n_ ? number : (*this)(number);
  };
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    forward(numbers + i, rounds_);
    for (std::size_t k = i; k < i + kLanes; ++k) numbers[k] = walk_on(numbers[k]);
  }
  if (i == n) return;
  std::uint64_t last[kLanes] = {};
  std::copy(numbers + i, numbers + n, last);
  forward(last, rounds_);
  for (std::size_t k = i; k < n; ++k) numbers[k] = walk_on(last[k - i]);
}

Permutation::Permutation(std::uint64_t n, std::uint64_t key) : n_(n) {
  BYTESTRIDE_ASSERT(n >= 1 && n <= std::uint64_t{1} << 62);
  if (n <= kListed) {
    for (std::uint64_t i = 0; i < n; ++i) {
      // Each new number changes places with one of those so far or none (Fisher and Yates).
      key = mix_bits(key);
      const std::uint64_t j = (key >> 32) * (i + 1) >> 32;
      listed_[i] = listed_[j];
      listed_[j] = static_cast<std::uint8_t>(i);
    }
    return;
  }
  rounds_.n_columns = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(n)));
  // Rounding of the root only makes the rectangle longer.
  rounds_.n_rows = (n - 1) / rounds_.n_columns + 1;
  for (std::uint32_t& round_key : rounds_.keys) {
    key = mix_bits(key);
    round_key = static_cast<std::uint32_t>(key >> 32);
  }
}

}  // namespace bytestride
