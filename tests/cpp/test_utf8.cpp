#include <doctest/doctest.h>

#include <cstdint>
#include <ios>
#include <string>
#include <vector>

#include "support.hpp"
#include "unicode/utf8.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// The bits of a code point laid out by hand, without the encoder under test.
std::string spelled(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 + c / 64), byte(0x80 + c % 64)};
  if (c < 0x10000) return {byte(0xE0 + c / 4096), byte(0x80 + c / 64 % 64), byte(0x80 + c % 64)};
  return {byte(0xF0 + c / 262144), byte(0x80 + c / 4096 % 64), byte(0x80 + c / 64 % 64),
          byte(0x80 + c % 64)};
}

bool is_scalar(std::uint32_t c) {
  return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

// The first n bytes as one number, which tells strings of different lengths apart.
std::size_t packed(const std::string& text, std::size_t n) {
  std::size_t number = 1;
  for (std::size_t i = 0; i < n; ++i) number = number * 256 + static_cast<unsigned char>(text[i]);
  return number;
}

// Every proper prefix of a well-formed character: what a maximal subpart may be.
const std::vector<bool>& proper_prefixes() {
  static const std::vector<bool> all = [] {
    std::vector<bool> prefixes(std::size_t{2} << 24);
    for (std::uint32_t c = 0x80; c <= 0x10FFFF; ++c) {
      if (!is_scalar(c)) continue;
      const std::string bytes = spelled(c);
      for (std::size_t n = 1; n < bytes.size(); ++n) prefixes[packed(bytes, n)] = true;
    }
    return prefixes;
  }();
  return all;
}

// Reads by definition: a whole character, or else the longest prefix of one, or else one byte.
DecodedChar decode_by_definition(const std::string& text) {
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])}; };
  const std::size_t n_bytes = at(0) < 0x80 ? 1 : at(0) < 0xE0 ? 2 : at(0) < 0xF0 ? 3 : 4;
  if (text.size() >= n_bytes) {
    std::uint32_t c = n_bytes == 1 ? at(0) : at(0) & (0x7F >> n_bytes);
    for (std::size_t i = 1; i < n_bytes; ++i) c = c * 64 + (at(i) & 0x3F);
    if (is_scalar(c) && text.starts_with(spelled(c))) {
      return {c, static_cast<std::uint32_t>(n_bytes), true};
    }
  }
  for (std::size_t n = std::min<std::size_t>(3, text.size()); n > 1; --n) {
    if (proper_prefixes()[packed(text, n)]) {
      return {0xFFFD, static_cast<std::uint32_t>(n), false};
    }
  }
  return {0xFFFD, 1, false};
}

bool agree(const std::string& text) {
  const DecodedChar found = decode_utf8(text.data(), text.data() + text.size());
  const DecodedChar expected = decode_by_definition(text);
  if (found.ok == expected.ok && found.length == expected.length &&
      found.code_point == expected.code_point) {
    return true;
  }
  FAIL_CHECK(quoted(text) << " gave U+" << std::hex << static_cast<unsigned>(found.code_point)
                          << " of " << found.length << " bytes");
  return false;
}

}  // namespace

TEST_CASE("all strings of one, two and three bytes decode by the definition") {
  const auto byte = [](int value) { return static_cast<char>(value); };
  bool all_agree = true;
  std::string text;
  for (int a = 0; a < 256 && all_agree; ++a) {
    all_agree = agree({byte(a)});
    for (int b = 0; b < 256 && all_agree; ++b) {
      all_agree = agree({byte(a), byte(b)});
      for (int c = 0; c < 256 && all_agree; ++c) {
        text = {byte(a), byte(b), byte(c)};
        all_agree = agree(text);
      }
    }
  }
}

TEST_CASE("strings of four bytes and more decode by the definition") {
  static constexpr unsigned char kEdges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                             0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  for (int lead = 0xE0; lead < 0x100; ++lead) {
    for (const unsigned char b : kEdges) {
      for (const unsigned char c : kEdges) {
        for (const unsigned char d : kEdges) {
          const std::string text{static_cast<char>(lead), static_cast<char>(b),
                                 static_cast<char>(c), static_cast<char>(d)};
          REQUIRE(agree(text));
          REQUIRE(agree(text + '\x80'));
        }
      }
    }
  }
}

TEST_CASE("every scalar value survives writing and reading") {
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (!is_scalar(c)) continue;
    char bytes[4];
    char* const end = encode_utf8(c, bytes);
    const DecodedChar found = decode_utf8(bytes, end);
    const bool good = std::string(bytes, end) == spelled(c) && found.ok && found.code_point == c &&
                      found.length == static_cast<std::uint32_t>(end - bytes);
    if (!good) FAIL_CHECK("U+" << std::hex << c);
  }
}

TEST_CASE("cut as the Unicode standard's example cuts") {
  // Table 3-8 of chapter 3, Unicode 16.
  const std::string text = "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64";
  std::vector<std::uint32_t> lengths;
  for (const char* p = text.data(); p < text.data() + text.size(); p += lengths.back()) {
    lengths.push_back(decode_utf8(p, text.data() + text.size()).length);
  }
  CHECK(lengths == std::vector<std::uint32_t>{1, 3, 2, 1, 1, 1, 1, 1, 1, 1});
}
