#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "naive.hpp"
#include "support.hpp"
#include "train/merge_loop.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Words = std::vector<std::pair<std::string, std::uint64_t>>;

MergeRules plain_rules() {
  MergeRules rules;
  std::iota(rules.base_ids.begin(), rules.base_ids.end(), 0u);
  return rules;
}

// Different words in the order of their first occurrences.
Words random_words(Random& random) {
  static constexpr std::string_view kAlphabets[] = {"a", "ab", "abc", "abcd"};
  const std::string_view alphabet = random.pick(kAlphabets);
  Words words;
  for (std::size_t i = 0, n = random.below(9); i < n; ++i) {
    std::string word = letters(random, alphabet, random.below(12));
    if (random.one_in(4)) word += repeated(letters(random, alphabet, 1 + random.below(3)), 6);
    const bool is_new = std::none_of(words.begin(), words.end(),
                                     [&](const auto& other) { return other.first == word; });
    if (is_new) words.push_back({word, random.below(4) * (random.one_in(5) ? 40 : 1)});
  }
  return words;
}

WordCounts counts_of(const Words& words) {
  WordCounts counts(true);
  std::uint64_t first = 0;
  for (const auto& [word, count] : words) counts.add(word, count, first += word.size() + 1);
  return counts;
}

std::vector<NaivelyLearned> learned_by(const MergeLoop& loop) {
  std::vector<NaivelyLearned> learned;
  for (const MergeLoop::Learned& one : loop.learned()) learned.push_back({one.pair, one.count});
  return learned;
}

void check(const Words& words, const MergeRules& rules, std::size_t n_tokens,
           std::size_t n_expected) {
  MergeLoop loop(counts_of(words), rules, n_expected);
  const std::size_t n_new = loop.run(n_tokens);
  const std::vector<NaivelyLearned> expected = NaiveTrainer(words, rules).run(n_tokens);
  if (learned_by(loop) != expected) {
    std::string shown;
    for (const auto& [word, count] : words) {
      shown += quoted(word) + " x " + std::to_string(count) + ", ";
    }
    FAIL_CHECK(shown);
  }
  CHECK(n_new <= n_tokens);
}

}  // namespace

TEST_CASE("every tie break, whatever the threshold that the loop begins with") {
  for_seeds(4000, [](Random& random) {
    MergeRules rules = plain_rules();
    static constexpr TieBreak kAll[] = {TieBreak::smaller_ids, TieBreak::greater_bytes,
                                        TieBreak::first_seen};
    rules.tie_break = random.pick(kAll);
    if (random.one_in(2)) std::reverse(rules.base_ids.begin(), rules.base_ids.end());
    if (random.one_in(4)) rules.min_count = random.below(9);
    check(random_words(random), rules, random.one_in(2) ? 1000 : random.below(9),
          random.one_in(2) ? 0 : random.below(12));
  });
}

TEST_CASE("pairs of many bytes are passed over, those of bytes never") {
  for_seeds(2000, [](Random& random) {
    MergeRules rules = plain_rules();
    rules.max_token_bytes = random.below(17);
    check(random_words(random), rules, 1000, random.below(5));
  });
}

TEST_CASE("a merge that makes a token there is makes no new one") {
  for_seeds(2000, [](Random& random) {
    MergeRules rules = plain_rules();
    static constexpr TieBreak kAll[] = {TieBreak::smaller_ids, TieBreak::greater_bytes,
                                        TieBreak::first_seen};
    rules.tie_break = random.pick(kAll);
    rules.next_id = 260;
    for (TokenId id = 0; id < 256; ++id) rules.base_ids[id] = id + 2;
    rules.existing = {{"ab", 0}, {"aa", 1}, {"abab", 258}, {"ba", 259}};
    const Words words = random_words(random);
    check(words, rules, 1000, random.below(5));
    check(words, rules, random.below(4), random.below(5));
  });
}

TEST_CASE("what was learned is replayed, and learning goes on as if it had not stopped") {
  for_seeds(2000, [](Random& random) {
    const Words words = random_words(random);
    const MergeRules rules = plain_rules();
    MergeLoop whole(counts_of(words), rules, 5);
    whole.run(1000);
    const std::size_t n_first = random.below(whole.learned().size() + 1);
    std::vector<Pair> pairs;
    std::vector<TokenId> products;
    for (std::size_t i = 0; i < n_first; ++i) {
      pairs.push_back(whole.learned()[i].pair);
      products.push_back(whole.learned()[i].product);
    }
    MergeLoop later(counts_of(words), rules, random.below(9));
    later.replay(pairs, products);
    later.run(1000);
    CHECK(learned_by(later) == learned_by(whole));
  });
}

TEST_CASE("merges of another text are replayed as they are, also two that make one token") {
  for_seeds(3000, [](Random& random) {
    const Words words = random_words(random);
    const MergeRules rules = plain_rules();
    // ab, bc, and abc by both; then what is frequent.
    std::vector<Pair> pairs = {{'a', 'b'}, {'b', 'c'}, {256, 'c'}, {'a', 257}, {'a', 'a'}};
    std::vector<TokenId> products = {256, 257, 258, 258, 259};
    if (random.one_in(2)) {
      std::swap(pairs[0], pairs[1]);
      std::swap(products[0], products[1]);
    }
    MergeLoop loop(counts_of(words), rules, random.below(9));
    loop.replay(pairs, products);
    NaiveTrainer naive(words, rules);
    naive.know({{"ab", 256}, {"bc", 257}, {"abc", 258}, {"aa", 259}});
    for (std::size_t i = 0; i < pairs.size(); ++i) naive.replace(pairs[i], products[i]);
    const std::vector<NaivelyLearned> expected = naive.run(20);
    loop.run(20);
    std::vector<NaivelyLearned> found = learned_by(loop);
    found.erase(found.begin(), found.begin() + 5);
    CHECK(found == expected);
  });
}

TEST_CASE("rules that contradict themselves") {
  const Words words{{"ab", 1}};
  MergeRules same_ids = plain_rules();
  same_ids.base_ids[7] = 8;
  CHECK_THROWS_AS(MergeLoop(counts_of(words), same_ids, 1), InvalidArgument);
  MergeRules above = plain_rules();
  above.next_id = 255;
  CHECK_THROWS_AS(MergeLoop(counts_of(words), above, 1), InvalidArgument);
  MergeRules taken = plain_rules();
  taken.existing = {{"ab", 9}};
  CHECK_THROWS_AS(MergeLoop(counts_of(words), taken, 1), InvalidArgument);
  MergeRules by_firsts = plain_rules();
  by_firsts.tie_break = TieBreak::first_seen;
  CHECK_THROWS_AS(MergeLoop(WordCounts(), by_firsts, 1), InvalidArgument);
  MergeLoop loop(counts_of(words), plain_rules(), 1);
  const std::vector<Pair> unknown{{'a', 300}};
  const std::vector<TokenId> products{256};
  CHECK_THROWS_AS(loop.replay(unknown, products), InvalidArgument);
}
