// Character classes at Unicode 16, the version of tiktoken 0.14 and tokenizers 0.23.
//
// A class byte is the index of the general category (order of kCategoryNames) with a bit each for
// White_Space, for the script Han, and for what the Punctuation of tokenizers takes for such. Split
// grammars see the coarser CharClass. Look-up is two loads; tables are static and shared
// (generate_classes.py writes them).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bytestride {

inline constexpr std::array<std::string_view, 30> kCategoryNames = {
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
    "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};
inline constexpr std::uint8_t kCategoryBits = 0x1F;
inline constexpr std::uint8_t kWhiteSpaceBit = 0x20;
inline constexpr std::uint8_t kHanBit = 0x40;
inline constexpr std::uint8_t kPunctuation8Bit = 0x80;  // ASCII's, and category P of Unicode 8

// What split grammars tell apart. `other` is everything else, ill-formed bytes included.
enum class CharClass : std::uint8_t { upper, lower, caseless, mark, number, newline, space, other };

namespace class_tables {
extern const std::uint8_t kBlockOf[0x110000 / 256];
extern const std::uint8_t kBlocks[];
}  // namespace class_tables

// Precondition: code_point <= 0x10FFFF.
inline std::uint8_t class_byte(char32_t code_point) {
  return class_tables::kBlocks[class_tables::kBlockOf[code_point >> 8] * 256u + (code_point & 255)];
}

namespace detail {
constexpr std::array<CharClass, 64> char_class_by_byte() {
  std::array<CharClass, 64> by_byte{};
  for (unsigned byte = 0; byte < 64; ++byte) {
    const unsigned category = byte & kCategoryBits;
    if (byte & kWhiteSpaceBit) {
      by_byte[byte] = CharClass::space;
    } else if (category == 0 || category == 2) {
      by_byte[byte] = CharClass::upper;
    } else if (category == 1) {
      by_byte[byte] = CharClass::lower;
    } else if (category <= 4) {
      by_byte[byte] = CharClass::caseless;
    } else if (category <= 7) {
      by_byte[byte] = CharClass::mark;
    } else if (category <= 10) {
      by_byte[byte] = CharClass::number;
    } else {
      by_byte[byte] = CharClass::other;
    }
  }
  return by_byte;
}
inline constexpr std::array<CharClass, 64> kCharClassByByte = char_class_by_byte();

constexpr std::array<CharClass, 128> ascii_classes() {
  std::array<CharClass, 128> classes{};
  for (unsigned c = 0; c < 128; ++c) {
    const bool is_space = c == ' ' || (c >= 0x09 && c <= 0x0D);
    classes[c] = c >= 'A' && c <= 'Z'     ? CharClass::upper
                 : c >= 'a' && c <= 'z'   ? CharClass::lower
                 : c >= '0' && c <= '9'   ? CharClass::number
                 : c == '\n' || c == '\r' ? CharClass::newline
                 : is_space               ? CharClass::space
                                          : CharClass::other;
  }
  return classes;
}
inline constexpr std::array<CharClass, 128> kAsciiClasses = ascii_classes();
}  // namespace detail

inline CharClass char_class(char32_t code_point) {
  if (code_point < 128) return detail::kAsciiClasses[code_point];
  return detail::kCharClassByByte[class_byte(code_point) & (kCategoryBits | kWhiteSpaceBit)];
}

// Whether the Digits of tokenizers takes it for a digit: Rust's char::is_numeric, which is category
// N of Unicode 17, so 13 characters more than ours.
inline bool is_numeric(char32_t code_point) {
  const unsigned category = class_byte(code_point) & kCategoryBits;
  return (category >= 8 && category <= 10) || (code_point >= 0x11DE0 && code_point <= 0x11DE9) ||
         (code_point >= 0x16FF4 && code_point <= 0x16FF6);
}

}  // namespace bytestride
