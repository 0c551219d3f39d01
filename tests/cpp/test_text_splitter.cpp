#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "documents/safe_cut.hpp"
#include "splits.hpp"
#include "support.hpp"
#include "unicode/normalise.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

AddedTokens no_tokens() {
  return AddedTokens({});
}

std::string nfc(ByteSpan text) {
  std::string out;
  append_nfc(text, out);
  return out;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) out += piece;
  return out;
}

}  // namespace

TEST_CASE("added tokens stand between what is split") {
  const TextSplitter splitter(pattern_named("gpt2"),
                              AddedTokens({{"<|end|>", 500, true}, {"<tool>", 501, false}}), false);
  const AddedTokens& added = splitter.added_tokens();
  using Pieces = std::vector<std::string>;
  // A space before a token is at the end of a segment, and kept whole.
  CHECK(split_all(splitter, "a b  <tool> c") == Pieces{"a", " b", "  ", "#501", " c"});
  CHECK(split_all(splitter, "a<|end|>b") == Pieces{"a", "<|", "end", "|>", "b"});
  AddedTokenSet both(added);
  both.add(added, 0);
  both.add(added, 1);
  CHECK(split_all(splitter, "a<|end|>b", both) == Pieces{"a", "#500", "b"});
  CHECK(split_all(splitter, "<tool><|end|>", both) == Pieces{"#501", "#500"});
  CHECK(split_all(splitter, "", both).empty());
  CHECK_FALSE(splitter.always_wanted().contains(0));
  CHECK(splitter.always_wanted().contains(1));
  CHECK(splitter.special_tokens().contains(0));
  CHECK_FALSE(splitter.special_tokens().contains(1));
}

TEST_CASE("segments are normalised each by itself") {
  const TextSplitter splitter(pattern_named("qwen2"), AddedTokens({{"<x>", 7, false}}), true);
  using Pieces = std::vector<std::string>;
  CHECK(split_all(splitter, "cafe\u0301 noir") == Pieces{"caf\u00E9", " noir"});
  CHECK(split_all(splitter, "e<x>\u0301") == Pieces{"e", "#7", "\u0301"});
  // The pieces of a text are those of its normal form.
  for_seeds(2000, [&](Random& random) {
    const std::string text = awkward_text(random, random.below(25));
    CHECK(split_all(splitter, text) == split_all(splitter, nfc(text)));
    CHECK(joined(split_all(splitter, text)) == nfc(text));
  });
}

TEST_CASE("more pretokens than one batch holds") {
  for (const std::size_t n : {kSpanBatch - 1, kSpanBatch, kSpanBatch + 1, 5 * kSpanBatch}) {
    const std::string text = repeated(" ab", n);
    const TextSplitter known(pattern_named("gpt2"), no_tokens(), false);
    CHECK(split_all(known, text) == std::vector<std::string>(n, " ab"));
    const TextSplitter called(
        [](ByteSpan span, std::vector<std::size_t>& ends) {
          for (std::size_t end = 3; end <= span.size(); end += 3) ends.push_back(end);
        },
        no_tokens(), false);
    CHECK(split_all(called, text) == std::vector<std::string>(n, " ab"));
  }
}

TEST_CASE("a callback sees each segment, normalised, and never an empty one") {
  std::vector<std::string> seen;
  const TextSplitter splitter(
      [&seen](ByteSpan span, std::vector<std::size_t>& ends) {
        seen.emplace_back(span);
        ends.push_back(span.size());
      },
      AddedTokens({{"#", 9, false}}), true);
  CHECK(splitter.calls_back());
  CHECK_FALSE(splitter.may_cut());
  CHECK(split_all(splitter, "#e\u0301##b") ==
        std::vector<std::string>{"#9", "\u00E9", "#9", "#9", "b"});
  CHECK(seen == std::vector<std::string>{"\u00E9", "b"});
}

TEST_CASE("a callback whose pieces do not ascend to the end is refused") {
  const auto split_with = [](std::vector<std::size_t> given) {
    const TextSplitter splitter([given](ByteSpan, std::vector<std::size_t>& ends) { ends = given; },
                                no_tokens(), false);
    return split_all(splitter, "abcdef");
  };
  CHECK(split_with({1, 6}).size() == 2);
  for (const std::vector<std::size_t>& bad : std::vector<std::vector<std::size_t>>{
           {}, {3}, {0, 6}, {3, 3, 6}, {4, 2, 6}, {6, 7}, {7}, {std::size_t{1} << 40}}) {
    CHECK_THROWS_AS(split_with(bad), InvalidArgument);
  }
}

TEST_CASE("documents may be cut unless an added token spans a safe place") {
  const auto may_cut = [](const std::string& content) {
    return TextSplitter(pattern_named("gpt2"), AddedTokens({{content, 1, true}}), false).may_cut();
  };
  CHECK(may_cut("<|endoftext|>"));
  CHECK(may_cut("  "));
  CHECK(may_cut("\n"));
  CHECK_FALSE(may_cut("two words"));
  CHECK_FALSE(may_cut("end\nstart"));
}

TEST_CASE("documents may be cut unless the flags of an added token could see it") {
  const auto may_cut = [](AddedToken token, bool nfc = false) {
    return TextSplitter(pattern_named("gpt2"), AddedTokens({std::move(token)}), nfc).may_cut();
  };
  const auto flags = [](const std::string& content, bool lstrip, bool rstrip, bool single_word) {
    return AddedToken{content, 1, false, lstrip, rstrip, single_word, false};
  };
  CHECK(may_cut(flags("<mask>", true, true, true)));
  CHECK(may_cut(flags("word", false, false, true)));
  CHECK(may_cut(flags("word>", false, true, false)));
  CHECK(may_cut(flags("<word", true, false, false)));
  CHECK_FALSE(may_cut(flags("<word", false, true, false)));
  CHECK_FALSE(may_cut(flags("word>", true, false, false)));
  CHECK_FALSE(may_cut(flags("(x", false, false, true)));
  CHECK_FALSE(may_cut(flags("x\n", false, false, true)));
  CHECK_FALSE(may_cut(flags("\n", false, false, true)));
  CHECK_FALSE(may_cut({"\n\u00E9", 1, false, false, false, false, true}, true));
  // What counts is what is looked for: in the raw form a mark stands before the comma.
  const AddedToken normalized{"e\u0301,", 1, false, false, false, false, true};
  CHECK(may_cut(normalized, false));
  CHECK_FALSE(may_cut(normalized, true));
}

TEST_CASE("where a splitter allows cuts, they show in no grammar, normaliser or added token") {
  static constexpr std::string_view kContents[] = {
      "a",      "b ",      " a",     "\n",     "s\n",     "<x>", "'s",  " ",
      "aa",     ".\n",     "\u0301", "\u00E9", "a b",     "\na", "Z",   "(a",
      "\u4E2D", "\u4E2D>", "1",      "\uFF0C", "e\u0301", "_",   "\xFF"};
  std::size_t n_cuts = 0, n_with_flags = 0;
  for_seeds(40'000, [&](Random& random) {
    std::vector<AddedToken> added;
    bool has_flags = false;
    const std::size_t rarely = 1 + random.below(4);
    for (const std::string_view content : kContents) {
      if (!random.one_in(9)) continue;
      AddedToken token{std::string(content), static_cast<TokenId>(added.size()), false};
      token.lstrip = random.one_in(1 + rarely);
      token.rstrip = random.one_in(1 + rarely);
      token.single_word = random.one_in(1 + rarely);
      token.normalized = random.one_in(1 + rarely);
      has_flags = has_flags || token.lstrip || token.rstrip || token.single_word;
      added.push_back(token);
    }
    const KnownPattern& known = known_patterns()[random.below(known_patterns().size())];
    const bool both_forms =
        std::count_if(added.begin(), added.end(), [](const AddedToken& t) {
          return t.normalized && (t.content == "\u00E9" || t.content == "e\u0301");
        }) == 2;
    if (both_forms) return;
    const TextSplitter splitter(known, AddedTokens(added), random.one_in(2));
    if (!splitter.may_cut()) return;
    std::string text = plain_text(random, random.below(4));
    for (std::size_t i = random.below(20); i > 0; --i) {
      static constexpr std::string_view kAround[] = {
          "a",      "b",      "e", "\u4E2D", "\u0301", " ",      " ", "\n",
          "\u3000", "\uFF0C", ",", ".",      "1",      "\u212B", "_", "\xFF"};
      if (added.empty() || random.one_in(2)) {
        text += random.pick(kAround);
      } else {
        text += added[random.below(added.size())].content;
      }
    }
    const std::vector<std::string> whole = split_all(splitter, text);
    const DocumentView view{text.data(), text.size(), TextKind::utf8};
    for (std::size_t cut = find_safe_cut(view, 0); cut < text.size();
         cut = find_safe_cut(view, cut + 1)) {
      std::vector<std::string> parts = split_all(splitter, ByteSpan(text).substr(0, cut));
      for (std::string& piece : split_all(splitter, ByteSpan(text).substr(cut))) {
        parts.push_back(std::move(piece));
      }
      if (parts != whole) {
        FAIL_CHECK(std::string(known.name) << ": " << quoted(text) << " cut at " << cut);
      }
      ++n_cuts;
      n_with_flags += has_flags ? 1 : 0;
    }
  });
  CHECK(n_cuts > 20'000 / kSeedShare);
  CHECK(n_with_flags > 5000 / kSeedShare);
}
