// Four vectors of 16 bytes a block, each class of ASCII by comparing. A mask is gathered by keeping
// one bit a byte, its own in its group of eight, and adding neighbours three times.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "simd/block_masks.hpp"
#include "simd/class_bits.hpp"

#define BYTESTRIDE_KERNEL __attribute__((always_inline)) inline

namespace bytestride {
namespace {

struct Bytes {
  uint8x16_t quarter[4];
};
using Flags = Bytes;  // all bits of a byte

BYTESTRIDE_KERNEL Bytes load_bytes(const char* text) {
  const auto* const at = reinterpret_cast<const std::uint8_t*>(text);
  return {{vld1q_u8(at), vld1q_u8(at + 16), vld1q_u8(at + 32), vld1q_u8(at + 48)}};
}
BYTESTRIDE_KERNEL Bytes splat(std::uint8_t byte) {
  const uint8x16_t all = vdupq_n_u8(byte);
  return {{all, all, all, all}};
}
BYTESTRIDE_KERNEL std::uint64_t mask_of(const Flags& flags) {
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
BYTESTRIDE_KERNEL Flags both(const Flags& a, const Flags& b) {
  Flags x;
  for (int q = 0; q < 4; ++q) x.quarter[q] = vandq_u8(a.quarter[q], b.quarter[q]);
  return x;
}
BYTESTRIDE_KERNEL Flags but_not(const Flags& a, const Flags& b) {
  Flags x;
  for (int q = 0; q < 4; ++q) x.quarter[q] = vbicq_u8(a.quarter[q], b.quarter[q]);
  return x;
}
BYTESTRIDE_KERNEL Flags equal(const Bytes& bytes, std::uint8_t byte) {
  Flags x;
  for (int q = 0; q < 4; ++q) x.quarter[q] = vceqq_u8(bytes.quarter[q], vdupq_n_u8(byte));
  return x;
}
BYTESTRIDE_KERNEL Flags only(unsigned i) {
  static constexpr std::uint8_t kNumbers[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  return equal(load_bytes(reinterpret_cast<const char*>(kNumbers)), static_cast<std::uint8_t>(i));
}
// Bytes of that value or more.
BYTESTRIDE_KERNEL Flags above(const Bytes& bytes, std::uint8_t least) {
  Flags x;
  for (int q = 0; q < 4; ++q) x.quarter[q] = vcgeq_u8(bytes.quarter[q], vdupq_n_u8(least));
  return x;
}
BYTESTRIDE_KERNEL Flags with_bit(const Bytes& bytes, std::uint8_t bit) {
  Flags x;
  for (int q = 0; q < 4; ++q) x.quarter[q] = vtstq_u8(bytes.quarter[q], vdupq_n_u8(bit));
  return x;
}
BYTESTRIDE_KERNEL Bytes choose(const Flags& flags, const Bytes& yes, const Bytes& no) {
  Bytes x;
  for (int q = 0; q < 4; ++q) {
    x.quarter[q] = vbslq_u8(flags.quarter[q], yes.quarter[q], no.quarter[q]);
  }
  return x;
}
// By the low six bits of each byte.
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* row, const Bytes& places) {
  const uint8x16x4_t table = {
      {vld1q_u8(row), vld1q_u8(row + 16), vld1q_u8(row + 32), vld1q_u8(row + 48)}};
  Bytes x;
  for (int q = 0; q < 4; ++q) {
    x.quarter[q] = vqtbl4q_u8(table, vandq_u8(places.quarter[q], vdupq_n_u8(0x3F)));
  }
  return x;
}
// Each byte becomes the one before it.
BYTESTRIDE_KERNEL Bytes shifted(const Bytes& bytes, const Bytes& block_before) {
  Bytes x;
  x.quarter[0] = vextq_u8(block_before.quarter[3], bytes.quarter[0], 15);
  for (int q = 1; q < 4; ++q) {
    x.quarter[q] = vextq_u8(bytes.quarter[q - 1], bytes.quarter[q], 15);
  }
  return x;
}

BYTESTRIDE_KERNEL std::uint64_t mask_between(const Bytes& bytes, std::uint8_t first,
                                             std::uint8_t last) {
  return mask_of(but_not(above(bytes, first), above(bytes, static_cast<std::uint8_t>(last + 1))));
}
BYTESTRIDE_KERNEL std::uint64_t mask_equal(const Bytes& bytes, std::uint8_t c) {
  return mask_of(equal(bytes, c));
}

}  // namespace
}  // namespace bytestride

#include "simd/beyond_ascii.hpp"

namespace bytestride {

Text classify_blocks_neon(const char* text, std::size_t n_blocks, const ClassRows& rows,
                          ClassMasks* masks) {
  BeyondAscii beyond{splat(0)};
  std::uint64_t all_non_ascii = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const Bytes bytes = load_bytes(text + k * kBlockBytes);
    const std::uint64_t space = mask_equal(bytes, ' ');
    masks->upper[k] = mask_between(bytes, 'A', 'Z');
    masks->lower[k] = mask_between(bytes, 'a', 'z');
    masks->mark[k] = 0;
    masks->number[k] = mask_between(bytes, '0', '9');
    masks->white[k] = mask_between(bytes, '\t', '\r') | space;
    masks->blank[k] = mask_equal(bytes, '\'') | space;
    masks->line[k] = mask_equal(bytes, '\n') | mask_equal(bytes, '\r') | mask_equal(bytes, '/');
    masks->non_ascii[k] = mask_of(above(bytes, 0x80));
    masks->continuation[k] = 0;
    all_non_ascii |= masks->non_ascii[k];
    if (masks->non_ascii[k] == 0) {
      pass_ascii(beyond);
      continue;
    }
    const Bytes bits =
        classes_beyond_ascii(text + k * kBlockBytes, bytes, rows, beyond, &masks->continuation[k]);
    masks->upper[k] |= mask_of(with_bit(bits, kUpperBit));
    masks->lower[k] |= mask_of(with_bit(bits, kLowerBit));
    masks->mark[k] = mask_of(with_bit(bits, kMarkBit));
    masks->number[k] |= mask_of(with_bit(bits, kNumberBit));
    masks->white[k] |= mask_of(with_bit(bits, kWhiteBit));
  }
  if (rows.of_other != 0) mark_controls(text, n_blocks, masks);
  if (all_non_ascii == 0) return Text::ascii;
  return is_well_formed(beyond, text + n_blocks * kBlockBytes) ? Text::well_formed
                                                               : Text::ill_formed;
}

}  // namespace bytestride
#endif
