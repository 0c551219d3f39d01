#include <doctest/doctest.h>

#include <string>

#include "encode/seed_words.hpp"
#include "pretokenize/word_key.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// The id that the cache knows for this word alone, or kNoToken.
TokenId id_in(const WordCache& cache, ByteSpan word) {
  WordIds value;
  if (const std::uint64_t key = ShortKey::load_at_end(word.data(), word.size())) {
    value = cache.find(cache.hash(key), key);
  } else {
    const MediumKey medium = MediumKey::load(word.data(), word.size(), word.size());
    value = cache.find(cache.hash(medium), medium);
  }
  if (!value.known() || value.is_list() || value.count() != 1) return kNoToken;
  TokenId ids[WordIds::kMaxInline];
  value.write_to(ids);
  return ids[0];
}

// Bytes, rows of d up to 31 of them, and abcd, which merging never makes: b and c merge first.
Vocab vocab_with_an_unmerged_token() {
  TokenRows rows = byte_rows();
  TokenId id = 256;
  std::string word = "d";
  for (int i = 0; i < 30; ++i) rows.add(id++, word += 'd');
  rows.add(id++, "bc");
  rows.add(id++, "abcd");
  return rows.make();
}

}  // namespace

TEST_CASE(
    "a new cache is given the tokens that are words by themselves, as far as they have room") {
  const Vocab vocab = vocab_with_an_unmerged_token();
  REQUIRE(vocab.unreachable().size() == 1);
  for (const bool whole_pieces : {false, true}) {
    WordCache cache(CacheShare(std::size_t{1} << 20, 1));
    REQUIRE(cache.n_seeds() >= vocab.n_tokens());
    seed_words(cache, vocab, whole_pieces);
    CHECK_FALSE(cache.crowded());
    std::size_t n_known = 0;
    for (TokenId id = 0; id <= vocab.max_id(); ++id) {
      const ByteSpan word = vocab.token_bytes(id);
      if (word.size() > MediumKey::kMaxBytes) continue;
      const bool is_made = id != vocab.unreachable()[0];
      CHECK(id_in(cache, word) == (is_made || whole_pieces ? id : kNoToken));
      n_known += id_in(cache, word) == id;
    }
    CHECK(n_known > 256);
  }
}

TEST_CASE("a small cache is given the tokens of the lowest ids only") {
  const Vocab vocab = vocab_with_an_unmerged_token();
  WordCache cache(CacheShare(std::size_t{48} << 10, 1));
  REQUIRE(cache.n_seeds() > 0);
  REQUIRE(cache.n_seeds() < vocab.n_tokens());
  seed_words(cache, vocab, true);
  std::size_t n_lost = 0;
  for (TokenId id = 0; id < vocab.n_tokens(); ++id) {
    const ByteSpan word = vocab.token_bytes(id);
    if (word.size() > MediumKey::kMaxBytes) continue;
    const TokenId found = id_in(cache, word);
    if (id < cache.n_seeds()) {
      CHECK((found == id || found == kNoToken));
      n_lost += found == kNoToken;
    } else {
      CHECK(found == kNoToken);
    }
  }
  // One whose places are all taken by others is not kept. How many depends on the hash seed: with
  // 2 to 5 of 100 seeds the single bytes crowd in a few places of so small a table.
  CHECK(n_lost < cache.n_seeds());
}
