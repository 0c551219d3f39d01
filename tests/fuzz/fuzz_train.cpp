// The merge loop against recounting everything, by all rules, and merges in steps against all at
// once. Input: a byte for the size of a step and the order of ids, one for the rules, one for the
// first threshold, then words between newlines; a word's first byte is its count, its length is
// bounded to keep the slow twin fast.

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "../cpp/naive.hpp"
#include "check.hpp"
#include "train/merge_loop.hpp"

using namespace bytestride;
using namespace bytestride::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t first_byte = input.byte();
  const std::size_t step = 1 + first_byte % 8;
  const std::uint8_t rule = input.byte();
  const std::uint64_t first_threshold = input.byte();

  MergeRules rules;
  std::iota(rules.base_ids.begin(), rules.base_ids.end(), 0u);
  if (step % 2 == 0) std::reverse(rules.base_ids.begin(), rules.base_ids.end());
  rules.tie_break = static_cast<TieBreak>(rule % 3);
  if ((rule & 0x04) != 0) rules.max_token_bytes = rule >> 4;
  if ((rule & 0x08) != 0) rules.min_count = rule >> 4;
  if (first_byte >= 128) {
    rules.existing = {{"ab", 258}, {"aa", 256}, {"abab", 257}};
    rules.next_id = 260;
  }

  std::vector<std::pair<std::string, std::uint64_t>> words;
  WordCounts counts(true);
  const ByteSpan text = input.take(150);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const ByteSpan line = text.substr(begin, end - begin);
    if (!line.empty()) {
      const std::uint64_t count = static_cast<unsigned char>(line.front());
      const std::string word(line.substr(1));
      const auto known = std::find_if(words.begin(), words.end(),
                                      [&](const auto& other) { return other.first == word; });
      if (known == words.end()) {
        words.emplace_back(word, count);
      } else {
        known->second += count;
      }
      counts.add(word, count, begin);
    }
    begin = end + 1;
  }

  MergeLoop loop(counts, rules, step, first_threshold);
  while (loop.run(step) == step) continue;
  std::vector<NaivelyLearned> found;
  for (const MergeLoop::Learned& one : loop.learned()) found.push_back({one.pair, one.count});
  const std::vector<NaivelyLearned> expected = NaiveTrainer(words, rules).run(~std::size_t{0});
  require(found == expected, "merge loop and recounting");

  // The first half, replayed, and the rest learned anew.
  std::vector<Pair> pairs;
  std::vector<TokenId> products;
  for (std::size_t i = 0; i < loop.learned().size() / 2; ++i) {
    pairs.push_back(loop.learned()[i].pair);
    products.push_back(loop.learned()[i].product);
  }
  MergeLoop later(counts, rules, 0, first_threshold);
  later.replay(pairs, products);
  while (later.run(step) == step) continue;
  require(later.learned().size() == found.size(), "number of merges after a replay");
  for (std::size_t i = 0; i < found.size(); ++i) {
    require(found[i] == NaivelyLearned{later.learned()[i].pair, later.learned()[i].count},
            "merges after a replay");
  }
  return 0;
}
