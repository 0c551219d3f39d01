// The boundary rules in vectors of 32 bytes.
#if defined(__x86_64__)
#define BYTESTRIDE_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define BYTESTRIDE_VECTOR_BYTES 32
#include "pretokenize/boundary_rules.hpp"

namespace bytestride {

template <Grammar G>
void find_boundaries_avx2(const Window& window, const char* text, const char* text_end,
                          Boundaries* found) {
  find_boundaries<G>(window, text, text_end, found);
}

#define BYTESTRIDE_ONE(G) \
  template void find_boundaries_avx2<G>(const Window&, const char*, const char*, Boundaries*);
BYTESTRIDE_FOR_MASKED_GRAMMARS(BYTESTRIDE_ONE)

}  // namespace bytestride
#endif
