#include "documents/safe_cut.hpp"

#include <cstdint>
#include <string>

#include "unicode/classes.hpp"
#include "unicode/nfc_tables.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

constexpr bool is_ascii_letter(char32_t c) {
  return (c | 0x20u) >= 'a' && (c | 0x20u) <= 'z';
}

constexpr bool is_ascii_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_ascii_graphic(char32_t c) {
  return c > ' ' && c < 0x7F;
}

// Characters beside a position of a text in code units. Surrogates are no character of interest.
template <typename Unit>
struct UcsText {
  const Unit* units;
  std::size_t n;

  char32_t after(std::size_t i) const { return units[i]; }
  char32_t before(std::size_t i) const { return units[i - 1]; }
};

// The same in UTF-8; U+FFFD inside a character and where it is ill-formed.
struct Utf8Text {
  const char* bytes;
  std::size_t n;

  char32_t after(std::size_t i) const {
    if (static_cast<signed char>(bytes[i]) >= 0) return static_cast<unsigned char>(bytes[i]);
    return decode_utf8(bytes + i, bytes + n).code_point;
  }
  char32_t before(std::size_t i) const {
    if (static_cast<signed char>(bytes[i - 1]) >= 0) {
      return static_cast<unsigned char>(bytes[i - 1]);
    }
    return decode_last_utf8(bytes, bytes + i).code_point;
  }
};

// Whether position i, 0 < i < n, is one of the safe places.
template <typename Text>
bool is_safe_cut(const Text& text, std::size_t i) {
  const char32_t after = text.after(i);
  if (is_ascii_letter(after) || is_ascii_digit(after)) {
    return text.before(i) == '\n' && i > 1 && is_ascii_graphic(text.before(i - 1));
  }
  return may_follow_letter_cut(after) && is_letter_before_cut(text.before(i));
}

template <typename Text>
std::size_t find_from(const Text& text, std::size_t from) {
  for (std::size_t i = from > 0 ? from : 1; i < text.n; ++i) {
    if (is_safe_cut(text, i)) return i;
  }
  return text.n;
}

}  // namespace

bool is_letter_before_cut(char32_t code_point) {
  if (code_point < 0x80) return is_ascii_letter(code_point);
  const CharClass c = char_class(code_point);
  if (c != CharClass::upper && c != CharClass::lower && c != CharClass::caseless) return false;
  // One that NFC takes apart may end in a mark.
  constexpr unsigned kChanges = nfc_tables::kNotQuickYes | nfc_tables::kClassMask;
  return (nfc_tables::property(code_point) & kChanges) == 0;
}

bool may_follow_letter_cut(char32_t code_point) {
  switch (code_point) {
    case ' ':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case ',':
    case ';':
    case '"':
    case '(':
    case ')':
      return true;
    // In [\u30a0-\u30ff] of DeepSeek's stages, in [\p{Han}] of Kimi's pattern.
    case 0x30A0:
    case 0x30FB:
    case 0x16FE2:
      return false;
    default:
      break;
  }
  if (code_point < 0x80 || nfc_tables::property(code_point) != 0) return false;
  const std::uint8_t what = class_byte(code_point);
  if ((what & kWhiteSpaceBit) != 0) return true;
  // Punctuation but connectors, which are word characters to single_word: Pd to Po.
  const unsigned category = what & kCategoryBits;
  return category >= 12 && category <= 17;
}

std::size_t find_safe_cut(const DocumentView& document, std::size_t from) {
  const std::size_t n = document.n_units;
  switch (document.kind) {
    case TextKind::utf8:
      return find_from(Utf8Text{document.data, n}, from);
    case TextKind::ucs1:
      return find_from(
          UcsText<std::uint8_t>{reinterpret_cast<const std::uint8_t*>(document.data), n}, from);
    case TextKind::ucs2:
      return find_from(
          UcsText<std::uint16_t>{reinterpret_cast<const std::uint16_t*>(document.data), n}, from);
    case TextKind::ucs4:
      return find_from(
          UcsText<std::uint32_t>{reinterpret_cast<const std::uint32_t*>(document.data), n}, from);
  }
  return n;
}

std::size_t find_last_safe_cut(ByteSpan text) {
  const Utf8Text units{text.data(), text.size()};
  for (std::size_t i = text.size(); i-- > 1;) {
    if (is_safe_cut(units, i)) return i;
  }
  return 0;
}

bool may_span_safe_cut(ByteSpan content) {
  // What a cut needs before it may lie outside the content: take it as given.
  std::string inside("a");
  inside.append(content);
  return find_safe_cut({inside.data(), inside.size(), TextKind::utf8}, 2) < inside.size();
}

}  // namespace bytestride
