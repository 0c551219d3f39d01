// Whether text is well-formed, in vectors of 16 bytes.
#if defined(__aarch64__)
#define BYTESTRIDE_TARGET
#define BYTESTRIDE_VECTOR_BYTES 16
#include "documents/well_formed_blocks.hpp"

namespace bytestride {

std::size_t find_ill_formed_neon(ByteSpan text) {
  return find_ill_formed_by_blocks(text);
}

}  // namespace bytestride
#endif
