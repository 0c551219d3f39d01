// The classes of characters of several bytes, a block at a time: a walk through tables of 64 bytes,
// which vectors look up at once for all characters that share the bytes before.
//
// For one instruction set at a time: a kernel's source file defines Bytes (64 bytes), Flags (one a
// byte) and what can be done with them, and includes this then. Costs a few look-ups for each lead
// byte, and for each two first bytes of three, that are in the block and not of one class.
#include <cstdint>

#include "simd/block_masks.hpp"

namespace bytestride {
namespace {

// Goes from block to block through text that begins with a character.
struct BeyondAscii {
  Bytes classes_before;        // of the block before
  std::uint64_t expected = 0;  // bytes of this block that belong to a character of the one before
  std::uint64_t ill_formed = 0;
};

// A block without such characters.
BYTESTRIDE_KERNEL void pass_ascii(BeyondAscii& state) {
  state.ill_formed |= state.expected;
  state.expected = 0;
}

// The classes at first bytes: by the first byte where that decides, by the second, by the third.
BYTESTRIDE_KERNEL Bytes classes_at_leads(const char* text, const Bytes& first, std::uint64_t leads,
                                         const ClassRows& rows) {
  const Bytes second = load_bytes(text + 1);
  const Bytes third = load_bytes(text + 2);
  Bytes classes = choose(above(first, 0xC0), look_up(rows.lead, first), splat(0));
  Flags open = with_bit(classes, ClassRows::kMixed);
  for (std::uint64_t left = leads & mask_of(open); left != 0; left = mask_of(open)) {
    const char* const at = text + __builtin_ctzll(left);
    const auto lead = static_cast<std::uint8_t>(*at);
    const Flags same = both(open, equal(first, lead));
    open = but_not(open, same);
    if (lead < 0xE0) {
      classes = choose(same, look_up(rows.page[lead & 0x1F], second), classes);
    } else if (lead < 0xF0) {
      const unsigned group = lead & 0x0F;
      classes = choose(same, look_up(rows.second[group], second), classes);
      Flags mixed = both(same, with_bit(classes, ClassRows::kMixed));
      for (std::uint64_t more = mask_of(mixed); more != 0; more = mask_of(mixed)) {
        const auto next = static_cast<std::uint8_t>(text[__builtin_ctzll(more) + 1]);
        const Flags paged = both(mixed, equal(second, next));
        const std::uint8_t* const page = rows.page[group << 6 | (next & 0x3F)];
        classes = choose(paged, look_up(page, third), classes);
        mixed = but_not(mixed, paged);
      }
    } else {
      for (std::uint64_t more = mask_of(same); more != 0; more &= more - 1) {
        const auto i = static_cast<unsigned>(__builtin_ctzll(more));
        classes = choose(only(i), splat(rows.of_four_bytes(text + i)), classes);
      }
    }
  }
  return classes;
}

// The class byte of every byte beyond ASCII of a block, 0 for the others. `continuation` becomes
// the bytes that are not the first of their character. Reads 3 bytes beyond the block.
BYTESTRIDE_KERNEL Bytes classes_beyond_ascii(const char* text, const Bytes& bytes,
                                             const ClassRows& rows, BeyondAscii& state,
                                             std::uint64_t* continuation) {
  const std::uint64_t leads = mask_of(above(bytes, 0xC0));
  const std::uint64_t of_three = mask_of(above(bytes, 0xE0));
  const std::uint64_t of_four = mask_of(above(bytes, 0xF0));
  *continuation = mask_of(above(bytes, 0x80)) & ~leads;
  const std::uint64_t expected = leads << 1 | of_three << 2 | of_four << 3 | state.expected;
  state.ill_formed |= expected ^ *continuation;
  state.expected = leads >> 63 | of_three >> 62 | of_four >> 61;
  Bytes classes = classes_at_leads(text, bytes, leads, rows);
  state.ill_formed |= mask_of(with_bit(classes, ClassRows::kIllFormed));
  const Flags later = but_not(above(bytes, 0x80), above(bytes, 0xC0));
  for (int i = 0; i < 3; ++i) {
    classes = choose(later, shifted(classes, state.classes_before), classes);
  }
  state.classes_before = classes;
  return classes;
}

// Whether all was well-formed; `end` is behind the last block.
BYTESTRIDE_KERNEL bool is_well_formed(const BeyondAscii& state, const char* end) {
  std::uint64_t missing = state.expected;
  for (unsigned i = 0; i < 3; ++i) {
    if ((static_cast<std::uint8_t>(end[i]) & 0xC0) == 0x80) missing &= ~(std::uint64_t{1} << i);
  }
  return (state.ill_formed | missing) == 0;
}

// Marks the control characters of ASCII that are not white, for tables that tell them apart.
BYTESTRIDE_KERNEL void mark_controls(const char* text, std::size_t n_blocks, ClassMasks* masks) {
  for (std::size_t k = 0; k < n_blocks; ++k) {
    const Bytes bytes = load_bytes(text + k * kBlockBytes);
    masks->mark[k] |=
        (~mask_of(above(bytes, 0x20)) & ~masks->white[k]) | mask_of(equal(bytes, 0x7F));
  }
}

}  // namespace
}  // namespace bytestride
