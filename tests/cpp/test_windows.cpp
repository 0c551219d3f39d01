#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "windows/gather.hpp"
#include "windows/index.hpp"

using namespace bytestride;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// The stream 0, 7, 14, … so that a token tells its position.
template <typename Token>
std::vector<Token> stream(std::int64_t begin, std::int64_t n) {
  std::vector<Token> tokens(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) tokens[i] = static_cast<Token>(7 * (begin + i));
  return tokens;
}

}  // namespace

TEST_CASE("window counts and starts equal those of a plain loop") {
  for (std::int64_t n = 0; n < 40; ++n) {
    for (std::int64_t length = 1; length < 10; ++length) {
      for (std::int64_t stride = 1; stride < 12; ++stride) {
        std::vector<std::int64_t> expected;
        for (std::int64_t s = 0; s + length + 1 <= n; s += stride) expected.push_back(s);
        const std::int64_t count = window_count(n, length, stride);
        REQUIRE(count == static_cast<std::int64_t>(expected.size()));
        std::vector<std::int64_t> starts(expected.size(), -1);
        window_starts(count, stride, starts.data());
        CHECK(starts == expected);
      }
    }
  }
}

TEST_CASE("window counts at the ends of the range") {
  CHECK(window_count(kMax, 1, 1) == kMax - 1);
  CHECK(window_count(kMax, kMax, 1) == 0);
  CHECK(window_count(kMax, kMax - 1, kMax) == 1);
  CHECK(window_count(0, kMax, kMax) == 0);
  CHECK_THROWS_AS(window_count(10, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(window_count(10, 1, 0), InvalidArgument);
  CHECK_THROWS_AS(window_count(-1, 1, 1), InvalidArgument);
  CHECK_THROWS_AS(window_count(10, std::numeric_limits<std::int64_t>::min(), 1), InvalidArgument);
}

TEST_CASE("rows cross shard borders, empty shards and types") {
  const auto first = stream<std::uint8_t>(0, 5);
  const auto second = stream<std::uint16_t>(5, 1);
  const auto third = stream<std::uint32_t>(6, 9);
  const auto fourth = stream<std::int32_t>(15, 6);
  const ShardedTokens tokens({{nullptr, TokenType::kInt32, 0},
                              {first.data(), TokenType::kUint8, 5},
                              {nullptr, TokenType::kUint16, 0},
                              {nullptr, TokenType::kUint8, 0},
                              {second.data(), TokenType::kUint16, 1},
                              {third.data(), TokenType::kUint32, 9},
                              {fourth.data(), TokenType::kInt32, 6},
                              {nullptr, TokenType::kInt32, 0}});
  REQUIRE(tokens.n_tokens() == 21);
  CHECK(tokens.shard_at(0) == 1);
  CHECK(tokens.shard_at(5) == 4);
  CHECK(tokens.shard_at(20) == 6);
  for (std::int64_t length = 1; length <= 20; ++length) {
    std::vector<std::int64_t> starts(static_cast<std::size_t>(window_count(21, length, 1)));
    window_starts(static_cast<std::int64_t>(starts.size()), 1, starts.data());
    std::vector<std::int64_t> x(starts.size() * length, -1), y(starts.size() * length, -1);
    gather(tokens, starts.data(), starts.size(), length, x.data(), y.data());
    for (std::size_t row = 0; row < starts.size(); ++row) {
      for (std::int64_t i = 0; i < length; ++i) {
        REQUIRE(x[row * length + i] == 7 * (starts[row] + i));
        REQUIRE(y[row * length + i] == 7 * (starts[row] + i + 1));
      }
    }
  }
}

TEST_CASE("each type widens to the value it stands for, aligned or not") {
  const auto row = [](TokenType type, const std::vector<std::uint8_t>& bytes, std::int64_t n) {
    std::vector<std::uint8_t> shifted(bytes.size() + 1);
    std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
    const ShardedTokens tokens({{shifted.data() + 1, type, n}});
    const std::int64_t start = 0;
    std::vector<std::int64_t> x(n - 1), y(n - 1);
    gather(tokens, &start, 1, n - 1, x.data(), y.data());
    x.push_back(y.back());
    return x;
  };
  using Row = std::vector<std::int64_t>;
  CHECK(row(TokenType::kUint8, {0xFF, 0x80, 1}, 3) == Row{255, 128, 1});
  CHECK(row(TokenType::kUint16, {0xFF, 0xFF, 0, 0x80, 1, 0}, 3) == Row{65535, 32768, 1});
  CHECK(row(TokenType::kUint32, {0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0}, 2) == Row{4294967295, 1});
  CHECK(row(TokenType::kInt32, {0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0}, 2) == Row{-1, 1});
}

TEST_CASE("a start out of range is named, and nothing is written") {
  const auto values = stream<std::uint16_t>(0, 10);
  const ShardedTokens tokens({{values.data(), TokenType::kUint16, 10}});
  std::vector<std::int64_t> x(12, -1), y(12, -1);
  for (const std::int64_t bad : {std::int64_t{6}, std::int64_t{-1}, kMax, -kMax - 1}) {
    const std::vector<std::int64_t> starts{0, 5, bad};
    CHECK_THROWS_AS(gather(tokens, starts.data(), 3, 4, x.data(), y.data()), InvalidArgument);
    CHECK_THROWS_WITH(gather(tokens, starts.data(), 3, 4, x.data(), y.data()),
                      doctest::Contains(("start " + std::to_string(bad)).c_str()));
  }
  const std::int64_t zero = 0;
  CHECK_THROWS_AS(gather(tokens, &zero, 1, 10, x.data(), y.data()), InvalidArgument);
  CHECK_THROWS_AS(gather(tokens, &zero, 1, kMax, x.data(), y.data()), InvalidArgument);
  CHECK_THROWS_AS(gather(tokens, &zero, 1, 0, x.data(), y.data()), InvalidArgument);
  CHECK_THROWS_AS(gather(ShardedTokens({}), &zero, 1, 1, x.data(), y.data()), InvalidArgument);
  CHECK(x == std::vector<std::int64_t>(12, -1));
  CHECK(y == std::vector<std::int64_t>(12, -1));
  gather(tokens, nullptr, 0, 4, x.data(), y.data());
}
