// Four vectors of 16 bytes a block, each class by comparing. A mask is gathered by keeping one bit
// a byte, its own in its group of eight, and adding neighbours three times.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "simd/block_masks.hpp"

namespace bytestride {
namespace {

struct Bytes64 {
  uint8x16_t quarter[4];
};

inline std::uint64_t mask_of(const Bytes64& flags) {
  static constexpr std::uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                             1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t bits = vld1q_u8(kBits);
  const uint8x16_t low =
      vpaddq_u8(vandq_u8(flags.quarter[0], bits), vandq_u8(flags.quarter[1], bits));
  const uint8x16_t high =
      vpaddq_u8(vandq_u8(flags.quarter[2], bits), vandq_u8(flags.quarter[3], bits));
  const uint8x16_t pairs = vpaddq_u8(low, high);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)), 0);
}

inline std::uint64_t mask_between(const Bytes64& bytes, std::uint8_t first, std::uint8_t last) {
  Bytes64 flags;
  for (int k = 0; k < 4; ++k) {
    const uint8x16_t distance = vsubq_u8(bytes.quarter[k], vdupq_n_u8(first));
    flags.quarter[k] = vcleq_u8(distance, vdupq_n_u8(static_cast<std::uint8_t>(last - first)));
  }
  return mask_of(flags);
}

inline std::uint64_t mask_equal(const Bytes64& bytes, std::uint8_t c) {
  return mask_between(bytes, c, c);
}

}  // namespace

bool classify_blocks_neon(const char* text, std::size_t n_blocks, ClassMasks* masks) {
  std::uint64_t any = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(text + k * kBlockBytes);
    const Bytes64 bytes{{vld1q_u8(at), vld1q_u8(at + 16), vld1q_u8(at + 32), vld1q_u8(at + 48)}};
    const std::uint64_t space = mask_equal(bytes, ' ');
    masks->upper[k] = mask_between(bytes, 'A', 'Z');
    masks->lower[k] = mask_between(bytes, 'a', 'z');
    masks->mark[k] = 0;
    masks->number[k] = mask_between(bytes, '0', '9');
    masks->white[k] = mask_between(bytes, '\t', '\r') | space;
    masks->blank[k] = mask_equal(bytes, '\'') | space;
    masks->line[k] = mask_equal(bytes, '\n') | mask_equal(bytes, '\r') | mask_equal(bytes, '/');
    masks->non_ascii[k] = mask_between(bytes, 0x80, 0xFF);
    any |= masks->non_ascii[k];
  }
  return any != 0;
}

}  // namespace bytestride
#endif
