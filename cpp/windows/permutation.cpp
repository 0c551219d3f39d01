#include "windows/permutation.hpp"

#include <cmath>

#include "base/error.hpp"
#include "simd/backend.hpp"
#include "simd/targets.hpp"

namespace bytestride {

namespace {

constexpr std::size_t kLanes = 64;

// One round for many numbers: moves `moved` on by the hash of `other`, as Permutation::distance
// says, in 32 bits a lane, so that a compiler makes vectors of it.
[[gnu::always_inline]] inline void do_round(std::uint32_t* __restrict moved,
                                            const std::uint32_t* __restrict other,
                                            std::uint32_t key, std::uint32_t side) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    const std::uint32_t spread = other[i] * 0x9e3779b1u + key;
    const std::uint64_t product = std::uint64_t{other[i] ^ key} * spread;
    const auto folded = static_cast<std::uint32_t>(product ^ product >> 32);
    const auto distance = static_cast<std::uint32_t>(std::uint64_t{folded} * side >> 32);
    const std::uint32_t sum = moved[i] + distance;
    moved[i] = std::min(sum, sum - side);  // what wraps around is the greater
  }
}

[[gnu::always_inline]] inline void do_rounds(std::uint32_t* rows, std::uint32_t* columns,
                                             const std::uint32_t* keys, int n_rounds,
                                             std::uint32_t n_rows, std::uint32_t n_columns) {
  for (int r = 0; r < n_rounds; r += 2) {
    do_round(rows, columns, keys[r], n_rows);
    do_round(columns, rows, keys[r + 1], n_columns);
  }
}

void rounds_scalar(std::uint32_t* rows, std::uint32_t* columns, const std::uint32_t* keys,
                   int n_rounds, std::uint32_t n_rows, std::uint32_t n_columns) {
  do_rounds(rows, columns, keys, n_rounds, n_rows, n_columns);
}

#ifdef BYTESTRIDE_TARGET_AVX2
BYTESTRIDE_TARGET_AVX2 void rounds_avx2(std::uint32_t* rows, std::uint32_t* columns,
                                        const std::uint32_t* keys, int n_rounds,
                                        std::uint32_t n_rows, std::uint32_t n_columns) {
  do_rounds(rows, columns, keys, n_rounds, n_rows, n_columns);
}
#endif

using Rounds = decltype(&rounds_scalar);

Rounds rounds_for(Backend backend) {
#ifdef BYTESTRIDE_TARGET_AVX2
  if (backend == Backend::avx2 || backend == Backend::avx512) return rounds_avx2;
#endif
  return rounds_scalar;
}

}  // namespace

void Permutation::apply(std::uint64_t* numbers, std::size_t n) const {
  if (n_ <= kListed) {
    for (std::size_t i = 0; i < n; ++i) numbers[i] = listed_[numbers[i]];
    return;
  }
  const Rounds rounds = rounds_for(backend());
  std::uint32_t rows[kLanes] = {};
  std::uint32_t columns[kLanes] = {};
  for (std::size_t first = 0; first < n; first += kLanes) {
    std::uint64_t* const here = numbers + first;
    const std::size_t n_here = std::min(kLanes, n - first);
    for (std::size_t i = 0; i < n_here; ++i) {
      rows[i] = static_cast<std::uint32_t>(here[i] / columns_);
      columns[i] = static_cast<std::uint32_t>(here[i] % columns_);
    }
    rounds(rows, columns, keys_, 2 * kPairs, static_cast<std::uint32_t>(rows_),
           static_cast<std::uint32_t>(columns_));
    for (std::size_t i = 0; i < n_here; ++i) {
      here[i] = rows[i] * columns_ + columns[i];
      if (here[i] >= n_) here[i] = (*this)(here[i]);
    }
  }
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
  columns_ = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(n)));
  rows_ = (n - 1) / columns_ + 1;  // rounding of the root only makes the rectangle longer
  for (std::uint32_t& round_key : keys_) {
    key = mix_bits(key);
    round_key = static_cast<std::uint32_t>(key >> 32);
  }
}

}  // namespace bytestride
