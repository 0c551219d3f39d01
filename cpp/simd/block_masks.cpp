#include "simd/block_masks.hpp"

namespace bytestride {

ClassifyBlocks classify_blocks_for(Backend backend) {
  switch (backend) {
#if defined(__x86_64__)
    case Backend::avx2:
      return classify_blocks_avx2;
    case Backend::avx512:
      return classify_blocks_avx512;
#elif defined(__aarch64__)
    case Backend::neon:
      return classify_blocks_neon;
#endif
    default:
      return nullptr;
  }
}

}  // namespace bytestride
