#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "regex_oracle.hpp"
#include "splits.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// A text and its pretokens with | between them, in each of these grammars.
void check(std::initializer_list<std::string_view> grammars, std::string_view pieces) {
  std::string text;
  for (const char c : pieces) {
    if (c != '|') text += c;
  }
  for (const std::string_view grammar : grammars) {
    CAPTURE(std::string(grammar));
    CHECK(quoted(pieces_of(grammar, text)) == quoted(pieces));
  }
}

const std::initializer_list<std::string_view> kAll = {
    "gpt2",  "cl100k", "llama3",  "qwen2",       "qwen35",
    "o200k", "tekken", "kimi_k2", "deepseek_v3", "starcoder"};
const std::initializer_list<std::string_view> kAnyCaseFirst = {"cl100k", "llama3", "qwen2",
                                                               "qwen35"};
const std::initializer_list<std::string_view> kCutAfterNewline = {"llama3", "qwen2", "qwen35",
                                                                  "o200k", "tekken"};

const std::map<std::string_view, RegexOracle>& oracles() {
  static const auto all = [] {
    std::map<std::string_view, RegexOracle> by_pattern;
    for (const KnownPattern& known : known_patterns()) {
      by_pattern.emplace(known.pattern, RegexOracle(known.pattern));
    }
    return by_pattern;
  }();
  return all;
}

void check_against_oracle(ByteSpan text, std::size_t capacity) {
  for (const KnownPattern& known : known_patterns()) {
    const auto expected = oracles().at(known.pattern).split(text);
    if (scan_ends(known, text, capacity) != expected ||
        scan_ends({known.name, known.pattern, known.follow, known.follow}, text, capacity) !=
            expected) {
      FAIL_CHECK(std::string(known.name) << " differs on " << quoted(text));
    }
  }
}

}  // namespace

TEST_CASE("words, numbers and what is neither") {
  check(kAll, "Hello| world|!");
  check({"gpt2"}, "a|123456| 78\u0661\u2167|.");
  check({"cl100k", "llama3", "o200k"}, "a|123|456| |78\u0661|\u2167|.");
  check({"qwen2", "qwen35", "tekken"}, "a|1|2| |7|\u0661|\u2167|.");
  check({"gpt2"}, "x|.|y| !?|\u00E9|\U00010D40|\U00011DE0");
  check({"cl100k", "llama3", "qwen2", "qwen35", "o200k", "tekken"}, "x|.y| !?|1");
}

TEST_CASE("contractions before other rules") {
  check({"gpt2"}, "I|'m| you|'ll| don|'t| we|'ve| they|'re| he|'s| she|'d");
  check({"gpt2"}, "it|'|S| '|s|'s|x|'|\u017F");
  check(kAnyCaseFirst, "it|'S|'Ll|'vE|'s|x|'\u017F|a");
  check(kAnyCaseFirst, "x|'lx| '|s");
  check({"gpt2"}, "'s|a|'|la|'ll|a");
}

TEST_CASE("contractions at the end of a word") {
  check({"o200k"}, "it's|x| IT'S|'s's|'d| don't|'ll|'v");
  check({"o200k"}, "x'lL|'.|x'Re|A|.x'vE|b");
  check({"o200k"}, "it'\u017F|a|1|'s| a|'la|!'|lla'll");
  check({"tekken"}, "it|'s| don|'t");
}

TEST_CASE("one character before a word") {
  check({"gpt2"}, " a|\t|a|\u3000|a|-|a");
  check({"cl100k", "llama3", "qwen2", "qwen35", "o200k", "tekken"}, "\ta|\u3000a|-a|\n|a|\r|a");
  check({"cl100k", "llama3", "qwen2", "qwen35", "o200k", "tekken"}, "--|a|---|a");
  check(kAll, "\xFF");
}

TEST_CASE("case cuts words in two grammars, and is given back from") {
  for (const std::string_view grammar : {"o200k", "tekken"}) {
    CAPTURE(std::string(grammar));
    CHECK(pieces_of(grammar, "HelloWorld") == "Hello|World");
    CHECK(pieces_of(grammar, "HTTPServer") == "HTTPServer");
    CHECK(pieces_of(grammar, "helloHTTP") == "hello|HTTP");
    // A run of capitals with no small letter behind it gives back to its last caseless letter.
    CHECK(pieces_of(grammar, "A\u4E2D\u4E2DB") == "A\u4E2D\u4E2D|B");
    CHECK(pieces_of(grammar, "A\u4E2D\u4E2DBc") == "A\u4E2D\u4E2DBc");
    CHECK(pieces_of(grammar, "A\u0301B") == "A\u0301|B");
    CHECK(pieces_of(grammar, "\u4E2DAB.") == "\u4E2D|AB|.");
    CHECK(pieces_of(grammar, "\u01C5a\u01C5") == "\u01C5a|\u01C5");
    // A mark is tried as the character before the word first.
    CHECK(pieces_of(grammar, "\u0301A") == "\u0301|A");
    CHECK(pieces_of(grammar, "\u0301a") == "\u0301a");
    CHECK(pieces_of(grammar, "1\u0301") == "1|\u0301");
  }
  CHECK(pieces_of("llama3", "HelloWorld") == "HelloWorld");
}

TEST_CASE("marks belong to words, to punctuation or before a word") {
  check({"gpt2"}, "e|\u0301|f| \u0301!\u0301");
  check({"cl100k", "llama3", "qwen2"}, "e|\u0301f| \u0301!\u0301");
  check({"qwen35"}, "e\u0301f| \u0301|!\u0301");
  check({"o200k", "tekken"}, "e\u0301f| \u0301|!\u0301");
}

TEST_CASE("what follows punctuation") {
  check({"gpt2"}, "a|.|\n|\n|b|!/|\n");
  check(kAnyCaseFirst, "a|.\n\r\n|b|!|\t\n|a");
  check(kAnyCaseFirst, "!\n|/");
  check({"o200k", "tekken"}, "a|.\n/\n|b|!//\r");
}

TEST_CASE("white space gives its last character to what follows") {
  check({"gpt2"}, "a|  | b|\n |\n|b|\t|\t|1| |\u3000|1");
  check(kAnyCaseFirst, "a|  | b|  | |1|  | .");
  check(kCutAfterNewline, "a| \n \n|  | b|\r\n|\tb|\n|\u0085b");
  check({"cl100k"}, "a| \n \n|  | b|\r\n|\tb|\n|\u0085b");
  check({"gpt2"}, "a| \n \n | b|\r|\n|b");
  check(kAll, "\u0085\u00A0\u1680\u2000\u2028\u202F\u205F\u3000");
  check({"gpt2"}, "\u200B|a|\uFEFF|a|\u180E|a");
}

TEST_CASE("white space at the end of the text") {
  check({"gpt2", "cl100k"}, "a| \n ");
  check(kCutAfterNewline, "a| \n| ");
  check(kAll, "a|   ");
  check(kAll, "a|\n\n");
}

TEST_CASE("Kimi: Han is cut off first, and is no letter") {
  check({"kimi_k2"}, "\u4E2D\u6587|abc|\u4E2D|Abc's| |\u4E2D\u3005|a");
  check({"kimi_k2"}, "a\u304B| \u304BHTTPServer| AB's");
  // Han that is a number goes on after one, and Han that is a symbol or a mark after a symbol.
  check({"kimi_k2"}, "1\u30072|3\u3007|abc|\u3007|1");
  check({"kimi_k2"}, "!\u2E80\n|\u2E80| \u2E80!\U00016FF0|a|\U00016FE2\U00016FF0|b");
  check({"kimi_k2"}, "a|.\n|/b|123|4| |5");
}

TEST_CASE("DeepSeek: numbers, then Chinese and kana, then the rest") {
  check({"deepseek_v3"}, "a|123|4| b|1|\u4E2D\u6587|2|\u304B\u3099|x");
  // White space before what was cut out stands at the end of a text.
  check({"deepseek_v3"}, "a|  |1| |\u4E2D|  | b|\n\n|\u304B|\t|7");
  check({"deepseek_v3"}, "don|'t|!x|\u00E9|!|\u00E9| !!|x|-|\u00E9|.\n\r|/\n| .\n|x");
  // All characters of Chinese and kana follow the third pattern, but with their own kind only.
  check({"deepseek_v3"}, "\u4E2D|\u30FB|\u6587|\u30A0\u30FB|\n|\uAC00|\u4E2D|\u3400");
  check({"deepseek_v3"}, "\u3040|\u3040\u304B|\u3097\u3040|1|\u3040|\u30FB|\u3040\u3042|\u3400");
  // What is neither letter, number, space nor symbol: before a word, or by itself.
  check({"deepseek_v3"}, "a|\x01|\x02a|\x03\x04|!|\x05| |\u200B|\u4E2D|\xFF|\xFE\u0301b");
}

TEST_CASE("StarCoder: each digit is cut out first, as tokenizers knows digits") {
  check({"starcoder"}, "a|1|2| b|'s|  |3|\n\n|4| |\u2167|\t|\t|x");
  check({"starcoder"}, "!|\U00011DE0|\U00011DE9|!!|\U00016FF6|\U00010D40| ?");
}

TEST_CASE("an ill-formed sequence is one character that is neither word nor space") {
  check({"gpt2"}, "a|\xFF|b| \xE4\xB8|\n|\xED\xA0\x80");
  check({"llama3"}, "a|\xFFz| \xE4\xB8\n|\xED\xA0\x80|1");
}

TEST_CASE("the scanner follows the regular expressions: random texts") {
  for_seeds(4000, [](Random& random) {
    const std::size_t capacity = 1 + random.below(9);
    check_against_oracle(awkward_text(random, random.below(30)), capacity);
    check_against_oracle(plain_text(random, random.below(8)), capacity);
  });
}

TEST_CASE("backends agree across blocks and windows") {
  for_seeds(600, [](Random& random) {
    // Far enough to cross a block of 64 bytes, and now and then a window of 1024.
    const std::size_t n = random.one_in(8) ? 1000 : 20 + random.below(120);
    std::string text(random.below(70), random.pick("a A\n7."));
    text += random.one_in(2) ? awkward_text(random, n / 2) : plain_text(random, n / 4);
    // A few characters only, so that runs are long and rules meet.
    text += letters(
        random,
        random.pick(std::array{"aA'", " \n", " \n.", "1a ", "'st ", "/\n.", "\001a ", "!a"}),
        random.below(n));
    for (const KnownPattern& known : known_patterns()) {
      scan_ends(known, text, random.one_in(2) ? 2048 : 1 + random.below(90));
    }
  });
}

TEST_CASE("backends agree where a window ends, or the text in it") {
  // One of each class and length in bytes, and one of each way to be ill-formed.
  static constexpr std::string_view kParts[] = {"a",
                                                "A",
                                                "'s",
                                                "'\u017F",
                                                " ",
                                                "\n",
                                                "\r\n",
                                                "\u0085",
                                                "\u3000",
                                                "1",
                                                "123",
                                                "\u0661",
                                                "\U0001D7CE",
                                                "!",
                                                "/",
                                                "\u2014",
                                                "\U0001F642",
                                                "\u4E2D",
                                                "\u00E9",
                                                "\u0414",
                                                "\u0301",
                                                "\u093E",
                                                "\u01C5",
                                                "\U00020000",
                                                "\uAC00",
                                                "\u0378",
                                                "\x01",
                                                "\x7F",
                                                "\u200B",
                                                "\U000E0001",
                                                "\u304B",
                                                "\u30FB",
                                                "\u3099",
                                                "\u3097",
                                                "\u3007",
                                                "\u3005",
                                                "\u2E80",
                                                "\U00016FF0",
                                                "\U00011DE0",
                                                "\U00016FF4",
                                                "\xFF",
                                                "\x80",
                                                "\xC3",
                                                "\xE4\xB8",
                                                "\xF0\x9F\x99",
                                                "\xED\xA0\x80",
                                                "\xE0\x80\x80",
                                                "\xC0\x80",
                                                "\xF4\x90\x80\x80"};
  constexpr std::size_t kWellFormed = 40;
  for_seeds(1500, [](Random& random) {
    // 960 bytes are a window's own, 64 are for looking ahead, and 64 more must be readable.
    const std::size_t border = random.pick(std::array<std::size_t, 4>{960, 1024, 1088, 1920});
    const std::size_t n_kinds = random.one_in(2) ? kWellFormed : std::size(kParts);
    std::string_view few[4];
    for (std::string_view& part : few) part = kParts[random.below(n_kinds)];
    std::string text =
        letters(random, random.pick(std::array{"a", "aaa ", " ", "B"}), border - random.below(70));
    while (text.size() < border + 8) {
      text += repeated(few[random.below(4)], random.one_in(6) ? 1 + random.below(40) : 1);
    }
    if (random.one_in(2)) text.resize(border + random.below(5));
    for (const KnownPattern& known : known_patterns()) {
      scan_ends(known, text, random.one_in(2) ? 2048 : 1 + random.below(300));
    }
  });
}

TEST_CASE("backends agree on numbers of every length up to a window's") {
  // Neighbours are of all kinds of length: steps of one number lie between those of others.
  for_seeds(300, [](Random& random) {
    std::string text(random.below(70), 'a');
    const std::size_t most = random.pick(std::array<std::size_t, 4>{8, 40, 200, 1200});
    while (text.size() < 2200) {
      text += std::string(random.below(most), '7');
      text += random.pick(std::array<std::string_view, 5>{"a", " ", "\n", "\u0661", "!"});
    }
    for (const std::string_view grammar : {"cl100k", "o200k", "deepseek_v3", "gpt2"}) {
      scan_ends(pattern_named(grammar), text, random.one_in(2) ? 2048 : 1 + random.below(300));
    }
  });
}

TEST_CASE("every code point and every ill-formed beginning has the class it has by itself") {
  // Many to a block, so that vectors look up what they share; and each beside its neighbours.
  for (char32_t first = 0x80; first <= 0x10FFFF; first += first < 0x20000 ? 300 : 4099) {
    std::string text;
    for (char32_t c = first; c < first + 300 && c <= 0x10FFFF; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      char bytes[4];
      text.append(bytes, encode_utf8(c, bytes));
      if (c % 5 == 0) text += c % 2 ? "1" : " A";
    }
    for (const KnownPattern& known : known_patterns()) scan_ends(known, text, 2048);
  }
  for (unsigned lead = 0x80; lead < 0x100; ++lead) {
    for (unsigned second = 0; second < 0x100; second += 8) {
      std::string text = "a";
      for (const std::string_view rest : {"", "\x80", "\xBF\x80", "\x80\x80\x80", "z"}) {
        text += {static_cast<char>(lead), static_cast<char>(second)};
        text += rest;
      }
      scan_ends(pattern_named("o200k"), text, 2048);
      scan_ends(pattern_named("gpt2"), text, 2048);
    }
  }
}

TEST_CASE("the scanner follows the regular expressions: random bytes") {
  for_seeds(2000, [](Random& random) {
    std::string text;
    const std::size_t n = random.below(40);
    for (std::size_t i = 0; i < n; ++i) text += static_cast<char>(random.below(256));
    check_against_oracle(text, 16);
  });
}

TEST_CASE("the scanner follows the regular expressions: all short texts of a few characters") {
  static constexpr std::string_view kLetters[] = {"s",  "A", "\u4E2D", "\u0301", "'",      " ",
                                                  "\n", "1", "/",      "\u3000", "\u30FB", "\x01"};
  constexpr std::size_t kBase = std::size(kLetters);
  for (std::size_t number = 0; number < kBase * kBase * kBase * kBase; ++number) {
    std::string text;
    for (std::size_t rest = number, i = 0; i < 4; ++i, rest /= kBase)
      text += kLetters[rest % kBase];
    check_against_oracle(text, 3);
  }
}

TEST_CASE("all short texts of the classes that only some grammars tell apart") {
  static constexpr std::string_view kLetters[] = {
      "t",      "\u00E9", "\u0301", "1",      " ",      "\n",     "\u3000", "!",
      "\u2014", "\x01",   "\u200B", "\u4E2D", "\u30FB", "\u3040", "\u3007", "\U00011DE0"};
  constexpr std::size_t kBase = std::size(kLetters);
  const auto text_of = [](std::size_t number, unsigned n_letters) {
    std::string text;
    for (; n_letters > 0; --n_letters, number /= kBase) text += kLetters[number % kBase];
    return text;
  };
  for (std::size_t number = 0; number < kBase * kBase * kBase; ++number) {
    check_against_oracle(text_of(number, 3), 16);
  }
  for (const std::string_view name : {"kimi_k2", "deepseek_v3", "starcoder"}) {
    const KnownPattern& known = pattern_named(name);
    for (std::size_t number = 0; number < kBase * kBase * kBase * kBase; ++number) {
      scan_ends(known, text_of(number, 4), 16);
    }
  }
}

TEST_CASE("every code point, between letters and alone") {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char bytes[4];
    const std::string one(bytes, encode_utf8(c, bytes));
    check_against_oracle("a" + one + "B 1" + one + one + "\n", 16);
  }
}

TEST_CASE("time is linear: a long run of one thing is scanned in one pass") {
  const TimeLimit limit(120);
  for (const std::string_view part :
       {" ",    "\n",     "a",      "A",       "\u4E2D",     "\u0301", "1",   "!",
        "'",    "\xFF",   " \n",    "A\u4E2D", "\u4E2DA",    "'s",     "/\n", "a'",
        "\x01", "\u30FB", "\u3040", "\u3007a", "\x01\u4E2D", "!a"}) {
    const std::string text = repeated(part, 300'000 / part.size());
    for (const KnownPattern& known : known_patterns()) {
      CHECK(scan_ends(known, text, 512).back() == text.size());
    }
  }
}

TEST_CASE("a pattern is known by exactly its text") {
  for (const KnownPattern& known : known_patterns()) {
    CHECK(find_known_pattern(known.pattern) == &known);
    CHECK(find_known_pattern(std::string(known.pattern) + " ") == nullptr);
  }
  CHECK(find_known_pattern("") == nullptr);
  CHECK(find_known_pattern("gpt2") == nullptr);
}
