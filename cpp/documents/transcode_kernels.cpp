#include "documents/transcode_kernels.hpp"

#include "unicode/ucs.hpp"

namespace bytestride {

template <typename Unit>
Transcode<Unit> transcode_for(Backend backend) {
  switch (backend) {
#if defined(__x86_64__)
    case Backend::avx2:
      return transcode_avx2<Unit>;
    case Backend::avx512:
      return transcode_avx512<Unit>;
#elif defined(__aarch64__)
    case Backend::neon:
      return transcode_neon<Unit>;
#endif
    default:
      return transcode_to_utf8<Unit>;
  }
}

template Transcode<std::uint8_t> transcode_for(Backend);
template Transcode<std::uint16_t> transcode_for(Backend);
template Transcode<std::uint32_t> transcode_for(Backend);

}  // namespace bytestride
