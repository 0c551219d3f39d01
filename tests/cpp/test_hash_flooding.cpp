// Texts made to collide. Who knows the seed of a process can choose words that all begin their
// search at one slot; who does not can do no better than chance.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "encode/word_cache.hpp"
#include "engines.hpp"
#include "naive.hpp"
#include "pretokenize/word_key.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

constexpr std::uint64_t kSlots = 1 << 10;

std::uint64_t key_of(const std::string& word) {
  return ShortKey::load_at_end(word.data(), word.size());
}

// Different words of seven letters whose search begins at one slot of kSlots.
std::vector<std::string> words_at_one_slot(std::size_t n_words, const HashSeed& seed) {
  std::set<std::string> words;
  Random random(11);
  while (words.size() < n_words) {
    const std::string word = letters(random, "abcdefgh", 7);
    if (hash_u64(key_of(word), seed) % kSlots == 0) words.insert(word);
  }
  return {words.begin(), words.end()};
}

std::size_t most_at_one_slot(const std::vector<std::string>& words, const HashSeed& seed) {
  std::map<std::uint64_t, std::size_t> n_at;
  std::size_t most = 0;
  for (const std::string& word : words) {
    most = std::max(most, ++n_at[hash_u64(key_of(word), seed) % kSlots]);
  }
  return most;
}

}  // namespace

TEST_CASE("words that collide under one seed are spread by another") {
  const HashSeed known{0x0123456789ABCDEFu, 0xFEDCBA9876543210u};
  const std::vector<std::string> words = words_at_one_slot(100, known);
  CHECK(most_at_one_slot(words, known) == words.size());
  CHECK(most_at_one_slot(words, process_hash_seed()) < 12);
  for_seeds(50, [&](Random& random) {
    CHECK(most_at_one_slot(words, {random.next(), random.next()}) < 12);
  });
}

TEST_CASE("a cache flooded by one that knows its seed forgets, and never errs") {
  const std::size_t n_bytes = std::size_t{256} << 10;
  WordCache cache{CacheShare(n_bytes, n_bytes)};
  const std::vector<std::string> words = words_at_one_slot(150, process_hash_seed());
  std::size_t n_kept = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t key = key_of(words[i]);
    const TokenId id = static_cast<TokenId>(i + 1);
    n_kept += cache.insert(cache.hash(key), key, &id, 1).known();
  }
  std::size_t n_found = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t key = key_of(words[i]);
    const WordIds ids = cache.find(cache.hash(key), key);
    if (!ids.known()) continue;
    ++n_found;
    TokenId out[WordIds::kMaxInline];
    CHECK(std::vector<TokenId>(out, ids.write_to(out)) ==
          std::vector<TokenId>{static_cast<TokenId>(i + 1)});
  }
  CHECK(n_kept > 0);
  CHECK(n_found <= n_kept);
  CHECK(n_found < words.size());  // or this was no flood
}

TEST_CASE("a text that floods the cache of an encoder has the ids that it has") {
  const Encoder encoder = make_encoder("gpt2");
  std::map<std::string, TokenId> tokens;
  for (TokenId id = 0; id <= encoder.vocab().max_id(); ++id) {
    if (encoder.vocab().has(id)) tokens[std::string(encoder.vocab().token_bytes(id))] = id;
  }
  std::string text;
  std::vector<TokenId> expected;
  for (const std::string& word : words_at_one_slot(150, process_hash_seed())) {
    for (const std::string& piece : {word, std::string("\n")}) {
      text += piece;
      const std::vector<TokenId> more = encode_by_bytes(tokens, piece);
      expected.insert(expected.end(), more.begin(), more.end());
    }
  }
  for (int round = 0; round < 3; ++round) {
    CHECK(encode_alone(encoder, text, ordinary(encoder)) == expected);
  }
}
