// One keyed hash for every table: fast on short keys, and random per process, so that no text can
// be made to collide and no result can come to depend on it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace bytestride {

struct HashSeed {
  std::uint64_t a;
  std::uint64_t b;
};

// Drawn once, at the first call.
const HashSeed& process_hash_seed();

// Both halves of the 128-bit product, folded: every input bit reaches every output bit.
inline std::uint64_t mix(std::uint64_t x, std::uint64_t y) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(x) * y;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_u64(std::uint64_t key, const HashSeed& seed) {
  return mix(key ^ seed.a, seed.b | 1);
}

inline std::uint64_t hash_bytes(const char* p, std::size_t n, const HashSeed& seed) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15u;
  std::uint64_t h = seed.a ^ (n * kOdd);
  while (n > 16) {
    h = mix(h ^ load_u64(p), seed.b ^ load_u64(p + 8));
    p += 16;
    n -= 16;
  }
  std::uint64_t low = 0, high = 0;
  if (n >= 8) {
    low = load_u64(p);
    high = load_u64(p + n - 8);
  } else {
    low = load_below_u64(p, n);
  }
  return mix(h ^ low, seed.b ^ high ^ kOdd);
}

}  // namespace bytestride
