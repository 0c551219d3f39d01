#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "encode/merge_blocks.hpp"
#include "encode/merge_lanes.hpp"
#include "engines.hpp"
#include "simd/backend.hpp"
#include "support.hpp"
#include "vocab/merge_symbols.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenId> merged_alone(const Vocab& vocab, ByteSpan word) {
  std::vector<TokenId> ids;
  for (const char c : word) ids.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  MergeScratch scratch;
  ids.resize(merge_symbols(vocab.pairs(), ids.data(), ids.size(), scratch));
  return ids;
}

// Joins of random tokens, so that most of a text merges, in several orders.
Vocab random_vocab(Random& random) {
  std::vector<std::string> tokens{"a", "b", "c"};
  std::vector<std::string> joined;
  const std::size_t n_merges = 1 + random.below(40);
  while (joined.size() < n_merges) {
    std::string token = tokens[random.below(tokens.size())] + tokens[random.below(tokens.size())];
    if (token.size() > 20 || std::find(joined.begin(), joined.end(), token) != joined.end()) {
      if (random.one_in(50)) break;
      continue;
    }
    joined.push_back(token);
    tokens.push_back(token);
  }
  return vocab_of(joined);
}

}  // namespace

TEST_CASE("the merge table has the pairs of the vocabulary and no others") {
  for_seeds(200, [](Random& random) {
    const Vocab vocab = random_vocab(random);
    const MergeTable table(vocab);
    const auto n_symbols = static_cast<Symbol>(256 + vocab.merges().size());
    for (int i = 0; i < 300; ++i) {
      const auto left =
          static_cast<Symbol>(random.one_in(2) ? 'a' + random.below(3) : random.below(n_symbols));
      const auto right =
          static_cast<Symbol>(random.one_in(2) ? 'a' + random.below(3) : random.below(n_symbols));
      const Merge merge = vocab.pairs().find(table.id_of(left), table.id_of(right));
      const Symbol product = table.product(left, right);
      CHECK((product == kNoSymbol) == (merge.rank == kNoRank));
      if (product != kNoSymbol) CHECK(table.id_of(product) == merge.product);
      if (left < 256 && right < 256) {
        CHECK(table.product_of_bytes(static_cast<char>(left), static_cast<char>(right)) == product);
      }
    }
  });
}

TEST_CASE("words merged in turns become what each becomes alone, on every backend") {
  const Backend before = backend();
  MergeLanes lanes;
  for_seeds(1500, [&](Random& random) {
    const Vocab vocab = random.one_in(8) ? small_vocab() : random_vocab(random);
    const MergeTable table(vocab);
    std::vector<std::string> texts(1 + random.below(MergeLanes::kLanes));
    const std::size_t longest = random.one_in(3)   ? MergeLanes::kMaxBytes
                                : random.one_in(2) ? 32
                                                   : 16;
    for (std::string& text : texts) {
      const std::size_t n = random.one_in(9) ? longest : 1 + random.below(longest);
      text = letters(random, random.one_in(3) ? "a" : "abc", n);
    }
    const std::vector<ByteSpan> words(texts.begin(), texts.end());
    for (const Backend one : available_backends()) {
      set_backend(one);
      lanes.run(table, words.data(), words.size());
      for (std::size_t i = 0; i < words.size(); ++i) {
        const std::vector<TokenId> ids(lanes.ids(i), lanes.ids(i) + lanes.n_ids(i));
        CHECK(ids == merged_alone(vocab, words[i]));
      }
    }
  });
  set_backend(before);
}

TEST_CASE("a word merged by blocks becomes what it becomes by other ways") {
  BlockScratch scratch;
  for_seeds(1500, [&](Random& random) {
    const Vocab vocab = random.one_in(8) ? small_vocab() : random_vocab(random);
    const MergeTable table(vocab);
    const std::size_t longest = random.one_in(20) ? 20000 : random.one_in(2) ? 300 : 40;
    const std::size_t n = random.one_in(20) ? longest : 1 + random.below(longest);
    const std::string word = letters(random, random.one_in(3) ? "a" : "abc", n);
    std::vector<TokenId> ids(word.size());
    ids.resize(merge_by_blocks(table, word, ids.data(), scratch));
    CHECK(ids == merged_alone(vocab, word));
  });
}
