// Code units to UTF-8 in vectors of 16 bytes.
#if defined(__aarch64__)
#define BYTESTRIDE_TARGET
#define BYTESTRIDE_VECTOR_BYTES 16
#include "documents/transcode_blocks.hpp"

namespace bytestride {

template <typename Unit>
char* transcode_neon(const Unit* units, std::size_t n, char* out) {
  return transcode_blocks(units, n, out);
}

template char* transcode_neon(const std::uint8_t*, std::size_t, char*);
template char* transcode_neon(const std::uint16_t*, std::size_t, char*);
template char* transcode_neon(const std::uint32_t*, std::size_t, char*);

}  // namespace bytestride
#endif
