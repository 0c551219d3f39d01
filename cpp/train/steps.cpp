#include "train/steps.hpp"

#include "train/pair_map.hpp"

namespace bytestride {

std::vector<PairCount> count_pairs(std::span<const TokenId> ids) {
  PairMap numbers;
  std::vector<PairCount> counts;
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    const Pair pair{ids[i], ids[i + 1]};
    const std::uint32_t number =
        numbers.find_or_insert(pair, static_cast<std::uint32_t>(counts.size()));
    if (number == counts.size()) counts.push_back({pair, 0});
    ++counts[number].count;
  }
  return counts;
}

std::vector<TokenId> apply_merge(std::span<const TokenId> ids, Pair pair, TokenId new_id) {
  std::vector<TokenId> merged;
  merged.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + 1 < ids.size() && ids[i] == pair.left && ids[i + 1] == pair.right) {
      merged.push_back(new_id);
      ++i;
    } else {
      merged.push_back(ids[i]);
    }
  }
  return merged;
}

}  // namespace bytestride
