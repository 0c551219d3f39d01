#include <doctest/doctest.h>

#include <array>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "naive.hpp"
#include "support.hpp"
#include "train/merge_loop.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Words = std::map<std::string, std::uint64_t>;

std::array<TokenId, 256> ids_in_order() {
  std::array<TokenId, 256> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}

std::array<TokenId, 256> shuffled_ids(Random& random) {
  std::array<TokenId, 256> ids = ids_in_order();
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
  return ids;
}

WordCounts counts_of(const Words& words) {
  WordCounts counts;
  for (const auto& [word, count] : words) counts.add(word, count);
  return counts;
}

MergeRules rules_of(const std::array<TokenId, 256>& base_ids) {
  MergeRules rules;
  rules.base_ids = base_ids;
  return rules;
}

std::vector<NaivelyLearned> learned_by(const MergeLoop& loop) {
  std::vector<NaivelyLearned> learned;
  for (const MergeLoop::Learned& one : loop.learned()) learned.push_back({one.pair, one.count});
  return learned;
}

std::vector<NaivelyLearned> learn(const Words& words, const std::array<TokenId, 256>& base_ids,
                                  std::size_t n_merges) {
  MergeLoop loop(counts_of(words), rules_of(base_ids), n_merges);
  const std::size_t n_learned = loop.run(n_merges);
  CHECK(n_learned == loop.learned().size());
  return learned_by(loop);
}

constexpr std::size_t kAll = 10'000;  // more than any of these corpora can give

// Few letters and long runs: ties, overlaps and neighbours of one kind everywhere.
Words random_words(Random& random) {
  static constexpr std::string_view kAlphabets[] = {"a", "ab", "ab", "abc", "a\xFF"};
  const std::string_view alphabet = random.pick(kAlphabets);
  Words words;
  const std::size_t n_words = random.below(8);
  for (std::size_t i = 0; i < n_words; ++i) {
    std::string word;
    const std::size_t n_parts = random.below(8);
    for (std::size_t part = 0; part < n_parts; ++part) {
      const std::string unit = letters(random, alphabet, 1 + random.below(3));
      word += repeated(unit, random.one_in(3) ? 1 + random.below(9) : 1);
    }
    words[word] = random.one_in(5) ? 1'000'000'007 * random.below(9) : random.below(4);
  }
  return words;
}

}  // namespace

TEST_CASE("the loop learns what recounting everything learns, until nothing is left") {
  for_seeds(4000, [](Random& random) {
    const Words words = random_words(random);
    const auto base_ids = random.one_in(2) ? ids_in_order() : shuffled_ids(random);
    const std::vector<NaivelyLearned> found = learn(words, base_ids, kAll);
    if (found != train_naively(words, base_ids, kAll)) {
      std::string shown;
      for (const auto& [word, count] : words)
        shown += quoted(word) + " x " + std::to_string(count) + ", ";
      FAIL_CHECK(shown);
    }
  });
}

TEST_CASE("runs of one letter, alone and together") {
  for (std::size_t n = 0; n < 70; ++n) {
    CAPTURE(n);
    const Words one{{repeated("a", n), 1}};
    CHECK(learn(one, ids_in_order(), kAll) == train_naively(one, ids_in_order(), kAll));
    const Words more{{repeated("a", n), 3},
                     {repeated("a", 2 * n + 1), 2},
                     {repeated("ab", n) + "b", 3},
                     {repeated("aab", n), 1}};
    CHECK(learn(more, ids_in_order(), kAll) == train_naively(more, ids_in_order(), kAll));
  }
}

TEST_CASE("ties go to the smaller left id, then the smaller right id, as ids and not as bytes") {
  const Words words{{"ab", 1}, {"ba", 1}, {"aa", 1}, {"bb", 1}};
  const std::vector<NaivelyLearned> in_order = learn(words, ids_in_order(), kAll);
  REQUIRE(in_order.size() == 4);
  CHECK(in_order[0].pair == Pair{'a', 'a'});
  CHECK(in_order[1].pair == Pair{'a', 'b'});
  std::array<TokenId, 256> swapped = ids_in_order();
  std::swap(swapped['a'], swapped['b']);
  CHECK(learn(words, swapped, 1)[0].pair == Pair{swapped['b'], swapped['b']});
}

TEST_CASE("merges a few at a time equal merges all at once") {
  for_seeds(300, [](Random& random) {
    const WordCounts counts = counts_of(random_words(random));
    MergeLoop once(counts, rules_of(ids_in_order()), random.below(20));
    const std::size_t n_all = once.run(kAll);
    MergeLoop steps(counts, rules_of(ids_in_order()), random.below(20));
    std::size_t n_done = 0;
    CHECK(steps.run(0) == 0);
    while (n_done < n_all) {
      const std::size_t n_wanted = 1 + random.below(4);
      const std::size_t n = steps.run(n_wanted);
      CHECK(n == std::min(n_wanted, n_all - n_done));
      n_done += n;
    }
    CHECK(steps.run(5) == 0);
    CHECK(learned_by(steps) == learned_by(once));
  });
}

TEST_CASE("longer texts of words") {
  for_seeds(6, [](Random& random) {
    Words words;
    for (int i = 0; i < 400; ++i) {
      words[letters(random, "etaoin", 1 + random.below(4)) +
            letters(random, "shrdlu", random.below(5))] += 1 + random.below(100);
    }
    CHECK(learn(words, ids_in_order(), 120) == train_naively(words, ids_in_order(), 120));
  });
}

TEST_CASE("the order in which words were seen changes nothing") {
  for_seeds(300, [](Random& random) {
    const Words words = random_words(random);
    WordCounts backwards;
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
      for (std::uint64_t i = 0; i < word->second % 4; ++i) backwards.add(word->first, 1);
      backwards.add(word->first, word->second - word->second % 4);
    }
    MergeLoop loop(backwards, rules_of(ids_in_order()), 3);
    loop.run(kAll);
    CHECK(learned_by(loop) == learn(words, ids_in_order(), kAll));
  });
}

TEST_CASE("nothing to learn from") {
  CHECK(learn({}, ids_in_order(), 10).empty());
  CHECK(learn({{"a", 5}, {"b", 3}, {"", 2}}, ids_in_order(), 10).empty());
  CHECK(learn({{"ab", 0}}, ids_in_order(), 10).empty());
}

TEST_CASE("one word of five million bytes is learned from in seconds") {
  const TimeLimit limit(120);
  MergeLoop loop(counts_of({{repeated("a", 5'000'000), 1}}), rules_of(ids_in_order()), 30);
  loop.run(kAll);
  CHECK(loop.learned().size() >= 22);
  CHECK(loop.learned()[0].count == 4'999'999);
}
