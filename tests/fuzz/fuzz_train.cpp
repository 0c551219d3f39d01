// The merge loop against recounting everything, and merges in steps against all at once.
// Input: a byte for the size of a step, then words between newlines; a word's first byte is its
// count, its length is bounded to keep the slow twin fast.

#include <array>
#include <map>
#include <numeric>
#include <string>

#include "../cpp/naive.hpp"
#include "check.hpp"
#include "train/merge_loop.hpp"

using namespace bytestride;
using namespace bytestride::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::size_t step = 1 + input.byte() % 8;
  std::map<std::string, std::uint64_t> words;
  WordCounts counts;
  const ByteSpan text = input.take(150);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const ByteSpan line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    const std::uint64_t count = static_cast<unsigned char>(line.front());
    words[std::string(line.substr(1))] += count;
    counts.add(line.substr(1), count);
  }
  std::array<TokenId, 256> base_ids{};
  std::iota(base_ids.begin(), base_ids.end(), 0u);
  if (step % 2 == 0) std::reverse(base_ids.begin(), base_ids.end());

  MergeRules rules;
  rules.base_ids = base_ids;
  MergeLoop loop(counts, rules, step);
  while (loop.run(step) == step) continue;
  std::vector<NaivelyLearned> found;
  for (const MergeLoop::Learned& one : loop.learned()) found.push_back({one.pair, one.count});
  require(found == train_naively(words, base_ids, ~std::size_t{0}), "merge loop and recounting");
  return 0;
}
