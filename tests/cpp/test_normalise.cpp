#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "unicode/normalise.hpp"

namespace {

using bytestride::append_nfc;
using bytestride::is_nfc_inert;

std::string nfc(std::string_view text) {
  std::string out;
  append_nfc(text, out);
  return out;
}

std::string repeated(std::string_view part, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("a letter and its accent become one character") {
  CHECK(nfc("e\u0301") == "\u00E9");
  CHECK(nfc("caf"
            "e\u0301"
            " noir") == "caf\u00E9 noir");
  CHECK(nfc("\u00E9") == "\u00E9");
  CHECK(nfc("x\u0301") == "x\u0301");
  CHECK(nfc("\u0301") == "\u0301");
  CHECK(nfc("") == "");
}

TEST_CASE("output is appended") {
  std::string out = "e";
  append_nfc("\u0301", out);
  CHECK(out == "e\u0301");
}

TEST_CASE("marks are put in order before they compose") {
  CHECK(nfc("a\u0301\u0323") == "\u1EA1\u0301");
  CHECK(nfc("a\u0323\u0302") == "\u1EAD");
  // A mark of the same class in between blocks; marks of one class keep their order.
  CHECK(nfc("a\u0316\u0317\u0301") == "\u00E1\u0316\u0317");
  CHECK(nfc("x\u0302\u0301") == "x\u0302\u0301");
  CHECK(nfc("\u00E9\u0323") == "\u1EB9\u0301");
  CHECK(nfc("\u00E9\u05B0") == "\u00E9\u05B0");
}

TEST_CASE("Hangul composes by arithmetic") {
  CHECK(nfc("\u1100\u1161") == "\uAC00");
  CHECK(nfc("\u1100\u1161\u11A8") == "\uAC01");
  CHECK(nfc("\uAC00\u11A8") == "\uAC01");
  CHECK(nfc("\u1112\u1175\u11C2") == "\uD7A3");
  CHECK(nfc("\uAC01\u11A8") == "\uAC01\u11A8");
  CHECK(nfc("\uAC00\u11A7") == "\uAC00\u11A7");
  CHECK(nfc("\u1100\u0301\u1161") == "\u1100\u0301\u1161");
}

TEST_CASE("what is excluded from composition stays or becomes decomposed") {
  CHECK(nfc("\u0958") == "\u0915\u093C");
  CHECK(nfc("\u0915\u093C") == "\u0915\u093C");
  CHECK(nfc("\u0344") == "\u0308\u0301");
  CHECK(nfc("\u2126") == "\u03A9");
  CHECK(nfc("\uFB1D") == "\u05D9\u05B4");
  CHECK(nfc("\U0001D15E") == "\U0001D157\U0001D165");
}

TEST_CASE("starters compose with the starter before them") {
  CHECK(nfc("\u09C7\u09BE") == "\u09CB");
  CHECK(nfc("\U00011131\U00011127") == "\U0001112E");
}

TEST_CASE("the data are those of Unicode 9") {
  // U+11938 came with Unicode 13, the mark U+1ABF too.
  CHECK(nfc("\U00011935\U00011930") == "\U00011935\U00011930");
  CHECK(nfc("a\u1ABF\u0301") == "a\u1ABF\u0301");
}

TEST_CASE("an ill-formed sequence stays and nothing passes it") {
  CHECK(nfc("e\xFF\u0301") == "e\xFF\u0301");
  CHECK(nfc("e\u0301\xCC") == "\u00E9\xCC");
  CHECK(nfc("\xED\xA0\x80"
            "e\u0301") == "\xED\xA0\x80\u00E9");
  CHECK(nfc("a\u0301\xE4\xB8\u0323") == "\u00E1\xE4\xB8\u0323");
}

TEST_CASE("inert means that nothing changes") {
  CHECK(is_nfc_inert(""));
  CHECK(is_nfc_inert("plain ASCII, more than eight bytes of it"));
  CHECK(is_nfc_inert("\u00E9t\u00E9 \u4E2D\u6587 \uAC00"));
  CHECK(is_nfc_inert("\u0E01\u0E38\u0E48"));  // marks in order that compose with nothing
  CHECK_FALSE(is_nfc_inert("e\u0301"));
  CHECK_FALSE(is_nfc_inert("\u0E01\u0E48\u0E38"));
  CHECK_FALSE(is_nfc_inert("12345678abcdefgh\u2126"));
  CHECK_FALSE(is_nfc_inert("\u1100\u1161"));
}

TEST_CASE("a position in the eight-byte stride changes nothing") {
  for (std::size_t n = 0; n < 20; ++n) {
    const std::string lead(n, 'x');
    for (std::size_t m = 0; m < 20; ++m) {
      const std::string tail(m, 'y');
      CHECK(nfc(lead + "e\u0301" + tail) == lead + "\u00E9" + tail);
    }
  }
}

TEST_CASE("a million marks are ordered, not walked over again and again") {
  constexpr std::size_t kMany = 500'000;
  CHECK(nfc("x" + repeated("\u0301\u0323", kMany)) ==
        "x" + repeated("\u0323", kMany) + repeated("\u0301", kMany));
  CHECK(nfc(repeated("e\u0301", kMany)) == repeated("\u00E9", kMany));
  CHECK(nfc(repeated("\u1161", kMany)) == repeated("\u1161", kMany));
  CHECK(nfc("a" + repeated("\u05B0", kMany) + "\u0301") == "\u00E1" + repeated("\u05B0", kMany));
}
