#include "windows/permutation.hpp"

#include <cmath>

#include "base/error.hpp"

namespace bytestride {

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
