// Whether text is well-formed, in vectors of 64 bytes.
#if defined(__x86_64__)
#define BYTESTRIDE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,bmi")))
#define BYTESTRIDE_VECTOR_BYTES 64
#include "documents/well_formed_blocks.hpp"

namespace bytestride {

std::size_t find_ill_formed_avx512(ByteSpan text) {
  return find_ill_formed_by_blocks(text);
}

}  // namespace bytestride
#endif
