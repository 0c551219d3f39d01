#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "encode/backtrack.hpp"
#include "naive.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenId> merged(const Vocab& vocab, ByteSpan word, MergeScratch& scratch) {
  std::vector<TokenId> ids;
  for (const char c : word) ids.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  ids.resize(merge_by_heap(vocab.pairs(), ids.data(), ids.size(), scratch));
  return ids;
}

std::vector<TokenId> backtracked(const Backtracker& backtracker, ByteSpan word,
                                 BacktrackScratch& scratch) {
  std::vector<TokenId> ids(word.size());
  ids.resize(backtracker.search(word, ids.data(), scratch));
  return ids;
}

void check_word(const Vocab& vocab, const Backtracker& backtracker, ByteSpan word,
                BacktrackScratch& scratch) {
  const std::vector<TokenId> expected = merged(vocab, word, scratch.merge);
  const std::vector<TokenId> found = backtracked(backtracker, word, scratch);
  if (found == expected) return;
  CAPTURE(quoted(word));
  CHECK(found == expected);
}

// All words of up to max_length letters.
template <typename Check>
void for_words(std::string_view alphabet, std::size_t max_length, const Check& check) {
  std::vector<std::string> words{""};
  for (std::size_t i = 0; i < words.size(); ++i) {
    check(words[i]);
    if (words[i].size() == max_length) continue;
    for (const char c : alphabet) words.push_back(words[i] + c);
  }
}

// Tokens made by joining tokens, so that some merging reaches them, and a few at random.
std::vector<std::string> random_tokens(Random& random, std::string_view alphabet,
                                       std::size_t n_tokens) {
  std::vector<std::string> tokens;
  for (const char c : alphabet) tokens.emplace_back(1, c);
  std::set<std::string> known(tokens.begin(), tokens.end());
  for (std::size_t tries = 0; known.size() < n_tokens + alphabet.size() && tries < 200; ++tries) {
    const std::string token = random.one_in(6) ? letters(random, alphabet, 2 + random.below(4))
                                               : random.pick(tokens) + random.pick(tokens);
    if (token.size() <= 12 && known.insert(token).second) tokens.push_back(token);
  }
  tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(alphabet.size()));
  return tokens;
}

template <typename Items>
void shuffle(Random& random, Items& items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

// How far the order of ranks is from the order in which tokens are made.
enum class Order { kept, a_few_swapped, shuffled };

template <typename Items>
void disturb(Random& random, Order order, Items& items) {
  if (order == Order::shuffled) shuffle(random, items);
  if (order == Order::a_few_swapped && items.size() > 1) {
    for (int i = 0; i < 2; ++i)
      std::swap(items[random.below(items.size())], items[random.below(items.size())]);
  }
}

Vocab random_vocab(Random& random, std::string_view alphabet, std::size_t n_tokens, Order order,
                   bool by_rows) {
  std::vector<std::string> tokens = random_tokens(random, alphabet, n_tokens);
  if (!by_rows) disturb(random, order, tokens);
  // Byte ids behind the others now and then.
  TokenRows rows = byte_rows(random.one_in(2) ? 0 : 1000);
  TokenId id = 256;
  std::map<std::string, TokenId> ids;
  for (std::size_t i = 0; i < 256; ++i) ids[std::string(1, rows.bytes[i])] = rows.ids[i];
  for (const std::string& token : tokens) {
    rows.add(id, token);
    ids[token] = id++;
  }
  if (!by_rows) return rows.make();
  std::vector<Pair> merges;
  for (const std::string& token : tokens) {
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = ids.find(token.substr(0, cut)), right = ids.find(token.substr(cut));
      if (left != ids.end() && right != ids.end() && !random.one_in(5)) {
        merges.push_back({left->second, right->second});
      }
    }
  }
  disturb(random, order, merges);
  return rows.make(merges);
}

}  // namespace

TEST_CASE("every short word of random vocabularies is what merging gives") {
  BacktrackScratch scratch;
  for (const bool by_rows : {false, true}) {
    for (const Order order : {Order::kept, Order::a_few_swapped, Order::shuffled}) {
      CAPTURE(by_rows);
      CAPTURE(static_cast<int>(order));
      for_seeds(1500, [&](Random& random) {
        const std::string_view alphabet =
            random.pick(std::vector<std::string_view>{"a", "ab", "abc", "abcd"});
        const Vocab vocab = random_vocab(random, alphabet, 1 + random.below(14), order, by_rows);
        const Backtracker backtracker(vocab);
        REQUIRE(backtracker.usable());
        const std::size_t max_length = alphabet.size() == 1   ? 40
                                       : alphabet.size() == 2 ? 9
                                       : alphabet.size() == 3 ? 6
                                                              : 5;
        for_words(alphabet, max_length,
                  [&](const std::string& word) { check_word(vocab, backtracker, word, scratch); });
        for (int i = 0; i < 20; ++i)
          check_word(vocab, backtracker, letters(random, alphabet, 10 + random.below(120)),
                     scratch);
      });
    }
  }
}
