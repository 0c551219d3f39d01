#include "documents/json_lines.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>
#include <utility>

#include "documents/document.hpp"
#include "documents/well_formed.hpp"

namespace bytestride {
namespace {

// Deeper ones are unclear: a hostile line must not use up the stack.
constexpr int kMaxDepth = 128;

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

// The high bit of the first byte that is zero, and perhaps of bytes above it.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kOnes) & ~word & kHighs;
}

// The first of a quote, a backslash or a control character, or the end.
const char* find_special(const char* at, const char* end) {
#if defined(__SSE2__)  // part of every x86-64
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i is_sign =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(is_control, is_sign)));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - at >= 8; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
      const std::uint64_t found =
          zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) | control;
      // Of each of the three the lowest bit is right, so that of all is.
      if (found != 0) return at + std::countr_zero(found) / 8;
    }
  }
  while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_surrogate(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xE000;
}

char* append_utf8(std::uint32_t code_point, char* out) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return out;
}

// One line. Each step goes over what it is named after, and gives false where that is not there.
class LineParser {
 public:
  LineParser(const char* begin, const char* end, std::string_view member, char* out)
      : at_(begin), end_(end), member_(member), out_(out) {}

  // Whether the line is plainly an object with the member as a text.
  bool parse() {
    skip_spaces();
    if (!take('{') || !members()) return false;
    skip_spaces();
    return at_ == end_ && has_member_;
  }
  // Where the text that was written ends.
  char* out() const { return out_; }

 private:
  void skip_spaces() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  // The members of the outermost object, and its end.
  bool members() {
    skip_spaces();
    if (take('}')) return true;
    do {
      skip_spaces();
      if (!take('"')) return false;
      const char* const name = at_;
      at_ = find_special(at_, end_);
      const std::string_view found(name, static_cast<std::size_t>(at_ - name));
      if (!take('"')) return false;  // an escape in a name may be a letter of the member's
      skip_spaces();
      if (!take(':')) return false;
      skip_spaces();
      if (found == member_) {
        if (has_member_ || !take('"') || !string<true>()) return false;
        has_member_ = true;
      } else if (!value(1)) {
        return false;
      }
      skip_spaces();
    } while (take(','));
    return take('}');
  }

  bool value(int depth) {
    if (at_ == end_ || depth > kMaxDepth) return false;
    switch (*at_) {
      case '"':
        ++at_;
        return string<false>();
      case '{':
        ++at_;
        return object(depth + 1);
      case '[':
        ++at_;
        return list(depth + 1);
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  bool object(int depth) {
    skip_spaces();
    if (take('}')) return true;
    do {
      skip_spaces();
      if (!take('"') || !string<false>()) return false;
      skip_spaces();
      if (!take(':')) return false;
      skip_spaces();
      if (!value(depth)) return false;
      skip_spaces();
    } while (take(','));
    return take('}');
  }

  bool list(int depth) {
    skip_spaces();
    if (take(']')) return true;
    do {
      skip_spaces();
      if (!value(depth)) return false;
      skip_spaces();
    } while (take(','));
    return take(']');
  }

  bool digits() {
    const char* const begin = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  // Behind its first quote; kept in the output, or not.
  template <bool kKept>
  bool string() {
    for (;;) {
      const char* const special = find_special(at_, end_);
      if constexpr (kKept) {
        std::memcpy(out_, at_, static_cast<std::size_t>(special - at_));
        out_ += special - at_;
      }
      at_ = special;
      if (take('"')) return true;
      if (!take('\\') || !escape<kKept>()) return false;
    }
  }

  template <bool kKept>
  bool escape() {
    if (at_ == end_) return false;
    char plain;
    switch (*at_++) {
      case '"':
        plain = '"';
        break;
      case '\\':
        plain = '\\';
        break;
      case '/':
        plain = '/';
        break;
      case 'b':
        plain = '\b';
        break;
      case 'f':
        plain = '\f';
        break;
      case 'n':
        plain = '\n';
        break;
      case 'r':
        plain = '\r';
        break;
      case 't':
        plain = '\t';
        break;
      case 'u':
        return code_unit<kKept>();
      default:
        return false;
    }
    if constexpr (kKept) *out_++ = plain;
    return true;
  }

  template <bool kKept>
  bool code_unit() {
    std::uint32_t code_point;
    if (!hex(code_point)) return false;
    if constexpr (kKept) {
      if (is_surrogate(code_point)) {
        std::uint32_t low;
        if (code_point >= 0xDC00 || !take("\\u") || !hex(low) || low < 0xDC00 ||
            !is_surrogate(low)) {
          return false;
        }
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
      }
      out_ = append_utf8(code_point, out_);
    }
    return true;
  }

  bool hex(std::uint32_t& unit) {
    if (end_ - at_ < 4) return false;
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_++;
      const char lower = static_cast<char>(c | 0x20);
      std::uint32_t digit;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        digit = static_cast<std::uint32_t>(lower - 'a') + 10;
      } else {
        return false;
      }
      unit = unit << 4 | digit;
    }
    return true;
  }

  const char* at_;
  const char* end_;
  std::string_view member_;
  char* out_;
  bool has_member_ = false;
};

bool is_blank(const char* begin, const char* end) {
  while (begin < end && (*begin == ' ' || *begin == '\t' || *begin == '\r')) ++begin;
  return begin == end;
}

bool is_well_formed(const char* data, std::size_t n_bytes) {
  return ill_formed_documents(DocumentList({DocumentView{data, n_bytes, TextKind::utf8}})).empty();
}

}  // namespace

JsonLineTexts json_line_texts(ByteSpan data, std::string_view member) {
  // An escape is never shorter than what it stands for.
  JsonLineTexts found{RecycledPages(data.size()), {0}, {}, {}};
  const bool all_well_formed = is_well_formed(data.data(), data.size());
  const char* const first = data.data();
  const char* const last = first + data.size();
  char* const texts = static_cast<char*>(found.text.data());
  char* out = texts;
  for (const char* begin = first; begin < last;) {
    const auto left = static_cast<std::size_t>(last - begin);
    const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', left));
    const char* const end = newline == nullptr ? last : newline;
    LineParser parser(begin, end, member, out);
    const bool is_utf8 =
        all_well_formed || is_well_formed(begin, static_cast<std::size_t>(end - begin));
    if (is_utf8 && parser.parse()) {
      out = parser.out();
      found.offsets.push_back(out - texts);
      found.lines.push_back(begin - first);
    } else if (!is_blank(begin, end)) {
      found.unclear.push_back(begin - first);
      found.unclear.push_back(end - first);
    }
    begin = end == last ? last : end + 1;
  }
  return found;
}

}  // namespace bytestride
