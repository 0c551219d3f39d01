#include "pretokenize/window.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "simd/ascii_class_bits.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

// The bits of each CharClass, as the masks hold them. Only ASCII has newlines.
constexpr std::array<std::uint8_t, 8> kClassBits = {
    kUpperBit, kLowerBit, kUpperBit | kLowerBit, kMarkBit, kNumberBit, kWhiteBit, kWhiteBit, 0};

}  // namespace

void Window::load(ClassifyBlocks classify, std::string_view text, std::size_t position) {
  const char* const begin = text.data() + position;
  const std::size_t left = text.size() - position;
  ends_text = left <= kBytes;
  n_bytes = std::min(left, kBytes);
  if (left >= kMaskBytes) {
    beyond_ascii = classify(begin, kMaskWords, &classes);
    std::fill_n(valid, kMaskWords, ~std::uint64_t{0});
  } else {
    // Zeros behind the text are in none of the masks, but in no word either.
    const std::size_t n_blocks = left / kBlockBytes + 1;
    char padded[kMaskBytes];
    std::memcpy(padded, begin, left);
    std::memset(padded + left, 0, n_blocks * kBlockBytes - left);
    classes = ClassMasks{};
    beyond_ascii = classify(padded, n_blocks, &classes);
    std::fill_n(valid, kMaskWords, 0);
    std::fill_n(valid, n_blocks - 1, ~std::uint64_t{0});
    valid[n_blocks - 1] = (std::uint64_t{1} << left % kBlockBytes) - 1;
  }
  if (beyond_ascii) add_beyond_ascii(begin, text.data() + text.size());
}

void Window::add_beyond_ascii(const char* begin, const char* text_end) {
  std::fill_n(continuation, kMaskWords, 0);
  std::uint64_t* const masks[] = {classes.upper, classes.lower, classes.mark, classes.number,
                                  classes.white};
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
      continuation[k] |= here & ~(std::uint64_t{1} << i);
      if (has_next) continuation[k + 1] |= there;
      const CharClass its = c.ok ? char_class(c.code_point) : CharClass::other;
      for (unsigned bits = kClassBits[static_cast<unsigned>(its)]; bits != 0; bits &= bits - 1) {
        std::uint64_t* const mask = masks[__builtin_ctz(bits)];
        mask[k] |= here;
        if (has_next) mask[k + 1] |= there;
      }
    }
  }
}

}  // namespace bytestride
