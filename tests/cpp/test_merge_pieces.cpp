#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "encode/merge_pieces.hpp"
#include "naive.hpp"
#include "support.hpp"
#include "vocab/merge_symbols.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenId> merged(const Vocab& vocab, ByteSpan word, MergeScratch& scratch) {
  std::vector<TokenId> ids;
  for (const char c : word) ids.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  ids.resize(merge_by_heap(vocab.pairs(), ids.data(), ids.size(), scratch));
  return ids;
}

// A vocabulary with what merging by pieces needs.
class Merger {
 public:
  explicit Merger(const Vocab& vocab) : vocab_(vocab), merges_(vocab) {}

  void check(ByteSpan word) {
    const std::vector<TokenId> expected = merged(vocab_, word, heap_);
    std::vector<TokenId> found(word.size());
    found.resize(merge_by_pieces(vocab_, merges_, word, found.data(), scratch_));
    if (found == expected) return;
    CAPTURE(quoted(word.substr(0, 1000)));
    CHECK(found == expected);
  }

 private:
  const Vocab& vocab_;
  MergeTable merges_;
  MergeScratch heap_;
  PieceScratch scratch_;
};

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

// Some letters, then some of them again and again, and so on.
std::string with_runs(Random& random, std::string_view alphabet, std::size_t n_runs) {
  std::string text;
  for (std::size_t i = 0; i < n_runs; ++i) {
    text += letters(random, alphabet, random.below(80));
    const std::string period = letters(random, alphabet, 1 + random.below(12));
    text += repeated(period, random.below(random.one_in(3) ? 1500 : 100) / period.size() + 1);
  }
  return text;
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

TEST_CASE("long words of random vocabularies are what merging gives") {
  for (const bool by_rows : {false, true}) {
    for (const Order order : {Order::kept, Order::a_few_swapped, Order::shuffled}) {
      CAPTURE(by_rows);
      CAPTURE(static_cast<int>(order));
      for_seeds(150, [&](Random& random) {
        const std::string_view alphabet =
            random.pick(std::vector<std::string_view>{"a", "ab", "abc", "abcd"});
        const Vocab vocab = random_vocab(random, alphabet, 1 + random.below(30), order, by_rows);
        Merger merger(vocab);
        for (int i = 0; i < 12; ++i) {
          merger.check(letters(random, alphabet, 59 + random.below(200)));
          merger.check(with_runs(random, alphabet, 1 + random.below(6)));
        }
        merger.check(letters(random, alphabet, 1 + random.below(5000)));
      });
    }
  }
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

// All words of up to max_length letters, each so often that it is cut everywhere.
void check_all_words(const Vocab& vocab, std::string_view alphabet, std::size_t max_length) {
  Merger merger(vocab);
  for_words(alphabet, max_length, [&](const std::string& word) {
    if (word.empty()) return;
    merger.check(word);
    merger.check(repeated(word, 240 / word.size()));
  });
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

TEST_CASE("pairs of letters that depend on where the word ends") {
  // The pair of two letters merges the sooner the later they are: how a row of letters is paired
  // depends on where it ends.
  TokenRows rows = byte_rows();
  TokenId id = 256;
  std::string all;
  for (char c = 'y'; c >= 'a'; --c) rows.add(id++, std::string{c, static_cast<char>(c + 1)});
  for (char c = 'a'; c <= 'z'; ++c) all += c;
  const Vocab vocab = rows.make();
  Merger merger(vocab);
  for (std::size_t begin = 0; begin < 26; ++begin) {
    for (std::size_t n = 1; begin + n <= 26; ++n) {
      merger.check(repeated(all.substr(begin, n), 40));
    }
  }
  // The same for all bytes: further than the windows of the lanes reach.
  TokenRows bytes = byte_rows();
  for (unsigned byte = 255; byte > 0; --byte) {
    bytes.add(id++, std::string{static_cast<char>(byte - 1), static_cast<char>(byte)});
  }
  const Vocab vocab_of_bytes = bytes.make();
  Merger other(vocab_of_bytes);
  std::string all_bytes;
  for (unsigned byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  for (std::size_t n = 1; n <= 256; ++n) other.check(repeated(all_bytes.substr(0, n), 20));
}

TEST_CASE("runs and periods of every length") {
  TokenRows rows = byte_rows();
  TokenId id = 256;
  for (const std::size_t n : {2, 3, 4, 5, 8, 16, 24, 32, 64, 80}) rows.add(id++, repeated("=", n));
  for (const std::size_t n : {2, 4, 3, 6, 7}) rows.add(id++, repeated("xy", n).substr(0, n));
  const Vocab vocab = rows.make();
  Merger merger(vocab);
  for (std::size_t n = 1; n < 2500; n = n < 700 ? n + 1 : n + 13) {
    merger.check(repeated("=", n));
    merger.check("x" + repeated("=", n) + "x");
    merger.check(repeated("xy", n));
    merger.check(repeated("xyx", n));
  }
}

TEST_CASE("characters of several bytes") {
  Random random(5);
  TokenRows rows = byte_rows();
  TokenId id = 256;
  for (const char* const token : {"\u00e9", "\u4e2d", "\u4e2d\u4e2d", "\xE4\xB8", "\xAD\xE4"}) {
    rows.add(id++, token);
  }
  const Vocab vocab = rows.make();
  Merger merger(vocab);
  for (int i = 0; i < 300; ++i) {
    std::string text, tail;
    while (text.size() < 300) {
      text += random.pick(std::vector<std::string>{"\u00e9", "\u4e2d", "\U0001F469", "a"});
      tail += random.pick(std::vector<char>{'\x80', '\xAD', '\xB8', '\xE4'});
    }
    merger.check(text);
    merger.check(text + tail + text);
  }
}

TEST_CASE("a million bytes take little time") {
  const TimeLimit limit(120);
  constexpr std::size_t kMillion = 1'000'000;
  SUBCASE("a run") {
    TokenRows rows = byte_rows();
    for (unsigned k = 1; k <= 7; ++k) rows.add(255 + k, repeated("a", std::size_t{1} << k));
    const Vocab vocab = rows.make();
    Merger(vocab).check(repeated("a", kMillion + 77));
  }
  SUBCASE("any letters") {
    Random random(1);
    const Vocab vocab = random_vocab(random, "abcd", 200, Order::kept, false);
    Merger(vocab).check(letters(random, "abcd", kMillion));
  }
  SUBCASE("windows wider than is allowed") {
    // The Thue-Morse word: all of its halves, quarters, ... are tokens, and none stands three times
    // in a row. Every cut is inside of tokens of thousands of bytes.
    std::string word = "ab";
    TokenRows rows = byte_rows();
    TokenId id = 256;
    rows.add(id++, "ab");
    rows.add(id++, "ba");
    while (word.size() < kMillion) {
      std::string other = word;
      for (char& c : other) c = c == 'a' ? 'b' : 'a';
      if (word.size() < 10'000) {
        rows.add(id++, word + other);
        rows.add(id++, other + word);
      }
      word += other;
    }
    const Vocab vocab = rows.make();
    Merger(vocab).check(word);
  }
}

TEST_CASE("an empty word gives nothing") {
  const Vocab vocab = vocab_of({"ab"});
  Merger(vocab).check("");
}
