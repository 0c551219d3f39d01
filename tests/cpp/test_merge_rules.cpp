#include <doctest/doctest.h>

#include <map>
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

std::string shown(const Words& words) {
  std::string text;
  for (const auto& [word, count] : words) {
    text += quoted(word) + " x " + std::to_string(count) + ", ";
  }
  return text;
}

void check(const Words& words, const MergeRules& rules, std::size_t n_tokens,
           std::size_t n_expected, std::uint64_t first_threshold = 0) {
  MergeLoop loop(counts_of(words), rules, n_expected, first_threshold);
  const std::size_t n_new = loop.run(n_tokens);
  const std::vector<NaivelyLearned> expected = NaiveTrainer(words, rules).run(n_tokens);
  if (learned_by(loop) != expected) FAIL_CHECK(shown(words));
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
    static constexpr std::uint64_t kThresholds[] = {0, 1, 2, 5, 20, 1000, ~std::uint64_t{0}};
    check(random_words(random), rules, random.one_in(2) ? 1000 : random.below(9),
          random.one_in(2) ? 0 : random.below(12), random.pick(kThresholds));
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

TEST_CASE("any merges are replayed in their order, with limits that they do not meet") {
  for_seeds(3000, [](Random& random) {
    const Words words = random_words(random);
    MergeRules rules = plain_rules();
    if (random.one_in(2)) rules.max_token_bytes = random.below(5);
    if (random.one_in(2)) rules.min_count = random.below(6);
    rules.next_id = 1000;
    // Tokens of one spelling are one token; ids are those that come first by chance.
    std::map<std::string, TokenId> tokens;
    std::vector<std::string> spellings = {"a", "b", "c", "d"};
    std::map<std::string, TokenId> made;
    for (const std::string& byte : spellings) {
      tokens[byte] = static_cast<unsigned char>(byte[0]);
    }
    std::vector<Pair> pairs;
    std::vector<TokenId> products;
    for (std::size_t i = 0, n = random.below(12); i < n; ++i) {
      const std::string left = random.pick(spellings);
      const std::string right = random.pick(spellings);
      const std::string both = left + right;
      if (tokens.insert({both, static_cast<TokenId>(1200 - 7 * i)}).second) {
        spellings.push_back(both);
        made[both] = tokens[both];
      }
      pairs.push_back({tokens[left], tokens[right]});
      products.push_back(tokens[both]);
    }
    MergeLoop loop(counts_of(words), rules, random.below(9), random.below(4));
    loop.replay(pairs, products);
    NaiveTrainer naive(words, rules);
    naive.know(made);
    for (std::size_t i = 0; i < pairs.size(); ++i) naive.replace(pairs[i], products[i]);
    const std::vector<NaivelyLearned> expected = naive.run(20);
    loop.run(20);
    std::vector<NaivelyLearned> found = learned_by(loop);
    REQUIRE(found.size() >= pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) CHECK(found[i].pair == pairs[i]);
    found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(pairs.size()));
    if (found != expected) FAIL_CHECK(shown(words));
  });
}

TEST_CASE("more symbols than two bytes can number") {
  // Every pair of bytes is a word; then words of two of these, which are rare, and whose middle
  // is rarer than their halves. So all pairs of bytes become tokens first, then these words.
  constexpr std::size_t kLong = 4096;
  const auto spelled = [](std::size_t a, std::size_t b) {
    return std::string{static_cast<char>(a), static_cast<char>(b)};
  };
  Words words;
  for (std::size_t a = 0; a < 256; ++a) {
    for (std::size_t b = 0; b < 256; ++b) {
      words.push_back({spelled(a, b), a >= 128 && b < 128 ? 3 : 10});
    }
  }
  for (std::size_t i = 0; i < kLong; ++i) {
    words.push_back(
        {spelled(i % 128, 128 + i / 128) + spelled((5 * i + 1) % 128, 128 + 3 * i % 128), 1});
  }
  MergeLoop loop(counts_of(words), plain_rules(), 10);
  CHECK(loop.run(100'000) == 65536 + kLong);
  std::map<TokenId, std::string> tokens;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    tokens[static_cast<TokenId>(byte)] = std::string(1, static_cast<char>(byte));
  }
  std::map<std::string, std::uint64_t> counts;
  for (const MergeLoop::Learned& one : loop.learned()) {
    tokens[one.product] = tokens.at(one.pair.left) + tokens.at(one.pair.right);
    counts[tokens[one.product]] = one.n_merged;
  }
  REQUIRE(counts.size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i >= 65536) CHECK(counts.at(words[i].first) == 1);
    if (i < 65536) CHECK(counts.at(words[i].first) >= words[i].second);
  }
}

TEST_CASE("a byte that is in no word, a token of all the others") {
  MergeLoop none(counts_of({{"a", 3}, {"", 7}}), plain_rules(), 100);
  CHECK(none.run(10) == 0);
  MergeLoop one(counts_of({{"abab", 1}}), plain_rules(), 0, ~std::uint64_t{0});
  CHECK(one.run(10) == 2);
  CHECK(one.run(10) == 0);
}

TEST_CASE("more pairs than 64 bits count") {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  CHECK_THROWS_AS(MergeLoop(counts_of({{"aaa", kHalf}}), plain_rules(), 1), InvalidArgument);
  CHECK_THROWS_AS(MergeLoop(counts_of({{"ab", kHalf}, {"cd", kHalf}}), plain_rules(), 1),
                  InvalidArgument);
  MergeLoop loop(counts_of({{"ab", kHalf}, {"cd", kHalf - 1}}), plain_rules(), 1);
  loop.run(10);
  CHECK(loop.learned().at(0).count == kHalf);
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
  MergeRules one_id = plain_rules();
  one_id.next_id = 400;
  one_id.existing = {{"abc", 300}, {"de", 300}};
  CHECK_THROWS_AS(MergeLoop(counts_of(words), one_id, 1), InvalidArgument);
  one_id.existing = {{"ab", 300}, {"ab", 301}};
  CHECK_THROWS_AS(MergeLoop(counts_of(words), one_id, 1), InvalidArgument);
}

TEST_CASE("merges that cannot be replayed") {
  using Pairs = std::vector<Pair>;
  using Products = std::vector<TokenId>;
  const Words words{{"abcdeabcde", 1}};
  const auto refuses = [&](const Pairs& pairs, const Products& products) {
    MergeRules rules = plain_rules();
    rules.existing = {{"cd", 256}};
    rules.next_id = 257;
    MergeLoop loop(counts_of(words), rules, 1);
    CHECK_THROWS_AS(loop.replay(pairs, products), InvalidArgument);
    CHECK(loop.learned().empty());
  };
  refuses({{'a', 300}}, {257});                   // of what nothing made
  refuses({{'a', 256}}, {257});                   // nothing made it yet
  refuses({{'a', 'b'}}, {'x'});                   // into a byte
  refuses({{'a', 'b'}}, {256});                   // into a token of other bytes
  refuses({{'a', 'b'}, {'b', 'c'}}, {257, 257});  // two into one
  refuses({{'c', 'd'}}, {257});                   // a token has these bytes
  refuses({{'a', 'b'}, {'a', 'b'}}, {257, 258});  // the same
  refuses({{'a', 'b'}}, {kNoToken});              // no id
  Pairs doubling{{'a', 'a'}};
  Products products{300};
  while (products.size() < 60) {
    doubling.push_back({products.back(), products.back()});
    products.push_back(products.back() + 1);
  }
  refuses(doubling, products);
  MergeLoop far(counts_of(words), plain_rules(), 1);
  far.replay(Pairs{{'a', 'b'}}, Products{0xFFFFFFFE});  // takes no memory by its size
  CHECK_THROWS_AS(far.run(1), InvalidArgument);         // and leaves no id behind it
  MergeLoop late(counts_of(words), plain_rules(), 1);
  late.run(1);
  CHECK_THROWS_AS(late.replay(Pairs{{'b', 'c'}}, Products{300}), InvalidArgument);
}
