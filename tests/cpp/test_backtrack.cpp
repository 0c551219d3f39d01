#include <doctest/doctest.h>

#include <algorithm>
#include <map>
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
      for_seeds(500, [&](Random& random) {
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

TEST_CASE("the longest prefix is what looking every prefix up finds") {
  for_seeds(300, [](Random& random) {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    std::map<std::string, std::uint32_t> known;
    const std::string_view alphabet = random.one_in(2) ? "ab" : std::string_view("\0\xFFkz", 4);
    const std::size_t n_made = random.below(random.one_in(10) ? 3000 : 60);
    for (std::size_t i = 0; i < n_made; ++i) {
      const std::size_t length = 2 + random.below(random.one_in(20) ? 60 : 10);
      const std::string token = random.one_in(4) ? std::string{static_cast<char>(random.next()),
                                                               static_cast<char>(random.next())}
                                                 : letters(random, alphabet, length);
      if (known.emplace(token, 0).second) tokens.push_back(token);
    }
    known.clear();
    std::vector<ByteSpan> spans;
    for (std::uint32_t i = 0; i < tokens.size(); ++i) {
      known[tokens[i]] = i;
      spans.push_back(tokens[i]);
    }
    const auto longest = [&known](std::string_view text, std::size_t n) {
      while (n > 0 && !known.contains(std::string(text.substr(0, n)))) --n;
      return n == 0 ? PrefixTrie::kNone : known.at(std::string(text.substr(0, n)));
    };
    std::vector<std::uint32_t> shorter(tokens.size());
    PrefixTrie trie(spans, shorter);
    REQUIRE(trie.ok());
    for (std::uint32_t i = 0; i < tokens.size(); ++i) {
      CHECK(shorter[i] == longest(tokens[i], tokens[i].size() - 1));
    }
    std::vector<char> memory(trie.n_bytes());
    for (const bool moved : {false, true}) {
      if (moved) trie.move_to(memory.data());
      for (int i = 0; i < 40; ++i) {
        const std::string text = letters(random, alphabet, 1 + random.below(70));
        std::size_t steps = 0;
        CHECK(trie.longest(text.data(), text.data() + text.size(), steps) ==
              longest(text, text.size()));
        CHECK(steps >= 1);
        CHECK(steps <= text.size());
        const auto first = static_cast<unsigned char>(random.pick(alphabet));
        const auto second = static_cast<unsigned char>(random.pick(alphabet));
        const std::string two{static_cast<char>(first), static_cast<char>(second)};
        const std::uint32_t expected = known.contains(two) ? known.at(two) : first;
        CHECK(trie.token_of_two(first, second) == expected);
      }
    }
  });
}

namespace {

// Single letters have the ids of their bytes. Merges come in the order given.
Vocab vocab_of_merges(std::initializer_list<std::pair<std::string, std::string>> parts) {
  TokenRows rows = byte_rows();
  std::map<std::string, TokenId> ids;
  for (int byte = 0; byte < 256; ++byte) {
    ids[std::string(1, static_cast<char>(byte))] = static_cast<TokenId>(byte);
  }
  TokenId id = 256;
  for (const auto& [left, right] : parts) {
    if (!ids.emplace(left + right, id).second) continue;
    rows.add(id++, left + right);
  }
  std::vector<Pair> merges;
  for (const auto& [left, right] : parts) merges.push_back({ids.at(left), ids.at(right)});
  return rows.make(merges);
}

void check_all_words(const Vocab& vocab, std::string_view alphabet, std::size_t max_length) {
  const Backtracker backtracker(vocab);
  BacktrackScratch scratch;
  for_words(alphabet, max_length,
            [&](const std::string& word) { check_word(vocab, backtracker, word, scratch); });
}

}  // namespace

TEST_CASE("a later byte changes the first token") {
  // (y, z) < (x, y) < (w, x) < (v, w): vwxy is vw xy, and vwxyz is v wx yz.
  const Vocab vocab = vocab_of_merges({{"y", "z"}, {"x", "y"}, {"w", "x"}, {"v", "w"}});
  check_all_words(vocab, "vwxyz", 7);
}

TEST_CASE("tokens whose parts come later") {
  // cd, then b cd before cd e: the new symbol goes to the left.
  check_all_words(vocab_of_merges({{"b", "cd"}, {"cd", "e"}, {"c", "d"}}), "bcde", 7);
  // The same with the new symbol to the right.
  check_all_words(vocab_of_merges({{"cd", "e"}, {"b", "cd"}, {"c", "d"}}), "bcde", 7);
  // What stands right of a new symbol is made in the same phase, and too late.
  check_all_words(vocab_of_merges({{"cd", "cd"}, {"b", "cd"}, {"c", "d"}}), "bcd", 9);
  check_all_words(vocab_of_merges({{"aa", "a"}, {"a", "aa"}, {"aa", "aa"}, {"a", "a"}}), "ab", 14);
}

TEST_CASE("a token that merging never makes is not given") {
  // abc cannot be made, for (b, c) comes before (ab, c).
  const Vocab vocab = vocab_of_merges({{"b", "c"}, {"a", "b"}, {"ab", "c"}});
  REQUIRE(vocab.unreachable().size() == 1);
  check_all_words(vocab, "abc", 8);
}

TEST_CASE("long words of letters that send the search back") {
  // The pair of two letters merges the sooner the later they are: how a row of letters is paired
  // depends on where it ends.
  TokenRows rows = byte_rows();
  TokenId id = 256;
  std::string all;
  for (char c = 'y'; c >= 'a'; --c) rows.add(id++, std::string{c, static_cast<char>(c + 1)});
  for (char c = 'a'; c <= 'z'; ++c) all += c;
  const Vocab vocab = rows.make();
  const Backtracker backtracker(vocab);
  BacktrackScratch scratch;
  for (std::size_t begin = 0; begin < 26; ++begin) {
    for (std::size_t n = 1; begin + n <= 26; ++n) {
      check_word(vocab, backtracker, all.substr(begin, n), scratch);
      check_word(vocab, backtracker, repeated(all.substr(begin, n), 40), scratch);
    }
  }
}

TEST_CASE("runs and periods of every length") {
  TokenRows rows = byte_rows();
  TokenId id = 256;
  for (const std::size_t n : {2, 3, 4, 5, 8, 16, 24, 32, 64, 80}) rows.add(id++, repeated("=", n));
  for (const std::size_t n : {2, 4, 3, 6, 7}) rows.add(id++, repeated("xy", n).substr(0, n));
  const Vocab vocab = rows.make();
  const Backtracker backtracker(vocab);
  BacktrackScratch scratch;
  for (std::size_t n = 1; n < 700; ++n) {
    check_word(vocab, backtracker, repeated("=", n), scratch);
    check_word(vocab, backtracker, repeated("=", n) + "x", scratch);
    check_word(vocab, backtracker, repeated("xy", n), scratch);
    check_word(vocab, backtracker, repeated("xyx", n), scratch);
  }
}

TEST_CASE("a million bytes take little time") {
  const TimeLimit limit(120);
  constexpr std::size_t kMillion = 1'000'000;
  BacktrackScratch scratch;
  SUBCASE("a run") {
    TokenRows rows = byte_rows();
    for (unsigned k = 1; k <= 7; ++k) rows.add(255 + k, repeated("a", std::size_t{1} << k));
    const Vocab vocab = rows.make();
    check_word(vocab, Backtracker(vocab), repeated("a", kMillion + 77), scratch);
  }
  SUBCASE("any letters") {
    Random random(1);
    const Vocab vocab = random_vocab(random, "abcd", 200, Order::kept, false);
    check_word(vocab, Backtracker(vocab), letters(random, "abcd", kMillion), scratch);
  }
  SUBCASE("more steps than are allowed") {
    // b, ab, cab, acab, cacab, ...: without a b every walk is long and ends in nothing.
    TokenRows rows = byte_rows();
    std::string token = "b";
    for (TokenId id = 256; id < 600; ++id) {
      token.insert(0, 1, id % 2 == 0 ? 'a' : 'c');
      rows.add(id, token);
    }
    const Vocab vocab = rows.make();
    const Backtracker backtracker(vocab);
    const std::string word = repeated("ac", kMillion / 2);
    std::vector<TokenId> out(word.size());
    CHECK(backtracker.search(word, out.data(), scratch) == 0);
    CHECK(backtracker.encode(word, out.data(), scratch) == word.size());
    CHECK(out == merged(vocab, word, scratch.merge));
  }
}

TEST_CASE("long words of random vocabularies, where answers are remembered") {
  BacktrackScratch scratch;
  for (const Order order : {Order::kept, Order::a_few_swapped, Order::shuffled}) {
    for_seeds(60, [&](Random& random) {
      const std::string_view alphabet = random.one_in(2) ? "ab" : "abcd";
      const Vocab vocab =
          random_vocab(random, alphabet, 1 + random.below(60), order, random.one_in(2));
      const Backtracker backtracker(vocab);
      check_word(vocab, backtracker, letters(random, alphabet, 2000 + random.below(4000)), scratch);
    });
  }
}

TEST_CASE("an empty word gives nothing") {
  const Vocab vocab = vocab_of({"ab"});
  BacktrackScratch scratch;
  CHECK(Backtracker(vocab).encode("", nullptr, scratch) == 0);
}
