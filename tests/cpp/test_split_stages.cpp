#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "documents/safe_cut.hpp"
#include "pretokenize/split_stages.hpp"
#include "splits.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Pieces = std::vector<std::string>;

SplitStage grammar(std::string_view name) {
  return {SplitStage::Kind::grammar, pattern_named(name).scan};
}
SplitStage digits(Behavior behavior) {
  return {SplitStage::Kind::char_set, digit_scan(behavior)};
}
SplitStage punctuation(Behavior behavior) {
  return {SplitStage::Kind::char_set, punctuation_scan(behavior)};
}
SplitStage space_before() {
  return {SplitStage::Kind::space_before};
}
// Cuts behind each 'a'.
SplitStage after_each_a() {
  return {SplitStage::Kind::callback, nullptr, [](ByteSpan text, std::vector<std::size_t>& ends) {
            for (std::size_t i = 1; i < text.size(); ++i) {
              if (text[i - 1] == 'a') ends.push_back(i);
            }
            ends.push_back(text.size());
          }};
}

Pieces split_by(const std::vector<SplitStage>& stages, ByteSpan text) {
  return split_all(TextSplitter(stages, AddedTokens({}), false), text);
}

// The same, stage by stage and piece by piece.
Pieces split_slowly(const std::vector<SplitStage>& stages, ByteSpan text) {
  Pieces pieces{std::string(text)};
  if (text.empty()) pieces.clear();
  for (const SplitStage& stage : stages) {
    Pieces next;
    for (const std::string& piece : pieces) {
      if (stage.kind == SplitStage::Kind::space_before) {
        next.push_back(piece.front() == ' ' ? piece : " " + piece);
        continue;
      }
      std::vector<std::size_t> ends;
      if (stage.kind == SplitStage::Kind::callback) {
        stage.callback(piece, ends);
      } else {
        ends = scan_ends({"", "", stage.scan}, piece, 3);
      }
      std::size_t begin = 0;
      for (const std::size_t end : ends) {
        next.push_back(piece.substr(begin, end - begin));
        begin = end;
      }
    }
    pieces = next;
  }
  return pieces;
}

std::vector<SplitStage> random_stages(Random& random) {
  static const std::vector<SplitStage> kSome = {digits(Behavior::isolated),
                                                digits(Behavior::contiguous),
                                                punctuation(Behavior::isolated),
                                                punctuation(Behavior::contiguous),
                                                punctuation(Behavior::merged_with_previous),
                                                punctuation(Behavior::merged_with_next),
                                                after_each_a()};
  std::vector<SplitStage> stages;
  const std::size_t n = random.below(4);
  while (stages.size() < n) {
    stages.push_back(random.one_in(2)
                         ? SplitStage{SplitStage::Kind::grammar,
                                      known_patterns()[random.below(known_patterns().size())].scan}
                         : kSome[random.below(kSome.size())]);
  }
  if (random.one_in(3)) {
    stages.insert(stages.begin() + static_cast<std::ptrdiff_t>(random.below(n + 1)),
                  space_before());
  }
  return stages;
}

}  // namespace

TEST_CASE("each behavior of what is cut out") {
  const std::string_view text = ",,a,,b!";
  CHECK(split_by({punctuation(Behavior::isolated)}, text) ==
        Pieces{",", ",", "a", ",", ",", "b", "!"});
  CHECK(split_by({punctuation(Behavior::contiguous)}, text) == Pieces{",,", "a", ",,", "b", "!"});
  CHECK(split_by({punctuation(Behavior::merged_with_previous)}, text) ==
        Pieces{",", ",", "a,", ",", "b!"});
  CHECK(split_by({punctuation(Behavior::merged_with_next)}, text) ==
        Pieces{",", ",a", ",", ",b", "!"});
  CHECK(split_by({digits(Behavior::isolated)}, "a12\u2167 3") ==
        Pieces{"a", "1", "2", "\u2167", " ", "3"});
  CHECK(split_by({digits(Behavior::contiguous)}, "a12\u2167 3") ==
        Pieces{"a", "12\u2167", " ", "3"});
  CHECK_FALSE(static_cast<bool>(digit_scan(Behavior::merged_with_next)));
  CHECK_FALSE(static_cast<bool>(digit_scan(Behavior::merged_with_previous)));
}

TEST_CASE("a stage sees the end of a piece as that of a text") {
  CHECK(split_by({grammar("gpt2")}, "a  1") == Pieces{"a", " ", " 1"});
  CHECK(split_by({digits(Behavior::contiguous), grammar("gpt2")}, "a  12") ==
        Pieces{"a", "  ", "12"});
  CHECK(split_by({punctuation(Behavior::isolated), grammar("llama3")}, "a.b 1234") ==
        Pieces{"a", ".", "b", " ", "123", "4"});
}

TEST_CASE("without a stage a text is one piece") {
  CHECK(split_by({}, "a b\n") == Pieces{"a b\n"});
  CHECK(split_by({}, "").empty());
}

TEST_CASE("a space is put before each piece that has none") {
  CHECK(split_by({space_before(), grammar("gpt2")}, "a b") == Pieces{" a", " b"});
  CHECK(split_by({space_before(), grammar("gpt2")}, " a b") == Pieces{" a", " b"});
  CHECK(split_by({grammar("qwen2"), space_before()}, "a1 b") == Pieces{" a", " 1", " b"});
  CHECK(split_by({digits(Behavior::isolated), space_before(), grammar("gpt2")}, "\n1 a") ==
        Pieces{" \n", " 1", " a"});
  CHECK(split_by({space_before()}, "").empty());
}

TEST_CASE("stages together are stages one by one") {
  for_seeds(6000, [](Random& random) {
    const std::vector<SplitStage> stages = random_stages(random);
    const std::string text =
        plain_text(random, random.below(4)) + awkward_text(random, random.below(20));
    CHECK(split_by(stages, text) == split_slowly(stages, text));
  });
}

TEST_CASE("more pieces than a batch holds, at any stage") {
  for (const std::size_t n : {kSpanBatch - 1, kSpanBatch, kSpanBatch + 1, 3 * kSpanBatch + 7}) {
    const std::string text = repeated("ab1.", n);
    for (const std::vector<SplitStage>& stages : std::vector<std::vector<SplitStage>>{
             {digits(Behavior::isolated), punctuation(Behavior::isolated)},
             {after_each_a(), grammar("gpt2")},
             {grammar("gpt2"), space_before(), punctuation(Behavior::contiguous)}}) {
      CHECK(split_by(stages, text) == split_slowly(stages, text));
    }
  }
}

TEST_CASE("pieces have at most the bytes that growth tells") {
  for_seeds(500, [](Random& random) {
    const std::vector<SplitStage> stages = random_stages(random);
    const TextSplitter splitter(stages, AddedTokens({}), random.one_in(2));
    const std::string text = awkward_text(random, random.below(30));
    std::size_t n = 0;
    for (const std::string& piece : split_all(splitter, text)) n += piece.size();
    CHECK(n <= splitter.growth() * text.size());
  });
}

TEST_CASE("where stages allow cuts they do not show") {
  std::size_t n_cuts = 0;
  for_seeds(8000, [&](Random& random) {
    const std::vector<SplitStage> stages = random_stages(random);
    const TextSplitter splitter(stages, AddedTokens({}), random.one_in(2));
    if (!splitter.may_cut()) return;
    std::string text = plain_text(random, random.below(6)) + awkward_text(random, random.below(8));
    // Each kind of cut beside what the first stages cut out.
    for (const std::string_view around : {"7\n7", ".\nA", "x y", "-\n1", "a b.c d\n"}) {
      if (random.one_in(2)) text += std::string(around) + awkward_text(random, random.below(3));
    }
    const Pieces whole = split_all(splitter, text);
    const DocumentView view{text.data(), text.size(), TextKind::utf8};
    for (std::size_t cut = find_safe_cut(view, 0); cut < text.size();
         cut = find_safe_cut(view, cut + 1)) {
      Pieces parts = split_all(splitter, ByteSpan(text).substr(0, cut));
      for (std::string& piece : split_all(splitter, ByteSpan(text).substr(cut))) {
        parts.push_back(std::move(piece));
      }
      if (parts != whole) FAIL_CHECK(quoted(text) << " cut at " << cut);
      ++n_cuts;
    }
  });
  CHECK(n_cuts > 5000);
}

TEST_CASE("which stages allow cuts") {
  const auto may_cut = [](std::vector<SplitStage> stages) {
    return TextSplitter(std::move(stages), AddedTokens({}), false).may_cut();
  };
  CHECK(may_cut({grammar("deepseek_v3")}));
  CHECK(may_cut({digits(Behavior::isolated), punctuation(Behavior::contiguous), grammar("gpt2")}));
  CHECK(may_cut({grammar("llama3"), space_before()}));
  CHECK_FALSE(may_cut({}));
  CHECK_FALSE(may_cut({digits(Behavior::isolated)}));
  CHECK_FALSE(may_cut({space_before(), grammar("gpt2")}));
  CHECK_FALSE(may_cut({after_each_a(), grammar("gpt2")}));
  CHECK_FALSE(may_cut({grammar("gpt2"), after_each_a()}));
}

TEST_CASE("stages that cannot be followed are refused") {
  CHECK_NOTHROW(SplitStages(std::vector<SplitStage>(kMaxStages, digits(Behavior::isolated))));
  CHECK_THROWS_AS(SplitStages(std::vector<SplitStage>(kMaxStages + 1, grammar("gpt2"))),
                  InvalidArgument);
  CHECK_THROWS_AS(SplitStages({space_before(), grammar("gpt2"), space_before()}), InvalidArgument);
}
