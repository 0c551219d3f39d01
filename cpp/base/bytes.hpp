// Reading and comparing a few bytes without a call into the C library, whose functions cost more
// than the work on words of a few bytes (a quarter of all time that counting words took).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bytestride {

inline std::uint64_t load_u64(const char* p) {
  std::uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

inline std::uint32_t load_u32(const char* p) {
  std::uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// The n bytes at p, and zeros. Precondition: n < 8.
inline std::uint64_t load_below_u64(const char* p, std::size_t n) {
  if (n >= 4) {
    return load_u32(p) | static_cast<std::uint64_t>(load_u32(p + n - 4)) << (8 * (n - 4));
  }
  if (n == 0) return 0;
  // The first, the middle and the last: of one or two bytes some are the same.
  const auto at = [p](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  };
  return at(0) | at(n / 2) | at(n - 1);
}

inline bool same_bytes(const char* a, const char* b, std::size_t n) {
  if (n < 8) return load_below_u64(a, n) == load_below_u64(b, n);
  for (std::size_t i = 0; i + 8 < n; i += 8) {
    if (load_u64(a + i) != load_u64(b + i)) return false;
  }
  return load_u64(a + n - 8) == load_u64(b + n - 8);
}

}  // namespace bytestride
