#include <doctest/doctest.h>

#include <algorithm>
#include <ios>
#include <set>
#include <string_view>
#include <vector>

#include "unicode/classes.hpp"

using namespace bytestride;

namespace {

std::string_view category(char32_t code_point) {
  return kCategoryNames[class_byte(code_point) & 0x1F];
}

bool is_white(char32_t code_point) {
  return (class_byte(code_point) & kWhiteSpaceBit) != 0;
}

}  // namespace

TEST_CASE("the tables are those of Unicode 16") {
  CHECK(category(0x10D40) == "Nd");  // GARAY DIGIT ZERO, new in 16
  CHECK(category(0x1C89) == "Lu");   // CYRILLIC CAPITAL LETTER TJE, new in 16
  CHECK(category(0x11DE0) == "Cn");  // a digit from 17 on
  CHECK(char_class(0x10D40) == CharClass::number);
  CHECK(char_class(0x11DE0) == CharClass::other);
}

TEST_CASE("categories of some characters") {
  const struct {
    char32_t code_point;
    std::string_view name;
    CharClass coarse;
  } kCases[] = {
      {0x41, "Lu", CharClass::upper},      {0x7A, "Ll", CharClass::lower},
      {0x1C5, "Lt", CharClass::upper},     {0x2B0, "Lm", CharClass::caseless},
      {0x4E2D, "Lo", CharClass::caseless}, {0x301, "Mn", CharClass::mark},
      {0x903, "Mc", CharClass::mark},      {0x20DD, "Me", CharClass::mark},
      {0x661, "Nd", CharClass::number},    {0x2167, "Nl", CharClass::number},
      {0xBD, "No", CharClass::number},     {0x5F, "Pc", CharClass::other},
      {0x2014, "Pd", CharClass::other},    {0x28, "Ps", CharClass::other},
      {0x29, "Pe", CharClass::other},      {0xAB, "Pi", CharClass::other},
      {0xBB, "Pf", CharClass::other},      {0x27, "Po", CharClass::other},
      {0x2B, "Sm", CharClass::other},      {0x20AC, "Sc", CharClass::other},
      {0x5E, "Sk", CharClass::other},      {0x1F600, "So", CharClass::other},
      {0x20, "Zs", CharClass::space},      {0x2028, "Zl", CharClass::space},
      {0x2029, "Zp", CharClass::space},    {0x07, "Cc", CharClass::other},
      {0x200B, "Cf", CharClass::other},    {0xD800, "Cs", CharClass::other},
      {0xE000, "Co", CharClass::other},    {0x378, "Cn", CharClass::other},
      {0x10FFFF, "Cn", CharClass::other},  {0x0A, "Cc", CharClass::newline},
      {0x0D, "Cc", CharClass::newline},    {0x09, "Cc", CharClass::space},
      {0x85, "Cc", CharClass::space},      {0x17F, "Ll", CharClass::lower},
      {0x1F, "Cc", CharClass::other},      {0x180E, "Cf", CharClass::other},
      {0xFEFF, "Cf", CharClass::other},    {0xFFFD, "So", CharClass::other},
      {0x1D7CE, "Nd", CharClass::number},  {0x30000, "Lo", CharClass::caseless},
  };
  for (const auto& [point, name, coarse] : kCases) {
    const auto code_point = point;  // a binding cannot be captured, says clang 14
    CAPTURE(static_cast<unsigned>(code_point));
    CHECK(category(code_point) == name);
    CHECK(char_class(code_point) == coarse);
  }
}

TEST_CASE("White_Space is 25 characters") {
  const std::set<char32_t> expected{0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,
                                    0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                    0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                    0x2029, 0x202F, 0x205F, 0x3000};
  REQUIRE(expected.size() == 25);
  std::set<char32_t> found;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_white(c)) found.insert(c);
  }
  CHECK(found == expected);
}

TEST_CASE("the coarse class follows from the category, in ASCII too") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string_view name = category(c);
    CharClass expected = CharClass::other;
    if (c == '\r' || c == '\n') {
      expected = CharClass::newline;
    } else if (is_white(c)) {
      expected = CharClass::space;
    } else if (name == "Lu" || name == "Lt") {
      expected = CharClass::upper;
    } else if (name == "Ll") {
      expected = CharClass::lower;
    } else if (name[0] == 'L') {
      expected = CharClass::caseless;
    } else if (name[0] == 'M') {
      expected = CharClass::mark;
    } else if (name[0] == 'N') {
      expected = CharClass::number;
    }
    if (char_class(c) != expected) FAIL_CHECK("U+" << std::hex << static_cast<unsigned>(c));
  }
}

TEST_CASE("the categories have as many characters as Unicode 16 says") {
  std::size_t counts[30] = {};
  for (char32_t c = 0; c <= 0x10FFFF; ++c) ++counts[class_byte(c) & 0x1F];
  const auto count_of = [&](std::string_view name) {
    return counts[std::find(kCategoryNames.begin(), kCategoryNames.end(), name) -
                  kCategoryNames.begin()];
  };
  // DerivedGeneralCategory-16.0.0.txt, its totals.
  CHECK(count_of("Lu") == 1858);
  CHECK(count_of("Ll") == 2258);
  CHECK(count_of("Lt") == 31);
  CHECK(count_of("Nd") == 760);
  CHECK(count_of("Nl") == 236);
  CHECK(count_of("Zs") == 17);
  CHECK(count_of("Cs") == 2048);
  CHECK(count_of("Co") == 137468);
}

TEST_CASE("Han is what Scripts-16.0.0.txt says, of any category") {
  std::size_t n = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) n += (class_byte(c) & kHanBit) != 0;
  CHECK(n == 99'030);
  for (const char32_t c : {0x4E00, 0x3005, 0x3007, 0x2E80, 0x16FE2, 0x16FF0, 0xF900, 0x31350}) {
    CHECK((class_byte(c) & kHanBit) != 0);
  }
  for (const char32_t c : {0x41, 0x3042, 0x30FB, 0xAC00, 0x3000, 0x16FF2, 0x323B0, 0x2E9A}) {
    CHECK((class_byte(c) & kHanBit) == 0);
  }
}

TEST_CASE("numeric characters are 13 more than the numbers of Unicode 16") {
  std::vector<char32_t> more;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const bool is_number = char_class(c) == CharClass::number;
    if (is_number) CHECK(is_numeric(c));
    if (is_numeric(c) && !is_number) more.push_back(c);
  }
  CHECK(more.size() == 13);
  CHECK(more.front() == 0x11DE0);
  CHECK(more.back() == 0x16FF6);
}

TEST_CASE("punctuation of Unicode 8 and of ASCII") {
  std::size_t n = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) n += (class_byte(c) & kPunctuation8Bit) != 0;
  CHECK(n == 726);
  for (const char32_t c : {0x21, 0x24, 0x7E, 0xA1, 0x3001, 0x30FB, 0x166D, 0x111C9}) {
    CHECK((class_byte(c) & kPunctuation8Bit) != 0);
  }
  for (const char32_t c : {0x20, 0x61, 0x20AC, 0xD7, 0x2E43, 0x61D, 0x1E95E}) {
    CHECK((class_byte(c) & kPunctuation8Bit) == 0);
  }
}
