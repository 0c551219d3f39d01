#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "documents/safe_cut.hpp"
#include "documents/transcode.hpp"
#include "splits.hpp"
#include "support.hpp"
#include "unicode/classes.hpp"
#include "unicode/nfc_tables.hpp"
#include "unicode/normalise.hpp"
#include "unicode/regex_classes.hpp"
#include "unicode/utf8.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

DocumentView utf8_view(ByteSpan text) {
  return {text.data(), text.size(), TextKind::utf8};
}

std::vector<std::size_t> all_cuts(const DocumentView& document) {
  std::vector<std::size_t> cuts;
  for (std::size_t from = 0; from < document.n_units;) {
    const std::size_t cut = find_safe_cut(document, from);
    if (cut < document.n_units) cuts.push_back(cut);
    from = cut + 1;
  }
  return cuts;
}

// Splitting the two sides of each cut gives what splitting the whole gives, in every grammar.
// Returns how many cuts were looked at.
std::size_t check_cuts(ByteSpan text) {
  const std::vector<std::size_t> cuts = all_cuts(utf8_view(text));
  if (cuts.empty()) return 0;
  for (const KnownPattern& known : known_patterns()) {
    const std::vector<std::size_t> whole = scan_ends(known, text);
    for (const std::size_t cut : cuts) {
      std::vector<std::size_t> parts = scan_ends(known, text.substr(0, cut));
      for (const std::size_t end : scan_ends(known, text.substr(cut))) parts.push_back(cut + end);
      if (parts != whole) {
        FAIL_CHECK(std::string(known.name) << ": " << quoted(text) << " cut at " << cut);
      }
    }
  }
  return cuts.size();
}

}  // namespace

TEST_CASE("a cut shows in no grammar: random texts") {
  std::size_t n_cuts = 0;
  for_seeds(6000, [&](Random& random) {
    n_cuts += check_cuts(awkward_text(random, 2 + random.below(24)));
    n_cuts += check_cuts(plain_text(random, 2 + random.below(8)));
  });
  CHECK(n_cuts > 10'000);
}

TEST_CASE("a cut shows in no grammar: awkward beginnings and ends around each kind of cut") {
  std::size_t n_cuts = 0;
  for_seeds(4000, [&](Random& random) {
    for (const std::string_view around :
         {".\nA", "x y", "7\n7", "'s d", "x\nll", "s\n's", "/\nre"}) {
      const std::string text = awkward_text(random, random.below(4)) + std::string(around) +
                               awkward_text(random, random.below(4));
      n_cuts += check_cuts(text);
    }
  });
  CHECK(n_cuts > 20'000 / kSeedShare);
}

namespace {

// Letters, marks and what may or may not follow a letter at a cut, of many scripts.
constexpr std::string_view kScripts[] = {
    "a",      "\u0416", "\u0431", "\u4E2D", "\u3042", "\u30AB", "\u3005",   "\uAC00",
    "\u1100", "\u1161", "\u0905", "\u0939", "\u0627", "\u05D0", "\u0E01",   "\u01C5",
    "\u02B0", "\u0958", "\u212B", "\u00E9", "\u0344", "\u0301", "\u093E",   "\u0E48",
    "\uFF0C", "\u3002", "\u3001", "\u300C", "\u300D", "\u30FB", "\u30A0",   "\U00016FE2",
    "\u2019", "\u2014", "\u203F", "\u060C", "\u0964", "\u037E", "\u3000",   "\u2000",
    "\u0085", " ",      "\n",     ",",      ";",      "\"",     "(",        ")",
    "'",      ".",      "1",      "\u3007", "\uFF5C", "\u2581", "\xE4\xB8", "\xBC"};

std::string script_text(Random& random, std::size_t n) {
  std::string text;
  while (n-- > 0) text += random.pick(kScripts);
  return text;
}

std::string nfc(ByteSpan text) {
  std::string out;
  append_nfc(text, out);
  return out;
}

}  // namespace

TEST_CASE("a cut shows in no grammar and not in NFC: all scripts") {
  std::size_t n_cuts = 0;
  for_seeds(40'000, [&](Random& random) {
    const std::string text = script_text(random, 2 + random.below(8));
    n_cuts += check_cuts(text);
    const std::string whole = nfc(text);
    for (const std::size_t cut : all_cuts(utf8_view(text))) {
      const std::string left = nfc(ByteSpan(text).substr(0, cut));
      CHECK(left + nfc(ByteSpan(text).substr(cut)) == whole);
      // What is said of the text holds for its normal form: the grammars see that one.
      CHECK(find_safe_cut(utf8_view(whole), left.size()) == left.size());
    }
  });
  CHECK(n_cuts > 15'000 / kSeedShare);
}

TEST_CASE("the two sides of a cut after a letter, for all characters") {
  std::size_t n_letters = 0, n_after = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char bytes[4];
    const std::string text(bytes, encode_utf8(c, bytes));
    const CharClass kind = char_class(c);
    if (is_letter_before_cut(c)) {
      ++n_letters;
      REQUIRE(
          (kind == CharClass::upper || kind == CharClass::lower || kind == CharClass::caseless));
      REQUIRE(nfc(text) == text);
    }
    if (may_follow_letter_cut(c)) {
      ++n_after;
      REQUIRE(kind >= CharClass::newline);
      REQUIRE_FALSE(is_word_char(c));
      REQUIRE(nfc("e" + text) == "e" + text);
      REQUIRE(c != '\'');
    }
  }
  CHECK(n_letters > 130'000);
  CHECK(n_after > 700);
  // A mark behind the cut makes no other character of what stands there.
  for (std::size_t i = 0; i < nfc_tables::kNumCompositions; ++i) {
    REQUIRE_FALSE(may_follow_letter_cut(nfc_tables::kCompositions[i].first));
  }
}

TEST_CASE("a cut shows in no grammar: all short texts of a few characters") {
  static constexpr std::string_view kLetters[] = {"a", "S", "'", " ",      "\n",    "\r",
                                                  "1", ".", "/", "\u0301", "\u3000"};
  constexpr std::size_t kBase = std::size(kLetters);
  std::size_t n_cuts = 0;
  for (std::size_t number = 0; number < kBase * kBase * kBase * kBase * kBase; ++number) {
    std::string text;
    for (std::size_t rest = number, i = 0; i < 5; ++i, rest /= kBase)
      text += kLetters[rest % kBase];
    n_cuts += check_cuts(text);
  }
  CHECK(n_cuts > 1000);
}

TEST_CASE("cuts are where they are said to be") {
  using Cuts = std::vector<std::size_t>;
  CHECK(all_cuts(utf8_view("see.\nSpot run")) == Cuts{5, 9});
  CHECK(all_cuts(utf8_view("a b c")) == Cuts{1, 3});
  CHECK(all_cuts(utf8_view("1\n2")) == Cuts{2});
  CHECK(all_cuts(utf8_view("a  b")) == Cuts{1});
  CHECK(all_cuts(utf8_view("a\n\u00E9, (b);")) == Cuts{1, 4, 8});
  CHECK(all_cuts(utf8_view("\u4E2D\u6587\uFF0C\u4E2D\u3002")) == Cuts{6, 12});
  CHECK(all_cuts(utf8_view("\u0416\u0431 \u0416")) == Cuts{4});
  for (const char* none : {"",
                           "a",
                           " a",
                           "1 a",
                           "\na",
                           " \na",
                           "\r\nb",
                           "\u0301 a",
                           "a\u0301,",
                           "a.",
                           "a|",
                           "a>",
                           "a_",
                           "a1",
                           "a'",
                           "a\uFF5C",
                           "a\u2581",
                           "\u30AB\u30FB",
                           "\u4E2D\U00016FE2",
                           "a\u203F",
                           "a\u2000",
                           "\u0958,",
                           "a\xEF\xBC",
                           "\xB8,"}) {
    CAPTURE(quoted(none));
    CHECK(all_cuts(utf8_view(none)).empty());
  }
}

TEST_CASE("a search starts where it is told to") {
  const DocumentView document = utf8_view("one two three four");
  CHECK(find_safe_cut(document, 0) == 3);
  CHECK(find_safe_cut(document, 3) == 3);
  CHECK(find_safe_cut(document, 4) == 7);
  CHECK(find_safe_cut(document, 14) == document.n_units);
  CHECK(find_safe_cut(document, document.n_units) == document.n_units);
}

TEST_CASE("the last cut is the last of all cuts") {
  for_seeds(3000, [](Random& random) {
    const std::string text = plain_text(random, random.below(6)) + awkward_text(random, 3);
    const std::vector<std::size_t> cuts = all_cuts(utf8_view(text));
    CHECK(find_last_safe_cut(text) == (cuts.empty() ? 0 : cuts.back()));
  });
}

TEST_CASE("strings are cut at the same characters, whatever their code units") {
  // Each third is of the characters that the next kind of string can hold beside those before it.
  static constexpr char32_t kChars[] = {'a',    'Z',   '1',    '.',     ' ',     '\n',    ',',
                                        0xE9,   0xAB,  0xA0,   0x85,    0x4E2D,  0xFF0C,  0x3002,
                                        0x30FB, 0x301, 0xAC00, 0x1F600, 0x20000, 0x10A50, 0x16FE2};
  constexpr std::size_t kLimits[] = {11, 17, std::size(kChars)};
  std::size_t n_cuts = 0;
  for_seeds(6000, [&](Random& random) {
    const std::size_t widest = random.below(3);
    const std::size_t n = random.below(30);
    std::vector<std::uint32_t> four;
    for (std::size_t i = 0; i < n; ++i) four.push_back(kChars[random.below(kLimits[widest])]);
    const std::vector<std::uint16_t> two(four.begin(), four.end());
    const std::vector<std::uint8_t> one(four.begin(), four.end());
    const auto bytes = [](const auto& units) {
      return reinterpret_cast<const char*>(units.data());
    };
    const DocumentView document{bytes(four), n, TextKind::ucs4};
    const std::vector<std::size_t> cuts = all_cuts(document);
    n_cuts += cuts.size();
    if (widest < 2) CHECK(all_cuts({bytes(two), n, TextKind::ucs2}) == cuts);
    if (widest < 1) CHECK(all_cuts({bytes(one), n, TextKind::ucs1}) == cuts);
    // In UTF-8, the cuts stand behind as many bytes as the characters before them have.
    std::vector<char> scratch, part;
    std::vector<std::size_t> in_bytes;
    for (const std::size_t cut : cuts)
      in_bytes.push_back(as_utf8(document.slice(0, cut), part).size());
    CHECK(all_cuts(utf8_view(as_utf8(document, scratch))) == in_bytes);
  });
  CHECK(n_cuts > 5000 / kSeedShare);
}

TEST_CASE("halves of surrogate pairs are never parted, nor taken for letters") {
  static constexpr std::uint16_t kUnits[] = {'a', ',', 0xD840, 0xDC00, 0xD83D};
  for_seeds(2000, [](Random& random) {
    std::vector<std::uint16_t> two;
    for (std::size_t i = 0; i < 10; ++i) two.push_back(random.pick(kUnits));
    const DocumentView view{reinterpret_cast<const char*>(two.data()), two.size(), TextKind::ucs2};
    std::vector<char> scratch;
    const std::string whole(as_utf8(view, scratch));
    for (const std::size_t cut : all_cuts(view)) {
      std::string parts(as_utf8(view.slice(0, cut), scratch));
      parts += as_utf8(view.slice(cut, two.size()), scratch);
      CHECK(parts == whole);
    }
  });
}

TEST_CASE("an added token may span a cut exactly where some surroundings make one inside it") {
  static constexpr std::string_view kParts[] = {"a",  "Z", "1",      ".",      " ",
                                                "\n", ",", "\u00E9", "\uFF0C", "|"};
  for_seeds(20'000, [](Random& random) {
    std::string content;
    const std::size_t n = 1 + random.below(5);
    for (std::size_t i = 0; i < n; ++i) content += random.pick(kParts);
    bool spans = false;
    for (const std::string_view before : {"", "a", "1", ".", " ", "\n", "a\n", ".\n", "a "}) {
      for (const std::string_view after : {"", "a", "1", " ", " a", "\n", "\na", ","}) {
        const std::string text = std::string(before) + content + std::string(after);
        for (const std::size_t cut : all_cuts(utf8_view(text))) {
          spans = spans || (cut > before.size() && cut < before.size() + content.size());
        }
      }
    }
    if (may_span_safe_cut(content) != spans) FAIL_CHECK(quoted(content) << " spans: " << spans);
  });
}
