// Two vectors of 32 bytes a block. Look-ups by either half of a byte give each byte of ASCII all
// its classes; one shift a class gathers the masks.
#if defined(__x86_64__)
#include <immintrin.h>

#include <array>

#include "simd/block_masks.hpp"
#include "simd/class_bits.hpp"

#define BYTESTRIDE_TARGET __attribute__((target("avx2,bmi")))
#define BYTESTRIDE_KERNEL BYTESTRIDE_TARGET __attribute__((always_inline)) inline

namespace bytestride {
namespace {

struct Bytes {
  __m256i low;
  __m256i high;
};
using Flags = Bytes;  // all bits of a byte

BYTESTRIDE_KERNEL Bytes load_bytes(const char* text) {
  const auto* const at = reinterpret_cast<const __m256i*>(text);
  return {_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
}
BYTESTRIDE_KERNEL __m256i splat_half(std::uint8_t byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}
BYTESTRIDE_KERNEL Bytes splat(std::uint8_t byte) {
  return {splat_half(byte), splat_half(byte)};
}
BYTESTRIDE_KERNEL std::uint64_t mask_of(const Flags& flags) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(flags.low)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(flags.high)))
             << 32;
}
BYTESTRIDE_KERNEL Flags both(const Flags& a, const Flags& b) {
  return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
}
BYTESTRIDE_KERNEL Flags but_not(const Flags& a, const Flags& b) {
  return {_mm256_andnot_si256(b.low, a.low), _mm256_andnot_si256(b.high, a.high)};
}
BYTESTRIDE_KERNEL Flags equal(const Bytes& bytes, std::uint8_t byte) {
  const __m256i wanted = splat_half(byte);
  return {_mm256_cmpeq_epi8(bytes.low, wanted), _mm256_cmpeq_epi8(bytes.high, wanted)};
}
BYTESTRIDE_KERNEL Flags only(unsigned i) {
  alignas(32) static constexpr std::uint8_t kNumbers[32] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
  const __m256i numbers = _mm256_load_si256(reinterpret_cast<const __m256i*>(kNumbers));
  return equal({numbers, _mm256_add_epi8(numbers, splat_half(32))}, static_cast<std::uint8_t>(i));
}
// Bytes of that value or more.
BYTESTRIDE_KERNEL Flags above(const Bytes& bytes, std::uint8_t least) {
  const __m256i bound = splat_half(least);
  return {_mm256_cmpeq_epi8(_mm256_max_epu8(bytes.low, bound), bytes.low),
          _mm256_cmpeq_epi8(_mm256_max_epu8(bytes.high, bound), bytes.high)};
}
BYTESTRIDE_KERNEL Flags with_bit(const Bytes& bytes, std::uint8_t bit) {
  return equal(both(bytes, splat(bit)), bit);
}
BYTESTRIDE_KERNEL Bytes choose(const Flags& flags, const Bytes& yes, const Bytes& no) {
  return {_mm256_blendv_epi8(no.low, yes.low, flags.low),
          _mm256_blendv_epi8(no.high, yes.high, flags.high)};
}
BYTESTRIDE_KERNEL __m256i quarter_of(const std::uint8_t* row, int quarter) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(row) + quarter));
}
BYTESTRIDE_KERNEL __m256i look_up_half(const std::uint8_t* row, __m256i bytes) {
  // Four look-ups by the low four bits; the next two bits, moved to the top, choose between them.
  const __m256i places = _mm256_and_si256(bytes, splat_half(0x0F));
  const __m256i bit4 = _mm256_slli_epi16(bytes, 3);
  const __m256i bit5 = _mm256_slli_epi16(bytes, 2);
  const __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter_of(row, 0), places),
                                         _mm256_shuffle_epi8(quarter_of(row, 1), places), bit4);
  const __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(quarter_of(row, 2), places),
                                          _mm256_shuffle_epi8(quarter_of(row, 3), places), bit4);
  return _mm256_blendv_epi8(low, high, bit5);
}
// By the low six bits of each byte.
BYTESTRIDE_KERNEL Bytes look_up(const std::uint8_t* row, const Bytes& places) {
  return {look_up_half(row, places.low), look_up_half(row, places.high)};
}
// Each byte becomes the one before it.
BYTESTRIDE_KERNEL Bytes shifted(const Bytes& bytes, const Bytes& block_before) {
  const __m256i below = _mm256_permute2x128_si256(block_before.high, bytes.low, 0x21);
  const __m256i middle = _mm256_permute2x128_si256(bytes.low, bytes.high, 0x21);
  return {_mm256_alignr_epi8(bytes.low, below, 15), _mm256_alignr_epi8(bytes.high, middle, 15)};
}

// A class whose bytes are a set of upper halves with a set of lower halves each is what two
// look-ups have in common. Letters, white space and `line` are two such sets, so there are two
// pairs.
struct HalfByteTables {
  alignas(16) std::array<std::uint8_t, 16> upper_half[2];
  alignas(16) std::array<std::uint8_t, 16> lower_half[2];
};

constexpr HalfByteTables kHalfBytes = [] {
  HalfByteTables tables{};
  tables.upper_half[0] = {kWhiteBit | kLineBit, 0, kBlankBit, kNumberBit, kUpperBit, 0, kLowerBit};
  tables.upper_half[1] = {0, 0, kWhiteBit | kLineBit, 0, 0, kUpperBit, 0, kLowerBit};
  for (unsigned c = 0; c < 128; ++c) {
    for (int i = 0; i < 2; ++i) {
      std::uint8_t& bits = tables.lower_half[i][c & 15];
      bits = static_cast<std::uint8_t>(bits | (kAsciiClassBits[c] & tables.upper_half[i][c >> 4]));
    }
  }
  return tables;
}();

static_assert([] {
  const auto pair = [](int i, unsigned c) {
    return kHalfBytes.lower_half[i][c & 15] & kHalfBytes.upper_half[i][c >> 4];
  };
  for (unsigned c = 0; c < 128; ++c) {
    if ((pair(0, c) | pair(1, c)) != kAsciiClassBits[c]) return false;
  }
  return true;
}());

// In registers.
struct AsciiTables {
  __m256i upper_half[2];
  __m256i lower_half[2];
};

BYTESTRIDE_KERNEL AsciiTables ascii_tables() {
  AsciiTables tables;
  for (int i = 0; i < 2; ++i) {
    tables.upper_half[i] = quarter_of(kHalfBytes.upper_half[i].data(), 0);
    tables.lower_half[i] = quarter_of(kHalfBytes.lower_half[i].data(), 0);
  }
  return tables;
}

// The class bytes of ASCII, 0 for bytes beyond: a look-up by the lower half gives 0 for those.
BYTESTRIDE_KERNEL __m256i ascii_classes(const AsciiTables& tables, __m256i bytes) {
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), splat_half(0x0F));
  __m256i pairs[2];
  for (int i = 0; i < 2; ++i) {
    pairs[i] = _mm256_and_si256(_mm256_shuffle_epi8(tables.lower_half[i], bytes),
                                _mm256_shuffle_epi8(tables.upper_half[i], upper));
  }
  return _mm256_or_si256(pairs[0], pairs[1]);
}

// The bytes that have this bit: it moves to the top of its byte.
template <std::uint8_t Bit>
BYTESTRIDE_KERNEL std::uint64_t mask_of_bit(const Bytes& bits) {
  constexpr int kShift = __builtin_clz(unsigned{Bit}) - 24;
  return mask_of({_mm256_slli_epi16(bits.low, kShift), _mm256_slli_epi16(bits.high, kShift)});
}

}  // namespace
}  // namespace bytestride

#include "simd/beyond_ascii.hpp"

namespace bytestride {

BYTESTRIDE_TARGET Text classify_blocks_avx2(const char* text, std::size_t n_blocks,
                                            const ClassRows& rows, ClassMasks* masks) {
  const AsciiTables tables = ascii_tables();
  BeyondAscii beyond{splat(0)};
  std::uint64_t all_non_ascii = 0;
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const Bytes bytes = load_bytes(text + k * kBlockBytes);
    const std::uint64_t non_ascii = mask_of(bytes);
    Bytes bits = {ascii_classes(tables, bytes.low), ascii_classes(tables, bytes.high)};
    masks->continuation[k] = 0;
    if (non_ascii == 0) {
      pass_ascii(beyond);
    } else {
      const Bytes others = classes_beyond_ascii(text + k * kBlockBytes, bytes, rows, beyond,
                                                &masks->continuation[k]);
      bits = {_mm256_or_si256(bits.low, others.low), _mm256_or_si256(bits.high, others.high)};
    }
    masks->upper[k] = mask_of_bit<kUpperBit>(bits);
    masks->lower[k] = mask_of_bit<kLowerBit>(bits);
    masks->mark[k] = mask_of_bit<kMarkBit>(bits);
    masks->number[k] = mask_of_bit<kNumberBit>(bits);
    masks->white[k] = mask_of_bit<kWhiteBit>(bits);
    masks->blank[k] = mask_of_bit<kBlankBit>(bits);
    masks->line[k] = mask_of_bit<kLineBit>(bits);
    masks->non_ascii[k] = non_ascii;
    all_non_ascii |= non_ascii;
  }
  if (rows.of_other != 0) mark_controls(text, n_blocks, masks);
  if (all_non_ascii == 0) return Text::ascii;
  return is_well_formed(beyond, text + n_blocks * kBlockBytes) ? Text::well_formed
                                                               : Text::ill_formed;
}

}  // namespace bytestride
#endif
