#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "documents/safe_cut.hpp"
#include "documents/transcode.hpp"
#include "splits.hpp"
#include "support.hpp"

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
  CHECK(n_cuts > 20'000);
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
  CHECK(all_cuts(utf8_view("see.\nSpot run")) == std::vector<std::size_t>{5, 9});
  CHECK(all_cuts(utf8_view("a b c")) == std::vector<std::size_t>{1, 3});
  CHECK(all_cuts(utf8_view("1\n2")) == std::vector<std::size_t>{2});
  for (const char* none :
       {"", "a", "a ", " a", "a  b", "a 1", "1 a", "\na", " \na", "a\n b", "a\n\nb", "a\r\nb\r",
        "a\n", "\u00E9 a", "a \u00E9", "a\tb", "a\n\u00E9"}) {
    CAPTURE(std::string(none));
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
  static constexpr char32_t kChars[] = {'a',    'Z',     '1',     '.',    ' ',    '\n',
                                        '\r',   0xE9,    0x120,   0x20A,  0x4E20, 0x2061,
                                        0x0A61, 0x1F600, 0x10020, 0x1000A};
  for_seeds(3000, [](Random& random) {
    std::vector<std::uint8_t> one;
    std::vector<std::uint16_t> two;
    std::vector<std::uint32_t> four;
    const std::size_t n = random.below(30);
    for (std::size_t i = 0; i < n; ++i) {
      // The first eight fit one byte a unit; the rest differ from white space or letters only
      // above.
      const char32_t c = kChars[random.below(random.one_in(3) ? std::size(kChars) : 7)];
      four.push_back(c);
      two.push_back(static_cast<std::uint16_t>(c > 0xFFFF ? 0xD83D : c));
      one.push_back(static_cast<std::uint8_t>(c > 0xFF ? 0xE9 : c));
    }
    const auto bytes = [](const auto& units) {
      return reinterpret_cast<const char*>(units.data());
    };
    const std::vector<std::size_t> cuts = all_cuts({bytes(four), n, TextKind::ucs4});
    CHECK(all_cuts({bytes(two), n, TextKind::ucs2}) == cuts);
    CHECK(all_cuts({bytes(one), n, TextKind::ucs1}) == cuts);
    // In UTF-8, the cuts stand behind as many bytes as the characters before them have.
    std::vector<char> scratch, part;
    const DocumentView document{bytes(four), n, TextKind::ucs4};
    std::vector<std::size_t> in_bytes;
    for (const std::size_t cut : cuts)
      in_bytes.push_back(as_utf8(document.slice(0, cut), part).size());
    CHECK(all_cuts(utf8_view(as_utf8(document, scratch))) == in_bytes);
  });
}

TEST_CASE("an added token may span a cut exactly where some surroundings make one inside it") {
  static constexpr std::string_view kParts[] = {"a", "Z", "1", ".", " ", "\n", "\u00E9", "\t"};
  for_seeds(20'000, [](Random& random) {
    std::string content;
    const std::size_t n = 1 + random.below(5);
    for (std::size_t i = 0; i < n; ++i) content += random.pick(kParts);
    bool spans = false;
    for (const std::string_view before : {"", "a", "1", ".", " ", "\n", "a\n", ".\n", "a "}) {
      for (const std::string_view after : {"", "a", "1", " ", " a", "\n", "\na"}) {
        const std::string text = std::string(before) + content + std::string(after);
        for (const std::size_t cut : all_cuts(utf8_view(text))) {
          spans = spans || (cut > before.size() && cut < before.size() + content.size());
        }
      }
    }
    if (may_span_safe_cut(content) != spans) FAIL_CHECK(quoted(content) << " spans: " << spans);
  });
}
