// The boundary rules in vectors of 16 bytes.
#if defined(__aarch64__)
#define BYTESTRIDE_TARGET
#define BYTESTRIDE_VECTOR_BYTES 16
#include "pretokenize/boundary_rules.hpp"

namespace bytestride {

template <Grammar G>
void find_boundaries_neon(const Window& window, const char* text, const char* text_end,
                          Boundaries* found) {
  find_boundaries<G>(window, text, text_end, found);
}

#define BYTESTRIDE_ONE(G) \
  template void find_boundaries_neon<G>(const Window&, const char*, const char*, Boundaries*);
BYTESTRIDE_FOR_MASKED_GRAMMARS(BYTESTRIDE_ONE)

}  // namespace bytestride
#endif
