#include "pretokenize/window.hpp"

#include <algorithm>
#include <cstring>

#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {

void Window::load(ClassifyBlocks classify, std::string_view text, std::size_t position) {
  const char* const begin = text.data() + position;
  const std::size_t left = text.size() - position;
  ends_text = left <= kBytes;
  n_bytes = std::min(left, kBytes);
  n_blocks = (n_bytes + kBlockBytes - 1) / kBlockBytes;
  const std::size_t n_wanted = n_blocks + 1;
  const std::size_t n_whole = std::min(left / kBlockBytes, n_wanted);
  classify(begin, n_whole, ascii);
  std::fill_n(valid, n_whole, ~std::uint64_t{0});
  if (n_whole < n_wanted) {
    const std::size_t rest = left - n_whole * kBlockBytes;
    char padded[kBlockBytes] = {};
    std::memcpy(padded, begin + n_whole * kBlockBytes, rest);
    classify(padded, 1, ascii + n_whole);
    valid[n_whole] = (std::uint64_t{1} << rest) - 1;
    for (std::size_t k = n_whole + 1; k < n_wanted; ++k) {
      ascii[k] = BlockMasks{};
      valid[k] = 0;
    }
  }
  add_beyond_ascii(begin, text.data() + text.size(), n_wanted);
}

void Window::add_beyond_ascii(const char* begin, const char* text_end, std::size_t n_loaded) {
  std::fill_n(caseless, n_loaded + 1, 0);
  std::fill_n(mark, n_loaded + 1, 0);
  std::fill_n(continuation, n_loaded + 1, 0);
  std::uint64_t taken = 0;  // bytes of this block that a character of the last one took
  for (std::size_t k = 0; k < n_loaded; ++k) {
    std::uint64_t left = ascii[k].non_ascii & ~taken;
    taken = 0;
    while (left != 0) {
      const auto i = static_cast<unsigned>(__builtin_ctzll(left));
      const DecodedChar c = decode_utf8(begin + k * kBlockBytes + i, text_end);
      const std::uint64_t bytes = (std::uint64_t{1} << c.length) - 1;
      const std::uint64_t here = bytes << i;
      // A character may run on into the next block, and the last block's into nowhere.
      const std::uint64_t there = i + c.length > kBlockBytes ? bytes >> (kBlockBytes - i) : 0;
      const auto add = [&](std::uint64_t& mask, std::uint64_t& next) {
        mask |= here;
        next |= there;
      };
      left &= ~here;
      taken |= there;
      continuation[k] |= here & ~(std::uint64_t{1} << i);
      continuation[k + 1] |= there;
      // The look-ahead block's own spill is of no use to anyone.
      BlockMasks nowhere{};
      BlockMasks& next = k + 1 < n_loaded ? ascii[k + 1] : nowhere;
      switch (c.ok ? char_class(c.code_point) : CharClass::other) {
        case CharClass::upper:
          add(ascii[k].upper, next.upper);
          break;
        case CharClass::lower:
          add(ascii[k].lower, next.lower);
          break;
        case CharClass::caseless:
          add(caseless[k], caseless[k + 1]);
          break;
        case CharClass::mark:
          add(mark[k], mark[k + 1]);
          break;
        case CharClass::number:
          add(ascii[k].number, next.number);
          break;
        case CharClass::newline:
        case CharClass::space:
          add(ascii[k].white, next.white);
          break;
        case CharClass::other:
          break;
      }
    }
  }
}

}  // namespace bytestride
