#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "splits.hpp"
#include "support.hpp"
#include "train/word_counter.hpp"
#include "train/word_counts.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Counts = std::map<std::string, std::uint64_t>;

Counts map_of(const WordCounts& words) {
  Counts counts;
  for (std::size_t i = 0; i < words.n_words(); ++i) {
    CHECK(counts.insert({std::string(words.word(i)), words.count(i)}).second);
  }
  return counts;
}

DocumentList list_of(const std::vector<std::string>& texts) {
  std::vector<DocumentView> views;
  for (const std::string& text : texts) {
    views.push_back({text.data(), text.size(), TextKind::utf8});
  }
  return DocumentList(views);
}

}  // namespace

TEST_CASE("counting equals a map, while the table grows") {
  for_seeds(20, [](Random& random) {
    WordCounts words;
    Counts expected;
    std::size_t n_bytes = 0;
    for (int i = 0; i < 5000; ++i) {
      const std::string word = letters(random, ByteSpan("ab\0\xFF", 4), random.below(8));
      const std::uint64_t count = random.below(5);
      words.add(word, count);
      if (!expected.contains(word)) n_bytes += word.size();
      expected[word] += count;
    }
    CHECK(map_of(words) == expected);
    CHECK(words.n_bytes() == n_bytes);
    WordCounts both;
    both.add_all(words);
    both.add_all(words);
    for (auto& entry : expected) entry.second *= 2;
    CHECK(map_of(both) == expected);
  });
}

TEST_CASE("sorted by falling count, then by bytes as unsigned numbers") {
  WordCounts words;
  for (const auto& [word, count] : std::vector<std::pair<std::string, std::uint64_t>>{
           {"b", 2}, {"\xFF", 2}, {"a", 2}, {"zz", 9}, {"aa", 2}, {"", 1}}) {
    words.add(word, count);
  }
  std::vector<std::string> order;
  for (const std::uint32_t i : words.sorted()) order.emplace_back(words.word(i));
  CHECK(order == std::vector<std::string>{"zz", "a", "aa", "b", "\xFF", ""});
}

TEST_CASE("a count that would pass 2^64 - 1 is an error and changes nothing") {
  WordCounts words;
  words.add("a", ~std::uint64_t{0} - 1);
  words.add("a", 1);
  CHECK_THROWS_AS(words.add("a", 1), InvalidArgument);
  CHECK(words.count(0) == ~std::uint64_t{0});
}

TEST_CASE("counting on threads equals counting the pieces of each document") {
  const TimeLimit limit(120);
  Random random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(plain_text(random, random.below(30)) + (random.one_in(3) ? "<x>" : "") +
                    awkward_text(random, random.below(20)) + (random.one_in(3) ? "<end> a" : ""));
  }
  texts.push_back(repeated(plain_text(random, 20'000), 25));
  REQUIRE(texts.back().size() > 2'500'000);
  for (const bool normalise_nfc : {false, true}) {
    const auto splitter = std::make_shared<const TextSplitter>(
        pattern_named("llama3"), AddedTokens({{"<x>", 1, false}, {"<end>", 2, true}}),
        normalise_nfc);
    AddedTokenSet all(splitter->added_tokens());
    all.add(splitter->added_tokens(), 0);
    all.add(splitter->added_tokens(), 1);
    Counts expected;
    for (const std::string& text : texts) {
      for (const std::string& piece : split_all(*splitter, text, all)) {
        if (piece != "#1" && piece != "#2") ++expected[piece];
      }
    }
    for (const std::size_t n_threads : {0, 1, 2, 3, 7}) {
      CAPTURE(n_threads);
      WordCounter counter(splitter);
      counter.add(list_of(texts), n_threads);
      CHECK(map_of(counter.total()) == expected);
    }
  }
}

TEST_CASE("a counter adds to what it has, before and after a total") {
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  WordCounter counter(splitter);
  CHECK(counter.total().n_words() == 0);
  counter.add(list_of({"a b", "a"}), 3);
  CHECK(map_of(counter.total()) == Counts{{"a", 2}, {" b", 1}});
  counter.add(list_of({"a", ""}), 1);
  counter.add(list_of({}), 5);
  counter.add(list_of({"a", " b"}), 2);
  CHECK(map_of(counter.total()) == Counts{{"a", 4}, {" b", 2}});
}
