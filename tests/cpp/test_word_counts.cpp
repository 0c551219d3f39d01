#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <system_error>
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
      CHECK(map_of(counter.finish()) == expected);
    }
  }
}

TEST_CASE("a counter adds to what it has, and is as new after it has finished") {
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  WordCounter counter(splitter);
  CHECK(counter.finish().n_words() == 0);
  counter.add(list_of({"a b", "a"}), 3);
  counter.add(list_of({"a", ""}), 1);
  counter.add(list_of({}), 5);
  CHECK(counter.n_text_bytes() == 5);
  counter.add(list_of({"a", " b"}), 2);
  CHECK(map_of(counter.finish()) == Counts{{"a", 4}, {" b", 2}});
  CHECK(counter.n_text_bytes() == 0);
  counter.add(list_of({"a"}), 2);
  CHECK(map_of(counter.finish()) == Counts{{"a", 1}});
}

TEST_CASE("words of all lengths, more than a combiner or a list holds") {
  const TimeLimit limit(120);
  Random random(11);
  std::string text;
  Counts expected;
  // The last three of gpt2's words are one; a line of its own each, so that no space comes before.
  for (int i = 0; i < 200'000; ++i) {
    const std::size_t length = random.one_in(500) ? 10'000 + random.below(9) : 1 + random.below(40);
    const std::string word = random.one_in(2) ? letters(random, "ab", 1 + random.below(9))
                                              : letters(random, "abcdefgh", length);
    text += word + "1";
    ++expected[word];
    ++expected["1"];
  }
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  for (const std::size_t n_threads : {1, 3}) {
    WordCounter counter(splitter);
    counter.add(list_of({text, text}), n_threads);
    CHECK(counter.n_text_bytes() == 2 * text.size());
    Counts twice = expected;
    for (auto& entry : twice) entry.second *= 2;
    const WordCounts words = counter.finish();
    CHECK(map_of(words) == twice);
    CHECK(words.total() == 800'000);
  }
}

TEST_CASE("first offsets are those of the first occurrences, in bytes of pretokens") {
  const auto splitter = std::make_shared<const TextSplitter>(
      pattern_named("gpt2"), AddedTokens({{"<x>", 1, true}}), false);
  for (const bool count_added : {false, true}) {
    WordCounter counter(splitter, {true, count_added});
    counter.add(list_of({"a b a<x>a", "<x>c"}), 4);
    counter.add(list_of({" b d"}), 4);
    const WordCounts words = counter.finish();
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> found;
    for (std::size_t i = 0; i < words.n_words(); ++i) {
      found[std::string(words.word(i))] = {words.count(i), words.first(i)};
    }
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> expected{
        {"a", {2, 0}}, {" b", {2, 1}}, {" a", {1, 3}}, {"c", {1, 6}}, {" d", {1, 9}}};
    if (count_added) {
      expected["c"].second += 6;
      expected[" d"].second += 6;
      expected["<x>"] = {2, 5};
    }
    CHECK(found == expected);
  }
}

TEST_CASE("tables are joined: one by one, whole, and after each other") {
  for_seeds(200, [](Random& random) {
    Counts expected;
    std::map<std::string, std::uint64_t> firsts;
    const auto table = [&](std::string_view alphabet, std::uint64_t shift) {
      WordCounts words(true);
      for (std::size_t i = 0, n = random.below(60); i < n; ++i) {
        const std::string word = letters(random, alphabet, random.below(4));
        const std::uint64_t first = random.below(100);
        words.add(word, i, first);
        expected[word] += i;
        const auto [at, is_new] = firsts.insert({word, first + shift});
        if (!is_new) at->second = std::min(at->second, first + shift);
      }
      return words;
    };
    WordCounts all = table("abc", 0);
    all.add_all(table("ab", 1000), 1000);
    WordCounts others(true);
    others.add_all(table("xy", 5), 5);
    if (firsts.contains("")) return;  // then the two have a word in common
    all.take(others);
    CHECK(others.n_words() == 0);
    all.add_all(table("ax", 7), 7);
    CHECK(map_of(all) == expected);
    for (std::size_t i = 0; i < all.n_words(); ++i) {
      CHECK(all.first(i) == firsts.at(std::string(all.word(i))));
    }
  });
  WordCounts with_firsts(true);
  with_firsts.add("a", 1, 2);
  CHECK_THROWS_AS(WordCounts().add_all(with_firsts), InvalidArgument);
  CHECK_THROWS_AS(with_firsts.add_all(WordCounts(with_firsts), ~std::uint64_t{0}), InvalidArgument);
}

TEST_CASE("with little memory words go to a file and come back") {
  const TimeLimit limit(120);
  Random random(12);
  std::string text;
  for (int i = 0; i < 400'000; ++i) {
    text += letters(random, "abcdefghijkl", 1 + random.below(30)) + (random.one_in(2) ? " " : "1");
  }
  text += repeated("long", 200'000);
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  for (const bool has_firsts : {false, true}) {
    WordCounter in_memory(splitter, {has_firsts, false});
    in_memory.add(list_of({text, text}), 1);
    const WordCounts expected = in_memory.finish();
    const auto expected_map = map_of(expected);
    CHECK(in_memory.n_spilled_bytes() == 0);
    const CountOptions options{has_firsts, false, false, WordCounter::kLeastMemory, fileno(file)};
    for (const std::size_t n_threads : {1, 3}) {
      WordCounter counter(splitter, options);
      counter.add(list_of({text, text}), n_threads);
      CHECK(counter.n_spilled_bytes() > 8'000'000);
      const WordCounts words = counter.finish();
      CHECK(map_of(words) == expected_map);
      if (!has_firsts) continue;
      std::map<std::string, std::uint64_t> firsts;
      for (std::size_t i = 0; i < expected.n_words(); ++i) {
        firsts[std::string(expected.word(i))] = expected.first(i);
      }
      std::size_t n_wrong = 0;  // a check for each of so many words takes longer than counting them
      for (std::size_t i = 0; i < words.n_words(); ++i) {
        n_wrong += words.first(i) != firsts.at(std::string(words.word(i)));
      }
      CHECK(n_wrong == 0);
    }
    WordCounter by_parts(splitter, options);
    by_parts.add(list_of({text, text}), 2);
    WordCounts all(has_firsts);
    for (std::size_t part = 0; part < WordCounter::kParts; ++part) {
      WordCounts words = by_parts.finish_part(part);
      all.take(words);
    }
    CHECK(map_of(all) == expected_map);
  }
  std::fclose(file);
}

TEST_CASE("a memory limit that cannot be kept, a file that cannot be written") {
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  CHECK_THROWS_AS(WordCounter(splitter, {false, false, false, 1000, 1}), InvalidArgument);
  CHECK_THROWS_AS(WordCounter(splitter, {false, false, false, WordCounter::kLeastMemory}),
                  InvalidArgument);
  const int read_only = ::open("/dev/null", O_RDONLY);
  WordCounter counter(splitter, {false, false, false, WordCounter::kLeastMemory, read_only});
  Random random(13);
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += letters(random, "abcdefgh", 12) + " ";
  CHECK_THROWS_AS(counter.add(list_of({text}), 2), std::system_error);
  ::close(read_only);
}

TEST_CASE("counting by lines equals counting each line, for texts of every kind and any threads") {
  const TimeLimit limit(120);
  Random random(17);
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    texts.push_back(plain_text(random, random.below(40)) + awkward_text(random, random.below(20)));
  }
  texts.push_back(repeated(plain_text(random, 5'000), 20));
  texts.push_back(repeated("a line without an end ", 30'000));
  std::u32string wide = U"caf\u00E9 \U0001F600\n  x\r\n\n";
  for (int i = 0; i < 14; ++i) wide += wide;
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  Counts expected;
  std::uint64_t n_lines = 0;
  const auto expect = [&](ByteSpan text, std::uint64_t n_times) {
    for (; !text.empty(); n_lines += n_times) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      for (const std::string& piece : split_all(*splitter, text.substr(0, end))) {
        expected[piece] += n_times;
      }
      text.remove_prefix(end);
    }
  };
  for (const std::string& text : texts) expect(text, 1);
  expect("caf\u00E9 \U0001F600\n  x\r\n\n", std::uint64_t{1} << 14);
  for (const bool has_firsts : {false, true}) {
    for (const std::size_t n_threads : {1, 2, 3, 7, 16}) {
      CAPTURE(n_threads);
      CountOptions options;
      options.has_firsts = has_firsts;
      options.by_lines = true;
      WordCounter counter(splitter, options);
      counter.add(list_of(texts), n_threads);
      counter.add(
          DocumentList({{reinterpret_cast<const char*>(wide.data()), wide.size(), TextKind::ucs4}}),
          n_threads);
      // The one line that is longer than a chunk may be cut.
      CHECK(counter.n_texts() >= n_lines);
      CHECK(map_of(counter.finish()) == expected);
    }
  }
}
