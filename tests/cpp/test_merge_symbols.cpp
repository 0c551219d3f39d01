#include <doctest/doctest.h>

#include <vector>

#include "naive.hpp"
#include "support.hpp"
#include "vocab/merge_symbols.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenId> by_heap(const PairTable& table, std::vector<TokenId> symbols,
                             std::size_t stop_at, MergeScratch& scratch) {
  symbols.resize(merge_by_heap(table, symbols.data(), symbols.size(), scratch, stop_at));
  return symbols;
}

std::vector<TokenId> by_scan(const PairTable& table, std::vector<TokenId> symbols,
                             std::size_t stop_at) {
  symbols.resize(merge_by_scan(table, symbols.data(), symbols.size(), stop_at));
  return symbols;
}

void check_twins(const PairMerges& merges, const std::vector<TokenId>& symbols, std::size_t stop_at,
                 MergeScratch& scratch) {
  const PairTable table = table_of(merges);
  const std::vector<TokenId> expected = merge_naively(merges, symbols, stop_at);
  CHECK(by_heap(table, symbols, stop_at, scratch) == expected);
  if (symbols.size() <= kMaxScannedSymbols) CHECK(by_scan(table, symbols, stop_at) == expected);
  std::vector<TokenId> chosen = symbols;
  chosen.resize(merge_symbols(table, chosen.data(), chosen.size(), scratch, stop_at));
  CHECK(chosen == expected);
}

// Any pair of symbols below n_symbols may merge, into anything, also into a part of itself, and
// several pairs may share a rank.
PairMerges random_merges(Random& random, TokenId n_symbols, std::size_t n_merges) {
  PairMerges merges;
  for (std::size_t i = 0; i < n_merges; ++i) {
    const Pair pair{static_cast<TokenId>(random.below(n_symbols)),
                    static_cast<TokenId>(random.below(n_symbols))};
    merges[pair] = {static_cast<std::uint32_t>(random.below(2 * n_merges)),
                    static_cast<TokenId>(random.below(n_symbols))};
  }
  return merges;
}

}  // namespace

TEST_CASE("scan, heap and textbook agree on random tables and words") {
  MergeScratch scratch;
  for_seeds(6000, [&](Random& random) {
    const auto n_symbols = static_cast<TokenId>(1 + random.below(6));
    const PairMerges merges = random_merges(random, n_symbols, random.below(12));
    std::vector<TokenId> symbols(random.below(random.one_in(8) ? 200 : 50));
    for (TokenId& symbol : symbols) symbol = static_cast<TokenId>(random.below(n_symbols));
    check_twins(merges, symbols, random.below(4), scratch);
  });
}

TEST_CASE("runs of one symbol") {
  MergeScratch scratch;
  // aa -> 1, 11 -> 2, 22 -> 3; then with the ranks turned round, so that the longest goes first.
  for (const bool turned : {false, true}) {
    PairMerges merges;
    for (TokenId i = 0; i < 3; ++i) merges[{i, i}] = {turned ? 2 - i : i, i + 1};
    for (std::size_t n = 0; n < 120; ++n) {
      CAPTURE(n);
      for (const std::size_t stop_at : {1, 2, 5}) {
        check_twins(merges, std::vector<TokenId>(n, 0), stop_at, scratch);
      }
    }
  }
}

TEST_CASE("the leftmost of equal pairs merges first") {
  const PairMerges merges{{{0, 0}, {0, 1}}};
  MergeScratch scratch;
  const std::vector<TokenId> three(3, 0);
  CHECK(by_scan(table_of(merges), three, 1) == std::vector<TokenId>{1, 0});
  CHECK(by_heap(table_of(merges), three, 1, scratch) == std::vector<TokenId>{1, 0});
}

TEST_CASE("merging stops when few enough are left") {
  PairMerges merges;
  for (TokenId i = 0; i < 4; ++i) merges[{i, i}] = {i, i + 1};
  MergeScratch scratch;
  const std::vector<TokenId> symbols(16, 0);
  for (std::size_t stop_at = 0; stop_at <= 17; ++stop_at) {
    const std::size_t expected = std::max<std::size_t>(1, std::min<std::size_t>(16, stop_at));
    CHECK(by_heap(table_of(merges), symbols, stop_at, scratch).size() == expected);
    CHECK(by_scan(table_of(merges), symbols, stop_at).size() == expected);
  }
}

TEST_CASE("an empty table, one symbol and none change nothing") {
  MergeScratch scratch;
  const PairTable empty;
  CHECK(by_heap(empty, {5, 6, 7}, 1, scratch) == std::vector<TokenId>{5, 6, 7});
  CHECK(by_scan(empty, {5, 6, 7}, 1) == std::vector<TokenId>{5, 6, 7});
  CHECK(by_heap(empty, {5}, 1, scratch) == std::vector<TokenId>{5});
  CHECK(by_heap(empty, {}, 1, scratch).empty());
  CHECK(by_scan(empty, {}, 1).empty());
}

TEST_CASE("a million symbols merge in little time") {
  const TimeLimit limit(60);
  PairMerges merges;
  for (TokenId i = 0; i < 20; ++i) merges[{i, i}] = {i, i + 1};
  MergeScratch scratch;
  std::vector<TokenId> symbols(1 << 20, 0);
  CHECK(merge_symbols(table_of(merges), symbols.data(), symbols.size(), scratch) == 1);
  CHECK(symbols[0] == 20);
}
