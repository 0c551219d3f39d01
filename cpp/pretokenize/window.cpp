#include "pretokenize/window.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "simd/class_bits.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

// The bits of each CharClass, as the masks hold them. Only ASCII has newlines.
constexpr std::array<std::uint8_t, 8> kClassBits = {
    kUpperBit, kLowerBit, kUpperBit | kLowerBit, kMarkBit, kNumberBit, kWhiteBit, kWhiteBit, 0};

std::uint8_t class_bits(char32_t code_point) {
  return kClassBits[static_cast<unsigned>(char_class(code_point))];
}

std::uint8_t class_of_four_bytes(const char* text) {
  const DecodedChar c = decode_utf8(text, text + 4);
  return c.ok ? class_bits(c.code_point) : ClassRows::kIllFormed;
}

// The class of a whole row, or kMixed.
std::uint8_t class_of_all(const std::uint8_t* row) {
  return std::all_of(row, row + 64, [&](std::uint8_t one) { return one == row[0]; })
             ? row[0]
             : ClassRows::kMixed;
}

// From the tables of all code points: 66 KiB, of which a text uses few rows.
std::unique_ptr<const ClassRows> make_class_rows() {
  auto rows = std::make_unique<ClassRows>();
  rows->of_four_bytes = class_of_four_bytes;
  for (char32_t c = 0; c < 0x10000; ++c) {
    const bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    rows->page[c / 64][c % 64] = is_surrogate ? ClassRows::kIllFormed : class_bits(c);
  }
  for (unsigned group = 0; group < 16; ++group) {
    for (unsigned next = 0; next < 64; ++next) {
      // Three bytes for what fits two are ill-formed.
      rows->second[group][next] = group == 0 && next < 32
                                      ? ClassRows::kIllFormed
                                      : class_of_all(rows->page[group * 64 + next]);
    }
  }
  for (unsigned lead = 0xC0; lead < 0x100; ++lead) {
    rows->lead[lead - 0xC0] = lead < 0xC2 || lead > 0xF4 ? ClassRows::kIllFormed
                              : lead < 0xE0              ? class_of_all(rows->page[lead - 0xC0])
                              : lead < 0xF0              ? class_of_all(rows->second[lead - 0xE0])
                                                         : ClassRows::kMixed;
  }
  return rows;
}

const ClassRows& class_rows() {
  static const std::unique_ptr<const ClassRows> rows = make_class_rows();
  return *rows;
}

}  // namespace

void Window::load(ClassifyBlocks classify, std::string_view text, std::size_t position) {
  const char* const begin = text.data() + position;
  const std::size_t left = text.size() - position;
  ends_text = left < kMaskBytes;
  n_bytes = ends_text ? left : kMaskBytes - kBlockBytes;
  Text kind;
  if (left >= kMaskBytes + kBlockBytes) {
    kind = classify(begin, kMaskWords, class_rows(), &classes);
    std::fill_n(valid, kMaskWords, ~std::uint64_t{0});
  } else {
    // Zeros behind the text, which are in no class once they are not valid.
    const std::size_t n_blocks = std::min(left / kBlockBytes + 1, kMaskWords);
    char padded[kMaskBytes + kBlockBytes];
    std::memcpy(padded, begin, left);
    std::memset(padded + left, 0, (n_blocks + 1) * kBlockBytes - left);
    if (n_blocks < kMaskWords) classes = ClassMasks{};
    kind = classify(padded, n_blocks, class_rows(), &classes);
    std::fill_n(valid, kMaskWords, 0);
    std::fill_n(valid, left / kBlockBytes, ~std::uint64_t{0});
    if (left < kMaskBytes) valid[left / kBlockBytes] = (std::uint64_t{1} << left % kBlockBytes) - 1;
  }
  beyond_ascii = kind != Text::ascii;
  if (kind == Text::ill_formed) follow_beyond_ascii(begin, text.data() + text.size());
}

void Window::follow_beyond_ascii(const char* begin, const char* text_end) {
  std::uint64_t* const masks[] = {classes.upper, classes.lower, classes.mark, classes.number,
                                  classes.white};
  for (std::size_t k = 0; k < kMaskWords; ++k) {
    for (std::uint64_t* const mask : masks) mask[k] &= ~classes.non_ascii[k];
    classes.line[k] &= ~classes.non_ascii[k];
    classes.continuation[k] = 0;
  }
  std::uint64_t taken = 0;  // bytes of this block that a character of the last one took
  for (std::size_t k = 0; k < kMaskWords; ++k) {
    std::uint64_t left = classes.non_ascii[k] & ~taken;
    taken = 0;
    while (left != 0) {
      const auto i = static_cast<unsigned>(__builtin_ctzll(left));
      const DecodedChar c = decode_utf8(begin + k * kBlockBytes + i, text_end);
      const std::uint64_t bytes = (std::uint64_t{1} << c.length) - 1;
      const std::uint64_t here = bytes << i;
      // A character may run on into the next block, and the last block's into nowhere.
      const std::uint64_t there = i + c.length > kBlockBytes ? bytes >> (kBlockBytes - i) : 0;
      const bool has_next = there != 0 && k + 1 < kMaskWords;
      left &= ~here;
      taken |= there;
      classes.continuation[k] |= here & ~(std::uint64_t{1} << i);
      if (has_next) classes.continuation[k + 1] |= there;
      const unsigned its_bits = c.ok ? class_bits(c.code_point) : 0;
      for (unsigned bits = its_bits; bits != 0; bits &= bits - 1) {
        std::uint64_t* const mask = masks[__builtin_ctz(bits)];
        mask[k] |= here;
        if (has_next) mask[k + 1] |= there;
      }
    }
  }
}

}  // namespace bytestride
