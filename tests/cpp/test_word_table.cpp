#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "encode/word_table.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

WordKey key_of(const std::string& word) {
  return load_word_key(word.data(), word.size(), word.data() + word.size());
}

std::vector<TokenId> ids_in(const WordTable::Entry& entry) {
  TokenId out[WordTable::kMaxIds];
  return {out, entry.copy_to(out)};
}

}  // namespace

TEST_CASE("a key is its bytes, whatever lies behind them and how near the end of the text is") {
  for_seeds(3000, [](Random& random) {
    const std::size_t n = 1 + random.below(WordKey::kMaxBytes);
    const std::string word = letters(random, ByteSpan("a\0\xFF", 3), n);
    const std::string behind = letters(random, ByteSpan("b\0\x80", 3), random.below(20));
    // On the heap at its exact size, so that a sanitizer sees a load beyond the end.
    const std::vector<char> text = [&] {
      const std::string both = word + behind;
      return std::vector<char>(both.begin(), both.end());
    }();
    CHECK(load_word_key(text.data(), n, text.data() + text.size()) == key_of(word));
  });
}

TEST_CASE("different words have different keys") {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> keys;
  for_seeds(5000, [&](Random& random) {
    const std::string word =
        letters(random, ByteSpan("\0\x01", 2), 1 + random.below(WordKey::kMaxBytes));
    const WordKey key = key_of(word);
    CHECK_FALSE((key.low == 0 && key.high == 0));
    const auto [at, is_new] = keys.insert({{key.low, key.high}, word});
    CHECK((is_new || at->second == word));
  });
}

TEST_CASE("what is found is what was put in") {
  WordTable table;
  std::map<std::string, std::vector<TokenId>> all;
  for_seeds(20'000, [&](Random& random) {
    const std::string word = letters(random, "abcdefgh", 1 + random.below(WordKey::kMaxBytes));
    std::vector<TokenId> ids(1 + random.below(WordTable::kMaxIds));
    for (TokenId& id : ids) {
      id = random.one_in(3) ? kMaxTokenId - static_cast<TokenId>(random.below(3))
                            : static_cast<TokenId>(random.below(100'000));
    }
    if (table.find(key_of(word)) != nullptr) return;
    table.insert(key_of(word), ids.data(), ids.size());
    all[word] = ids;
    const WordTable::Entry* found = table.find(key_of(word));
    REQUIRE(found != nullptr);
    CHECK(found->n_ids() == ids.size());
    CHECK(ids_in(*found) == ids);
  });
  // Some have been pushed out; those that are there are right.
  std::size_t n_found = 0;
  for (const auto& [word, ids] : all) {
    const WordTable::Entry* found = table.find(key_of(word));
    if (found == nullptr) continue;
    ++n_found;
    CHECK(ids_in(*found) == ids);
  }
  CHECK(n_found > all.size() / 2);
}

TEST_CASE("an empty table finds nothing") {
  const WordTable table;
  for_seeds(1000, [&](Random& random) {
    const std::string word = letters(random, ByteSpan("\0a", 2), 1 + random.below(15));
    CHECK(table.find(key_of(word)) == nullptr);
  });
}
