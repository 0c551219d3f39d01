// Whether text is well-formed, a block of 64 bytes at a time, after Keiser and Lemire, "Validating
// UTF-8 In Less Than One Instruction Per Byte" (2021): all that can be wrong with two bytes in a
// row is told by three look-ups by half a byte, whose answers have a bit in common for each fault
// that the pair has. Third and fourth bytes are continuations, which a pair alone would call a
// fault.
//
// For one instruction set at a time: a kernel's source file defines BYTESTRIDE_TARGET, the target
// attribute, and BYTESTRIDE_VECTOR_BYTES, and includes this then.
#ifndef BYTESTRIDE_TARGET
#error "well_formed_blocks.hpp is for kernels: define BYTESTRIDE_TARGET and BYTESTRIDE_VECTOR_BYTES"
#endif

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "documents/well_formed_kernels.hpp"

// All of a kernel is one function in the end.
#define BYTESTRIDE_KERNEL BYTESTRIDE_TARGET __attribute__((always_inline)) inline

namespace bytestride {
namespace {

// A fault: the upper halves and the lower halves of the first byte, and the upper halves of the
// second, as sets of 16 bits. Every pair of the three sets has the fault, and no other pair.
struct Fault {
  std::uint16_t first_upper;
  std::uint16_t first_lower;
  std::uint16_t second_upper;
};

constexpr std::uint16_t halves(unsigned first, unsigned last) {
  return static_cast<std::uint16_t>((2u << last) - (1u << first));
}
constexpr std::uint16_t half(unsigned which) {
  return halves(which, which);
}
constexpr std::uint16_t kAnyHalf = halves(0, 15);
constexpr std::uint16_t kContinuation = halves(0x8, 0xB);

constexpr Fault kFaults[8] = {
    {halves(0x0, 0x7), kAnyHalf, kContinuation},  // nothing to continue
    {halves(0xC, 0xF), kAnyHalf, kAnyHalf & ~kContinuation},
    {half(0xC), halves(0x0, 0x1), kContinuation},          // below U+0080
    {half(0xE), half(0x0), halves(0x8, 0x9)},              // below U+0800
    {half(0xE), half(0xD), halves(0xA, 0xB)},              // surrogates
    {half(0xF), halves(0x4, 0xF), halves(0x9, 0xB)},       // above U+10FFFF
    {half(0xF), half(0x0) | halves(0x5, 0xF), half(0x8)},  // below U+10000, or above U+10FFFF
    {kContinuation, kAnyHalf, kContinuation}};             // right after a lead of three or four
constexpr std::uint8_t kTwoContinuations = 0x80;           // the last of them

struct FaultTables {
  alignas(16) std::uint8_t first_upper[16];
  alignas(16) std::uint8_t first_lower[16];
  alignas(16) std::uint8_t second_upper[16];
};

constexpr FaultTables kFaultTables = [] {
  FaultTables tables{};
  const auto add = [](std::uint8_t* table, std::uint16_t set, unsigned bit) {
    for (unsigned i = 0; i < 16; ++i) {
      table[i] = static_cast<std::uint8_t>(table[i] | (set >> i & 1) << bit);
    }
  };
  for (unsigned bit = 0; bit < 8; ++bit) {
    add(tables.first_upper, kFaults[bit].first_upper, bit);
    add(tables.first_lower, kFaults[bit].first_lower, bit);
    add(tables.second_upper, kFaults[bit].second_upper, bit);
  }
  return tables;
}();

constexpr std::size_t kBlockBytes = 64;
constexpr int kParts = kBlockBytes / BYTESTRIDE_VECTOR_BYTES;

typedef std::uint8_t Bytes __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES)));

BYTESTRIDE_KERNEL Bytes load(const char* text) {
  Bytes x;
  std::memcpy(&x, text, sizeof x);
  return x;
}

#if BYTESTRIDE_VECTOR_BYTES == 64

BYTESTRIDE_KERNEL bool any(const Bytes& x) {
  return _mm512_test_epi64_mask((__m512i)x, (__m512i)x) != 0;
}
BYTESTRIDE_KERNEL bool any_high_bit(const Bytes& x) {
  return _mm512_movepi8_mask((__m512i)x) != 0;
}
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* table, const Bytes& half) {
  const __m128i row = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
  // (With a mask, since GCC warns of the plain one.)
  const __m512i rows = _mm512_maskz_broadcast_i32x4(0xFFFF, row);
  return (Bytes)_mm512_shuffle_epi8(rows, (__m512i)half);
}
// Each byte becomes the one N before it.
template <int N>
BYTESTRIDE_KERNEL Bytes shifted(const Bytes& x, const Bytes& before) {
  const __m512i below = _mm512_maskz_alignr_epi64(0xFF, (__m512i)x, (__m512i)before, 6);
  return (Bytes)_mm512_alignr_epi8((__m512i)x, below, 16 - N);
}

#elif BYTESTRIDE_VECTOR_BYTES == 32

BYTESTRIDE_KERNEL bool any(const Bytes& x) {
  return !_mm256_testz_si256((__m256i)x, (__m256i)x);
}
BYTESTRIDE_KERNEL bool any_high_bit(const Bytes& x) {
  return _mm256_movemask_epi8((__m256i)x) != 0;
}
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* table, const Bytes& half) {
  const __m128i row = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
  return (Bytes)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), (__m256i)half);
}
template <int N>
BYTESTRIDE_KERNEL Bytes shifted(const Bytes& x, const Bytes& before) {
  const __m256i below = _mm256_permute2x128_si256((__m256i)before, (__m256i)x, 0x21);
  return (Bytes)_mm256_alignr_epi8((__m256i)x, below, 16 - N);
}

#else

BYTESTRIDE_KERNEL bool any(const Bytes& x) {
  return vmaxvq_u8((uint8x16_t)x) != 0;
}
BYTESTRIDE_KERNEL bool any_high_bit(const Bytes& x) {
  return vmaxvq_u8((uint8x16_t)x) >= 0x80;
}
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* table, const Bytes& half) {
  return (Bytes)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)half);
}
template <int N>
BYTESTRIDE_KERNEL Bytes shifted(const Bytes& x, const Bytes& before) {
  return (Bytes)vextq_u8((uint8x16_t)before, (uint8x16_t)x, 16 - N);
}

#endif

// Not zero where a byte and the three before it cannot stand together.
BYTESTRIDE_KERNEL Bytes faults(const Bytes& x, const Bytes& before) {
  const Bytes zero = {};
  const Bytes first = shifted<1>(x, before);
  const Bytes of_pair = look_up(kFaultTables.first_upper, first >> 4) &
                        look_up(kFaultTables.first_lower, first & 0x0F) &
                        look_up(kFaultTables.second_upper, x >> 4);
  const Bytes continues =
      (Bytes)((shifted<2>(x, before) >= zero + 0xE0) | (shifted<3>(x, before) >= zero + 0xF0));
  return of_pair ^ (continues & kTwoContinuations);
}

// The last bytes that begin a character which the next block must go on with, all bits of them.
BYTESTRIDE_KERNEL Bytes unfinished(const Bytes& x) {
  Bytes least = {};
  least = ~least;
  least[BYTESTRIDE_VECTOR_BYTES - 1] = 0xC0;
  least[BYTESTRIDE_VECTOR_BYTES - 2] = 0xE0;
  least[BYTESTRIDE_VECTOR_BYTES - 3] = 0xF0;
  // (No byte of a character is 0xFF: where there is one, the block has a fault anyway.)
  return (Bytes)(x >= least);
}

// What the block before leaves to this one.
struct Before {
  Bytes last;        // its last vector
  Bytes unfinished;  // of that
};

// Whether a block goes on well.
BYTESTRIDE_KERNEL bool take_block(const char* text, Before& before) {
  Bytes part[kParts];
  Bytes high_bits = before.unfinished;
  for (int i = 0; i < kParts; ++i) {
    part[i] = load(text + i * BYTESTRIDE_VECTOR_BYTES);
    high_bits |= part[i];
  }
  if (!any_high_bit(high_bits)) {
    before.last = part[kParts - 1];
    return true;
  }
  Bytes found = faults(part[0], before.last);
  for (int i = 1; i < kParts; ++i) found |= faults(part[i], part[i - 1]);
  before.last = part[kParts - 1];
  before.unfinished = unfinished(before.last);
  return !any(found);
}

BYTESTRIDE_TARGET std::size_t find_ill_formed_by_blocks(ByteSpan text) {
  Before before{};
  std::size_t i = 0;
  for (; text.size() - i >= kBlockBytes; i += kBlockBytes) {
    if (!take_block(text.data() + i, before)) return find_ill_formed_in_block(text, i);
  }
  // The rest with zeros behind it, which end what is unfinished; if only of a whole block.
  char padded[kBlockBytes] = {};
  if (i < text.size()) std::memcpy(padded, text.data() + i, text.size() - i);
  return take_block(padded, before) ? text.size() : find_ill_formed_in_block(text, i);
}

}  // namespace
}  // namespace bytestride
