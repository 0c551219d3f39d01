#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support.hpp"
#include "vocab/firing.hpp"
#include "vocab/firing_in_order.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Answer = std::pair<std::vector<std::tuple<TokenId, TokenId, TokenId, std::uint32_t>>,
                         std::vector<TokenId>>;

Answer answer(const FiringMerges& firing) {
  Answer result{{}, firing.unreachable};
  for (const auto& [pair, product] : firing.merges) {
    const Merge merge = firing.pairs.find(pair.left, pair.right);
    CHECK(merge.product == product);
    result.first.emplace_back(pair.left, pair.right, product, merge.rank);
  }
  return result;
}

// Tokens over a few letters: most are joined from tokens before them, some are anything; some are
// long enough for no lane.
TokenRows mixed_rows(Random& random, std::string_view alphabet, std::size_t one_in_odd) {
  TokenRows rows = byte_rows();
  std::vector<std::string> tokens;
  for (const char c : alphabet) tokens.emplace_back(1, c);
  std::map<std::string, TokenId> ids;
  const std::size_t n = random.below(60);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string token = random.one_in(one_in_odd)
                                  ? letters(random, alphabet, 2 + random.below(6))
                                  : random.pick(tokens) + random.pick(tokens);
    if (token.size() < 2 || token.size() > 200) continue;
    const auto id = static_cast<TokenId>(256 + 2 * tokens.size());
    if (!ids.emplace(token, id).second) continue;
    tokens.push_back(token);
    rows.add(id, token);
  }
  return rows;
}

// All ways to make each token from two, token by token in the order of ids, some left out.
std::vector<Pair> grouped_merges(Random& random, const TokenTable& tokens, bool shuffled) {
  std::vector<std::vector<Pair>> groups;
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    const ByteSpan bytes = tokens.bytes(row);
    std::vector<Pair> group;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const std::uint32_t left = tokens.row_of(bytes.substr(0, cut));
      const std::uint32_t right = tokens.row_of(bytes.substr(cut));
      if (left == kNoRow || right == kNoRow || random.one_in(9)) continue;
      group.push_back({tokens.id(left), tokens.id(right)});
      if (random.one_in(20)) group.push_back(group.front());
    }
    for (std::size_t i = group.size(); i > 1; --i) std::swap(group[i - 1], group[random.below(i)]);
    if (!group.empty()) groups.push_back(group);
  }
  if (shuffled) {
    for (std::size_t i = 0; i < 3 && !groups.empty(); ++i) {
      std::swap(groups[random.below(groups.size())], groups[random.below(groups.size())]);
    }
  }
  std::vector<Pair> merges;
  for (const auto& group : groups) merges.insert(merges.end(), group.begin(), group.end());
  return merges;
}

constexpr std::string_view kAlphabets[] = {"a", "ab", "abc"};

}  // namespace

TEST_CASE("the pairs found in order are those that the general way finds, for ranks") {
  std::size_t n_found = 0, n_unreachable = 0, n_refused = 0;
  for_seeds(6000, [&](Random& random) {
    const TokenRows rows =
        mixed_rows(random, random.pick(kAlphabets), random.one_in(2) ? 5 : 1'000'000);
    const TokenTable tokens(rows.bytes, rows.offsets, rows.ids);
    const auto in_order = firing_of_ranks_in_order(tokens);
    n_refused += !in_order;
    if (!in_order) return;
    ++n_found;
    n_unreachable += !in_order->unreachable.empty();
    CHECK(answer(*in_order) == answer(firing_of_ranks(tokens)));
  });
  CHECK(n_found > 3000 / kSeedShare);
  CHECK(n_unreachable > 100);
  CHECK(n_refused > 100);
}

TEST_CASE("the pairs found in order are those that the general way finds, for rows") {
  std::size_t n_found = 0, n_unreachable = 0, n_refused = 0;
  for_seeds(6000, [&](Random& random) {
    const TokenRows rows =
        mixed_rows(random, random.pick(kAlphabets), random.one_in(2) ? 5 : 1'000'000);
    const TokenTable tokens(rows.bytes, rows.offsets, rows.ids);
    const std::vector<Pair> merges = grouped_merges(random, tokens, random.one_in(3));
    const std::vector<std::uint32_t> products = products_of(tokens, merges);
    const auto in_order = firing_of_rows_in_order(tokens, merges, products);
    n_refused += !in_order;
    if (!in_order) return;
    ++n_found;
    n_unreachable += !in_order->unreachable.empty();
    CHECK(answer(*in_order) == answer(firing_of_rows(tokens, merges, products)));
  });
  CHECK(n_found > 3000 / kSeedShare);
  CHECK(n_unreachable > 100);
  CHECK(n_refused > 100);
}

TEST_CASE("a part that is made after its product is found in order too") {
  TokenRows rows = byte_rows();
  rows.add(256, "abcd");
  rows.add(257, "bcd");
  rows.add(258, "xabcd");
  rows.add(259, "cd");
  std::vector<Pair> merges = {{'a', 257}, {'b', 259}, {'x', 256}, {'c', 'd'}};
  for (TokenId digit = '0'; digit <= '9'; ++digit) {  // most are made of what is there before them
    rows.add(260 + digit - '0', std::string("=") + static_cast<char>(digit));
    merges.push_back({'=', digit});
  }
  const TokenTable tokens(rows.bytes, rows.offsets, rows.ids);
  const std::vector<std::uint32_t> products = products_of(tokens, merges);
  const auto in_order = firing_of_rows_in_order(tokens, merges, products);
  REQUIRE(in_order);
  CHECK(in_order->merges.size() == 14);
  CHECK(answer(*in_order) == answer(firing_of_rows(tokens, merges, products)));
}

TEST_CASE("rows of one product that do not stand together have no answer in order") {
  TokenRows rows = byte_rows();
  rows.add(256, "ab");
  rows.add(257, "bc");
  rows.add(258, "abc");
  const TokenTable tokens(rows.bytes, rows.offsets, rows.ids);
  const std::vector<Pair> apart = {{'a', 257}, {'a', 'b'}, {256, 'c'}, {'b', 'c'}};
  CHECK_FALSE(firing_of_rows_in_order(tokens, apart, products_of(tokens, apart)));
}
