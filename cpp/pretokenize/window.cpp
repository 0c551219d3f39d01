#include "pretokenize/window.hpp"

#include <algorithm>
#include <cstring>

#include "unicode/utf8.hpp"

namespace bytestride {

void Window::load(ClassifyBlocks classify, const ClassRows& rows, std::string_view text,
                  std::size_t position) {
  const char* const begin = text.data() + position;
  const std::size_t left = text.size() - position;
  ends_text = left < kMaskBytes;
  n_bytes = ends_text ? left : kMaskBytes - kBlockBytes;
  Text kind;
  if (left >= kMaskBytes + kBlockBytes) {
    kind = classify(begin, kMaskWords, rows, &classes);
    std::fill_n(valid, kMaskWords, ~std::uint64_t{0});
  } else {
    // Zeros behind the text, which are in no class once they are not valid.
    const std::size_t n_blocks = std::min(left / kBlockBytes + 1, kMaskWords);
    char padded[kMaskBytes + kBlockBytes];
    std::memcpy(padded, begin, left);
    std::memset(padded + left, 0, (n_blocks + 1) * kBlockBytes - left);
    if (n_blocks < kMaskWords) classes = ClassMasks{};
    kind = classify(padded, n_blocks, rows, &classes);
    std::fill_n(valid, kMaskWords, 0);
    std::fill_n(valid, left / kBlockBytes, ~std::uint64_t{0});
    if (left < kMaskBytes) valid[left / kBlockBytes] = (std::uint64_t{1} << left % kBlockBytes) - 1;
  }
  beyond_ascii = kind != Text::ascii;
  if (kind == Text::ill_formed) follow_beyond_ascii(begin, text.data() + text.size(), rows);
}

namespace {

// The class bits of a character beyond ASCII, `c` at `text`.
std::uint8_t class_bits(const ClassRows& rows, const DecodedChar& c, const char* text) {
  if (!c.ok) return rows.of_other;
  return c.code_point < 0x10000 ? rows.page[c.code_point / 64][c.code_point % 64]
                                : rows.of_four_bytes(text);
}

}  // namespace

void Window::follow_beyond_ascii(const char* begin, const char* text_end, const ClassRows& rows) {
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
      const char* const at = begin + k * kBlockBytes + i;
      const DecodedChar c = decode_utf8(at, text_end);
      const std::uint64_t bytes = (std::uint64_t{1} << c.length) - 1;
      const std::uint64_t here = bytes << i;
      // A character may run on into the next block, and the last block's into nowhere.
      const std::uint64_t there = i + c.length > kBlockBytes ? bytes >> (kBlockBytes - i) : 0;
      const bool has_next = there != 0 && k + 1 < kMaskWords;
      left &= ~here;
      taken |= there;
      classes.continuation[k] |= here & ~(std::uint64_t{1} << i);
      if (has_next) classes.continuation[k + 1] |= there;
      for (unsigned bits = class_bits(rows, c, at); bits != 0; bits &= bits - 1) {
        std::uint64_t* const mask = masks[__builtin_ctz(bits)];
        mask[k] |= here;
        if (has_next) mask[k + 1] |= there;
      }
    }
  }
}

}  // namespace bytestride
