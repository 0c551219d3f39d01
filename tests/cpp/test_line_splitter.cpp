#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "splits.hpp"
#include "support.hpp"
#include "train/line_splitter.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// Pieces of a text by lines, fast or plain.
std::vector<std::string> pieces_by_lines(const TextSplitter& splitter, const LineSplitter& lines,
                                         ByteSpan text, bool plain, std::size_t& n_lines) {
  std::vector<std::string> pieces;
  LineScratch scratch;
  AddedTokenSet all = splitter.always_wanted();
  const auto on_spans = [&](const SpanBatch& spans) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < spans.n; begin = spans.ends[i++]) {
      pieces.emplace_back(spans.base + begin, spans.ends[i] - begin);
    }
  };
  const auto on_token = [&](TokenId id) { pieces.push_back("#" + std::to_string(id)); };
  n_lines = plain ? lines.split_line_by_line(text, all, scratch, on_spans, on_token)
                  : lines.split(text, all, scratch, on_spans, on_token);
  return pieces;
}

void check(const TextSplitter& splitter, const LineSplitter& lines, std::string_view name,
           ByteSpan text) {
  std::size_t n_fast = 0, n_plain = 0;
  const auto fast = pieces_by_lines(splitter, lines, text, false, n_fast);
  if (fast != pieces_by_lines(splitter, lines, text, true, n_plain)) {
    FAIL_CHECK(name << " by lines differs on " << quoted(text.substr(0, 200)));
  }
  if (n_fast != n_plain) FAIL_CHECK("number of lines differs on " << quoted(text.substr(0, 200)));
}

// Calls body(splitter, lines, name) for each grammar.
template <typename Body>
void for_grammars(const std::vector<AddedToken>& tokens, bool normalise_nfc, Body&& body) {
  std::string_view last;
  for (const KnownPattern& known : known_patterns()) {
    if (known.name == last) continue;
    last = known.name;
    const auto splitter =
        std::make_shared<const TextSplitter>(known, AddedTokens(tokens), normalise_nfc);
    body(*splitter, LineSplitter(splitter), known.name);
  }
}

}  // namespace

TEST_CASE("lines of every short text are split as each by itself, in every grammar") {
  const TimeLimit limit(300);
  static constexpr std::string_view kParts[] = {"a",  "1", " ", "\t", "\n",
                                                "\r", ";", "/", "'s", "\u3000"};
  for_grammars({}, false,
               [](const TextSplitter& splitter, const LineSplitter& lines, std::string_view name) {
                 for (std::size_t length = 1; length <= 4; ++length) {
                   std::vector<std::size_t> at(length, 0);
                   for (bool more = true; more;) {
                     std::string text;
                     for (const std::size_t i : at) text += kParts[i];
                     if (text.find('\n') != std::string::npos) check(splitter, lines, name, text);
                     more = false;
                     for (std::size_t& i : at) {
                       if (++i < std::size(kParts)) {
                         more = true;
                         break;
                       }
                       i = 0;
                     }
                   }
                 }
               });
}

TEST_CASE("lines of awkward texts, with added tokens and normalised, on every backend") {
  const TimeLimit limit(300);
  const Backend before = backend();
  const std::vector<std::vector<AddedToken>> token_sets = {
      {},
      {{"<x>", 1, false}, {"\u00E9", 2, false}},
      {{"a\n", 1, false}},
      {{"1", 1, false, true, true}},
      {{"<x>", 1, false, false, false, false, true}}};
  for (const Backend each : available_backends()) {
    set_backend(each);
    for (const auto& tokens : token_sets) {
      for (const bool normalise_nfc : {false, true}) {
        for_grammars(
            tokens, normalise_nfc,
            [](const TextSplitter& splitter, const LineSplitter& lines, std::string_view name) {
              for_seeds(30, [&](Random& random) {
                std::string text;
                for (std::size_t n = random.below(60); n > 0; --n) {
                  text += random.one_in(2) ? awkward_text(random, random.below(6))
                                           : plain_text(random, random.below(4));
                  if (random.one_in(8)) text += "<x>";
                  if (random.one_in(3))
                    text += std::string(random.below(9), random.one_in(2) ? ' ' : '\t');
                  if (random.one_in(2)) text += random.one_in(4) ? "\r\n" : "\n";
                }
                check(splitter, lines, name, text);
              });
            });
      }
    }
  }
  set_backend(before);
}

TEST_CASE("lines longer than a batch of spans, and runs of newlines and white space") {
  const TimeLimit limit(300);
  Random random(3);
  std::vector<std::string> texts;
  texts.push_back(std::string(50'000, '\n'));
  texts.push_back(repeated(" \n", 30'000));
  texts.push_back(repeated("\r\n", 30'000));
  texts.push_back(repeated("a \n", 10'000));
  texts.push_back(repeated("; \r\n\r\n\t", 10'000));
  texts.push_back(repeated("a b", 10'000) + " \n " + repeated("c ", 10'000) + "\n");
  texts.push_back(repeated("\t\u3000", 10'000) + "\n" + repeated("\t \u3000", 5'000));
  texts.push_back(std::string(100'000, ' ') + "\n" + std::string(100'000, ' ') + "x\n");
  texts.push_back(repeated(plain_text(random, 3'000), 5));
  for (int i = 0; i < 10; ++i)
    texts.push_back(plain_text(random, 4'000) + awkward_text(random, 500));
  for_grammars({}, false,
               [&](const TextSplitter& splitter, const LineSplitter& lines, std::string_view name) {
                 for (const std::string& text : texts) check(splitter, lines, name, text);
               });
}
