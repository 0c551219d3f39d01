#include "vocab/rank_lines.hpp"

#include <array>
#include <utility>

namespace bytestride {
namespace {

constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

std::uint32_t digit(char c) {
  return kDigits[static_cast<unsigned char>(c)];
}

// Decodes base64 from `p` on to where it ends and appends it to `out`; nullptr where that is no
// whole number of groups. Bits that padding leaves over are not looked at, as in binascii.
const char* read_base64(const char* p, const char* end, char*& out) {
  for (; end - p >= 4; p += 4) {
    const std::uint32_t a = digit(p[0]), b = digit(p[1]), c = digit(p[2]), d = digit(p[3]);
    const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    if (((a | b | c | d) & 0xC0u) != 0) {  // one of them is no digit
      if (p[0] == ' ') return p;
      if (a == kNoDigit || b == kNoDigit || p[3] != '=') return nullptr;
      *out++ = static_cast<char>(a << 2 | b >> 4);
      if (c != kNoDigit) {
        *out++ = static_cast<char>(b << 4 | c >> 2);
      } else if (p[2] != '=') {
        return nullptr;
      }
      return p + 4;
    }
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  return p;
}

}  // namespace

std::optional<TokenList> read_rank_lines(ByteSpan text) {
  TokenList list;
  list.bytes.resize(text.size() / 4 * 3);
  char* out = list.bytes.data();
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const char* const begin = out;
    p = read_base64(p, end, out);
    if (p == nullptr || p == end || *p != ' ' || out == begin) return std::nullopt;
    if (out - begin > 0xFFFFFFFF) return std::nullopt;
    ++p;
    const char* const digits = p;
    std::uint64_t rank = 0;
    while (p != end && *p >= '0' && *p <= '9' && p - digits < 10) {
      rank = 10 * rank + static_cast<std::uint64_t>(*p++ - '0');
    }
    if (p == digits || rank > kMaxListedId) return std::nullopt;
    if (p != end && *p++ != '\n') return std::nullopt;
    list.tokens.push_back({static_cast<std::uint64_t>(begin - list.bytes.data()),
                           static_cast<std::uint32_t>(out - begin), static_cast<TokenId>(rank)});
  }
  list.bytes.resize(static_cast<std::size_t>(out - list.bytes.data()));
  list.bytes.shrink_to_fit();
  return list;
}

}  // namespace bytestride
