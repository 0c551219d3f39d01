// Code units to UTF-8 in vectors of 32 bytes.
#if defined(__x86_64__)
#define BYTESTRIDE_TARGET __attribute__((target("avx2,bmi,popcnt")))
#define BYTESTRIDE_VECTOR_BYTES 32
#include "documents/transcode_blocks.hpp"

namespace bytestride {

template <typename Unit>
char* transcode_avx2(const Unit* units, std::size_t n, char* out) {
  return transcode_blocks(units, n, out);
}

template char* transcode_avx2(const std::uint8_t*, std::size_t, char*);
template char* transcode_avx2(const std::uint16_t*, std::size_t, char*);
template char* transcode_avx2(const std::uint32_t*, std::size_t, char*);

}  // namespace bytestride
#endif
