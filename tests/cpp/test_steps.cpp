#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "support.hpp"
#include "train/steps.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Ids = std::vector<TokenId>;

Ids random_ids(Random& random) {
  static constexpr TokenId kIds[] = {0, 1, 2, 0xFFFFFFFF, 0x80000000};
  Ids ids(random.below(40));
  for (TokenId& id : ids) id = random.pick(kIds);
  return ids;
}

}  // namespace

TEST_CASE("pairs are counted at every position, in the order of their first") {
  const std::vector<PairCount> counts = count_pairs(Ids{1, 1, 1, 2, 1, 1});
  REQUIRE(counts.size() == 3);
  CHECK(counts[0].pair == Pair{1, 1});
  CHECK(counts[0].count == 3);
  CHECK(counts[1].pair == Pair{1, 2});
  CHECK(counts[1].count == 1);
  CHECK(counts[2].pair == Pair{2, 1});
  CHECK(counts[2].count == 1);
  CHECK(count_pairs(Ids{}).empty());
  CHECK(count_pairs(Ids{7}).empty());
}

TEST_CASE("counts equal those of a map") {
  for_seeds(3000, [](Random& random) {
    const Ids ids = random_ids(random);
    std::map<Pair, std::uint64_t> expected;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) ++expected[{ids[i], ids[i + 1]}];
    std::map<Pair, std::uint64_t> found;
    for (const PairCount& entry : count_pairs(ids)) {
      CHECK(found.insert({entry.pair, entry.count}).second);
    }
    CHECK(found == expected);
  });
}

TEST_CASE("a merge goes from the left and does not overlap itself") {
  CHECK(apply_merge(Ids{1, 1, 1}, {1, 1}, 9) == Ids{9, 1});
  CHECK(apply_merge(Ids{1, 1, 1, 1}, {1, 1}, 9) == Ids{9, 9});
  CHECK(apply_merge(Ids{1, 2, 1, 2, 2}, {1, 2}, 9) == Ids{9, 9, 2});
  CHECK(apply_merge(Ids{2, 1}, {1, 2}, 9) == Ids{2, 1});
  CHECK(apply_merge(Ids{1}, {1, 1}, 9) == Ids{1});
  CHECK(apply_merge(Ids{}, {1, 1}, 9).empty());
  // The new id may be one of the pair: what it makes is not merged again.
  CHECK(apply_merge(Ids{1, 1, 1, 1, 1}, {1, 1}, 1) == Ids{1, 1, 1});
}

TEST_CASE("undoing a merge gives the ids back") {
  for_seeds(3000, [](Random& random) {
    const Ids ids = random_ids(random);
    const Pair pair{static_cast<TokenId>(random.below(3)), static_cast<TokenId>(random.below(3))};
    const Ids merged = apply_merge(ids, pair, 5);
    Ids undone;
    for (std::size_t i = 0; i < merged.size(); ++i) {
      const bool left_over =
          i + 1 < merged.size() && merged[i] == pair.left && merged[i + 1] == pair.right;
      CHECK_FALSE(left_over);
      if (merged[i] == 5) {
        undone.insert(undone.end(), {pair.left, pair.right});
      } else {
        undone.push_back(merged[i]);
      }
    }
    CHECK(undone == ids);
  });
}
