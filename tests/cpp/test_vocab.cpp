#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "naive.hpp"
#include "support.hpp"
#include "vocab/merge_symbols.hpp"
#include "vocab/vocab.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenId> encode(const Vocab& vocab, ByteSpan word) {
  std::vector<TokenId> symbols;
  for (const char c : word) symbols.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  MergeScratch scratch;
  symbols.resize(merge_symbols(vocab.pairs(), symbols.data(), symbols.size(), scratch));
  return symbols;
}

std::map<std::string, TokenId> tokens_of(const TokenRows& rows) {
  std::map<std::string, TokenId> tokens;
  for (std::size_t i = 0; i < rows.ids.size(); ++i) {
    tokens[rows.bytes.substr(rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i])] = rows.ids[i];
  }
  return tokens;
}

// Bytes and random strings over a few letters, under random ids with holes: tokens with ids below
// those of their parts, tokens that cannot be made, bytes with high ids.
TokenRows improper_rows(Random& random, std::string_view alphabet) {
  std::set<TokenId> used;
  const auto fresh_id = [&] {
    TokenId id;
    do id = static_cast<TokenId>(random.below(600));
    while (!used.insert(id).second);
    return id;
  };
  TokenRows rows;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    rows.add(fresh_id(), {&c, 1});
  }
  std::set<std::string> seen;
  const std::size_t n = random.below(25);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string token = letters(random, alphabet, 2 + random.below(random.one_in(4) ? 7 : 3));
    if (seen.insert(token).second) rows.add(fresh_id(), token);
  }
  return rows;
}

// The usual kind: each token joins two tokens of lower ids.
TokenRows proper_rows(Random& random, std::string_view alphabet) {
  TokenRows rows = byte_rows();
  std::vector<std::string> tokens;
  for (const char c : alphabet) tokens.emplace_back(1, c);
  std::set<std::string> seen(tokens.begin(), tokens.end());
  const std::size_t n = random.below(20);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string token = random.pick(tokens) + random.pick(tokens);
    if (!seen.insert(token).second) continue;
    tokens.push_back(token);
    rows.add(static_cast<TokenId>(256 + tokens.size()), token);
  }
  return rows;
}

void check_tiktoken_rule(Random& random, const TokenRows& rows, std::string_view alphabet) {
  const Vocab vocab = rows.make();
  const std::map<std::string, TokenId> tokens = tokens_of(rows);
  for (int i = 0; i < 12; ++i) {
    const std::string word = letters(random, alphabet, random.below(24));
    if (encode(vocab, word) != encode_by_bytes(tokens, word)) FAIL_CHECK(quoted(word));
  }
  std::vector<TokenId> unreachable, products;
  for (const auto& [token, id] : tokens) {
    CHECK(vocab.id_of(token) == id);
    CHECK(vocab.token_bytes(id) == token);
    if (token.size() < 2) continue;
    const bool made = encode_by_bytes(tokens, token) == std::vector<TokenId>{id};
    (made ? products : unreachable).push_back(id);
  }
  std::sort(unreachable.begin(), unreachable.end());
  std::sort(products.begin(), products.end());
  CHECK(vocab.unreachable() == unreachable);
  // Each token that can be made has one merge, and under this rule they come in the order of ids.
  std::vector<TokenId> merged;
  for (const Vocab::FiringMerge& merge : vocab.merges()) merged.push_back(merge.product);
  CHECK(merged == products);
  CHECK(vocab.ranks_are_ids());
}

constexpr std::string_view kAlphabets[] = {"a", "ab", "abc", "ab\xFF"};

}  // namespace

TEST_CASE("tiktoken's rule: the pairs that fire give what joining bytes gives") {
  for_seeds(1500, [](Random& random) {
    const std::string_view alphabet = random.pick(kAlphabets);
    check_tiktoken_rule(random, proper_rows(random, alphabet), alphabet);
    check_tiktoken_rule(random, improper_rows(random, alphabet), alphabet);
  });
}

TEST_CASE("merges rule: the pairs that fire give what all rows give") {
  for_seeds(3000, [](Random& random) {
    const std::string_view alphabet = random.pick(kAlphabets);
    const TokenRows rows =
        random.one_in(2) ? proper_rows(random, alphabet) : improper_rows(random, alphabet);
    const std::map<std::string, TokenId> tokens = tokens_of(rows);
    // All ways to make a token from two, in random order, some left out, some twice.
    std::vector<Pair> merges;
    for (const auto& [token, id] : tokens) {
      for (std::size_t cut = 1; cut < token.size(); ++cut) {
        const auto left = tokens.find(token.substr(0, cut)), right = tokens.find(token.substr(cut));
        if (left == tokens.end() || right == tokens.end() || random.one_in(5)) continue;
        merges.push_back({left->second, right->second});
        if (random.one_in(8)) merges.push_back(merges.back());
      }
    }
    for (std::size_t i = merges.size(); i > 1; --i)
      std::swap(merges[i - 1], merges[random.below(i)]);
    const Vocab vocab = rows.make(merges);
    PairMerges all;  // a pair given twice has the later rank, as in a map that is filled in order
    for (std::size_t row = 0; row < merges.size(); ++row) {
      const std::string bytes = std::string(vocab.token_bytes(merges[row].left)) +
                                std::string(vocab.token_bytes(merges[row].right));
      all[merges[row]] = {static_cast<std::uint32_t>(row), tokens.at(bytes)};
    }
    const auto spelled = [&](ByteSpan word) {
      std::vector<TokenId> ids;
      for (const char c : word) ids.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
      return ids;
    };
    for (int i = 0; i < 12; ++i) {
      const std::string word = letters(random, alphabet, random.below(24));
      if (encode(vocab, word) != merge_naively(all, spelled(word))) FAIL_CHECK(quoted(word));
    }
    std::vector<TokenId> unreachable;
    for (const auto& [token, id] : tokens) {
      if (token.size() > 1 && merge_naively(all, spelled(token)) != std::vector<TokenId>{id}) {
        unreachable.push_back(id);
      }
    }
    std::sort(unreachable.begin(), unreachable.end());
    CHECK(vocab.unreachable() == unreachable);
    CHECK(vocab.merges().size() + unreachable.size() + 256 == vocab.n_tokens());
    for (std::size_t i = 1; i < vocab.merges().size(); ++i) {
      CHECK(all[vocab.merges()[i - 1].pair].rank < all[vocab.merges()[i].pair].rank);
    }
  });
}

TEST_CASE("a token whose part has a higher id is made the way tiktoken makes it") {
  // bc (257) comes before ab (258), so abc is a + bc although ab is there too.
  const Vocab vocab = vocab_of({"abc", "bc", "ab"});
  CHECK(encode(vocab, "abc") == std::vector<TokenId>{256});
  CHECK(encode(vocab, "ababc") == std::vector<TokenId>{258, 256});
  CHECK(vocab.merges()[0].pair == Pair{'a', 257});
  // Nothing joins to abcd: it is no use of merging.
  CHECK(vocab_of({"abcd", "bc"}).unreachable() == std::vector<TokenId>{256});
}

TEST_CASE("ids may have holes") {
  TokenRows rows = byte_rows();
  rows.add(1000, "ab");
  rows.add(700, "bc");
  const Vocab vocab = rows.make();
  CHECK(vocab.n_tokens() == 258);
  CHECK(vocab.max_id() == 1000);
  CHECK(vocab.has(700));
  CHECK_FALSE(vocab.has(256));
  CHECK_FALSE(vocab.has(999));
  CHECK_FALSE(vocab.has(1001));
  CHECK_FALSE(vocab.has(kNoToken));
  CHECK(vocab.id_of("zz") == kNoToken);
  CHECK(vocab.id_of("") == kNoToken);
}

TEST_CASE("ranks that are not ids are known to be so") {
  TokenRows rows = byte_rows();
  rows.add(256, "ab");
  rows.add(257, "cd");
  CHECK(rows.make(std::vector<Pair>{{'a', 'b'}, {'c', 'd'}}).ranks_are_ids());
  CHECK_FALSE(rows.make(std::vector<Pair>{{'c', 'd'}, {'a', 'b'}}).ranks_are_ids());
}
