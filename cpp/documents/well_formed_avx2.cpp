// Whether text is well-formed, in vectors of 32 bytes.
#if defined(__x86_64__)
#define BYTESTRIDE_TARGET __attribute__((target("avx2,bmi")))
#define BYTESTRIDE_VECTOR_BYTES 32
#include "documents/well_formed_blocks.hpp"

namespace bytestride {

std::size_t find_ill_formed_avx2(ByteSpan text) {
  return find_ill_formed_by_blocks(text);
}

}  // namespace bytestride
#endif
