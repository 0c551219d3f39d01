#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "windows/gather.hpp"
#include "windows/packing.hpp"
#include "windows/window_set.hpp"

using namespace bytestride;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

WindowRule drop(std::int64_t max_length, std::int64_t stride) {
  return WindowRule(max_length, stride, Tail::kDrop, false);
}

// The stream 0, 7, 14, … so that a token tells its position.
template <typename Token>
std::vector<Token> stream(std::int64_t begin, std::int64_t n) {
  std::vector<Token> tokens(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) tokens[i] = static_cast<Token>(7 * (begin + i));
  return tokens;
}

template <typename Token>
TokenShard shard_of(const std::vector<Token>& tokens, TokenType type) {
  static const unsigned char kNothing = 0;
  const auto* data =
      tokens.empty() ? &kNothing : reinterpret_cast<const unsigned char*>(tokens.data());
  return {data, type, static_cast<std::int64_t>(tokens.size())};
}

WindowSet set_of(std::vector<TokenShard> shards, WindowRule rule) {
  ShardedTokens tokens(shards);
  std::vector<ShardDocuments> documents;
  for (const TokenShard& shard : shards) documents.push_back({1, shard.n_tokens});
  SourceOptions options;
  options.stream = {0, tokens.n_tokens()};
  return WindowSet({std::make_shared<WindowSource>(
      std::move(tokens), DocumentTable(std::move(documents)), rule, options)});
}

ResolvedRows all_rows(const WindowSet& set) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(set.n_rows()));
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  ResolvedRows rows;
  set.resolve(indices.data(), indices.size(), rows);
  return rows;
}

}  // namespace

TEST_CASE("full windows are those of a plain loop") {
  for (std::int64_t n = 0; n < 40; ++n) {
    for (std::int64_t length = 1; length < 10; ++length) {
      for (std::int64_t stride = 1; stride < 12; ++stride) {
        const WindowRule rule = drop(length, stride);
        std::vector<std::int64_t> expected;
        for (std::int64_t s = 0; s + length + 1 <= n; s += stride) expected.push_back(s);
        REQUIRE(rule.count(n) == static_cast<std::int64_t>(expected.size()));
        for (std::size_t w = 0; w < expected.size(); ++w) {
          const Span span = rule.span(n, static_cast<std::int64_t>(w));
          CHECK(span.start == expected[w]);
          CHECK(span.n_tokens == length + 1);
          CHECK(span.first_target == 0);
        }
      }
    }
  }
}

TEST_CASE("with a padded or anchored tail and masks every target is scored once") {
  for (const Tail tail : {Tail::kPad, Tail::kAnchor}) {
    for (std::int64_t n = 0; n < 40; ++n) {
      for (std::int64_t length = 1; length < 12; ++length) {
        for (std::int64_t stride = 1; stride <= length; ++stride) {
          const WindowRule rule(length, stride, tail, true);
          std::vector<int> scored(static_cast<std::size_t>(n), 0);
          for (std::int64_t w = 0; w < rule.count(n); ++w) {
            const Span span = rule.span(n, w);
            REQUIRE(span.start + span.n_tokens <= n);
            REQUIRE(span.n_tokens <= length + 1);
            for (std::int64_t t = span.first_target; t + 1 < span.n_tokens; ++t) {
              ++scored[span.start + t + 1];
            }
          }
          for (std::int64_t t = 1; t < n; ++t) REQUIRE(scored[t] == 1);
        }
      }
    }
  }
}

TEST_CASE("windows at the ends of the range") {
  CHECK(drop(1, 1).count(kMax) == kMax - 1);
  CHECK(drop(kMax, 1).count(kMax) == 0);
  CHECK(drop(kMax - 1, kMax).count(kMax) == 1);
  CHECK(drop(kMax, kMax).count(0) == 0);
  for (const Tail tail : {Tail::kPad, Tail::kAnchor}) {
    for (const std::int64_t length : {std::int64_t{1}, kMax / 2, kMax - 1, kMax}) {
      for (const std::int64_t stride : {std::int64_t{1}, kMax / 2, kMax}) {
        const WindowRule rule(length, stride, tail, true);
        const std::int64_t n = rule.count(kMax);
        REQUIRE(n >= 1);
        const Span span = rule.span(kMax, n - 1);
        CHECK(span.start >= 0);
        CHECK(span.n_tokens >= 2);
        CHECK(span.start <= kMax - span.n_tokens);
      }
    }
  }
  CHECK_THROWS_AS(drop(0, 1), InvalidArgument);
  CHECK_THROWS_AS(drop(1, 0), InvalidArgument);
  CHECK_THROWS_AS(drop(1, 1).count(-1), InvalidArgument);
}

TEST_CASE("rows cross shard borders, empty shards and types") {
  const auto first = stream<std::uint8_t>(0, 5);
  const auto second = stream<std::uint16_t>(5, 1);
  const auto third = stream<std::uint32_t>(6, 9);
  const auto fourth = stream<std::int32_t>(15, 6);
  const std::vector<std::int32_t> none;
  const std::vector<TokenShard> shards{
      shard_of(none, TokenType::kInt32),    shard_of(first, TokenType::kUint8),
      shard_of(none, TokenType::kUint16),   shard_of(none, TokenType::kUint8),
      shard_of(second, TokenType::kUint16), shard_of(third, TokenType::kUint32),
      shard_of(fourth, TokenType::kInt32),  shard_of(none, TokenType::kInt32)};
  const ShardedTokens tokens(shards);
  REQUIRE(tokens.n_tokens() == 21);
  CHECK(tokens.shard_at(0) == 1);
  CHECK(tokens.shard_at(5) == 4);
  CHECK(tokens.shard_at(20) == 6);
  for (std::int64_t length = 1; length <= 20; ++length) {
    const WindowSet set = set_of(shards, drop(length, 1));
    const ResolvedRows rows = all_rows(set);
    REQUIRE(rows.rows.size() == static_cast<std::size_t>(21 - length));
    std::vector<std::int64_t> x(rows.rows.size() * length, -1), y(x);
    std::vector<std::int32_t> x32(x.size(), -1), y32(x.size(), -1);
    std::vector<std::uint32_t> both(rows.rows.size() * (length + 1));
    gather_xy(rows, x.data(), y.data());
    gather_xy(rows, x32.data(), y32.data());
    gather_rows(rows, both.data());
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      for (std::int64_t i = 0; i < length; ++i) {
        const auto token = static_cast<std::int64_t>(7 * (row + i));
        REQUIRE(x[row * length + i] == token);
        REQUIRE(y[row * length + i] == token + 7);
        REQUIRE(x32[row * length + i] == token);
        REQUIRE(y32[row * length + i] == token + 7);
        REQUIRE(both[row * (length + 1) + i] == token);
        REQUIRE(both[row * (length + 1) + i + 1] == token + 7);
      }
    }
  }
}

TEST_CASE("each type widens to the value it stands for, aligned or not") {
  const auto row = [](TokenType type, const std::vector<std::uint8_t>& bytes, std::int64_t n) {
    std::vector<std::uint8_t> shifted(bytes.size() + 1);
    std::memcpy(shifted.data() + 1, bytes.data(), bytes.size());
    const WindowSet set = set_of({{shifted.data() + 1, type, n}}, drop(n - 1, 1));
    std::vector<std::int64_t> x(n - 1), y(n - 1);
    gather_xy(all_rows(set), x.data(), y.data());
    x.push_back(y.back());
    return x;
  };
  using Row = std::vector<std::int64_t>;
  CHECK(row(TokenType::kUint8, {0xFF, 0x80, 1}, 3) == Row{255, 128, 1});
  CHECK(row(TokenType::kUint16, {0xFF, 0xFF, 0, 0x80, 1, 0}, 3) == Row{65535, 32768, 1});
  CHECK(row(TokenType::kUint32, {0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0}, 2) == Row{4294967295, 1});
  CHECK(row(TokenType::kInt32, {0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0}, 2) == Row{-1, 1});
}

TEST_CASE("a row that there is not is named") {
  const auto values = stream<std::uint16_t>(0, 10);
  const WindowSet set = set_of({shard_of(values, TokenType::kUint16)}, drop(4, 1));
  REQUIRE(set.n_rows() == 6);
  ResolvedRows rows;
  for (const std::int64_t bad : {std::int64_t{6}, std::int64_t{-7}, kMax, -kMax - 1}) {
    const std::vector<std::int64_t> indices{0, -6, bad};
    CHECK_THROWS_WITH_AS(set.resolve(indices.data(), 3, rows),
                         doctest::Contains(("window " + std::to_string(bad)).c_str()),
                         std::out_of_range);
  }
  set.resolve(nullptr, 0, rows);
  CHECK(rows.rows.empty());
}

TEST_CASE("spans are those of the resolved rows, and of a packed row of one piece") {
  const auto values = stream<std::uint16_t>(0, 50);
  for (const Tail tail : {Tail::kDrop, Tail::kPad, Tail::kAnchor}) {
    const WindowSet set =
        set_of({shard_of(values, TokenType::kUint16)}, WindowRule(7, 3, tail, true));
    const ResolvedRows rows = all_rows(set);
    for (std::int64_t row = 0; row < set.n_rows(); ++row) {
      const std::int64_t indices[] = {row, row - set.n_rows()};
      std::int64_t spans[6];
      set.spans(indices, 2, spans);
      const Piece& piece = rows.pieces[static_cast<std::size_t>(row)];
      for (std::size_t i = 0; i < 6; i += 3) {
        CHECK(spans[i] == piece.start);
        CHECK(spans[i + 1] == piece.n_tokens);
        CHECK(spans[i + 2] == piece.first_target);
      }
    }
    std::int64_t nowhere[3];
    const std::int64_t bad = set.n_rows();
    CHECK_THROWS_AS(set.spans(&bad, 1, nowhere), std::out_of_range);
  }
  const std::vector<TokenShard> shards{shard_of(values, TokenType::kUint16)};
  SourceOptions options;
  options.per_document = true;
  options.n_documents = 1;
  const auto packed =
      std::make_shared<WindowSource>(ShardedTokens(shards), DocumentTable({{1, 50}}),
                                     WindowRule(9, 9, Tail::kPad, false), options);
  REQUIRE(packed->n_windows() == 6);
  const std::int64_t pieces[] = {4, 5, 0, 1, 2, 3};
  const std::int64_t offsets[] = {0, 1, 3, 4, 5, 6};
  packed->pack(pieces, 6, offsets, 5);
  const WindowSet set({packed});
  const std::int64_t alone[] = {0, 2};
  std::int64_t spans[6];
  set.spans(alone, 2, spans);
  CHECK(spans[0] == 36);
  CHECK(spans[3] == 9);
  const std::int64_t several = 1;
  CHECK_THROWS_WITH_AS(set.spans(&several, 1, spans), doctest::Contains("several spans"),
                       InvalidArgument);
}

TEST_CASE("packing puts every piece into one row, into the fullest that has room") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::int64_t capacity = 1 + random() % (round % 3 == 0 ? 5000 : 90);
    std::vector<std::int64_t> lengths(random() % 200);
    for (auto& length : lengths) length = 1 + random() % capacity;
    const Packing packing =
        pack_best_fit(lengths.data(), static_cast<std::int64_t>(lengths.size()), capacity);
    REQUIRE(packing.pieces.size() == lengths.size());
    std::vector<int> seen(lengths.size(), 0);
    for (std::size_t row = 0; row + 1 < packing.offsets.size(); ++row) {
      std::int64_t used = 0;
      REQUIRE(packing.offsets[row] < packing.offsets[row + 1]);
      for (auto i = packing.offsets[row]; i < packing.offsets[row + 1]; ++i) {
        ++seen[packing.pieces[i]];
        used += lengths[packing.pieces[i]];
      }
      REQUIRE(used <= capacity);
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
    // The same by a search through all rows.
    std::vector<std::int64_t> order(lengths.size()), room;
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return lengths[a] > lengths[b]; });
    for (const auto piece : order) {
      std::size_t best = room.size();
      for (std::size_t row = 0; row < room.size(); ++row) {
        if (room[row] < lengths[piece]) continue;
        if (best == room.size() || room[row] < room[best]) best = row;
      }
      if (best == room.size()) room.push_back(capacity);
      room[best] -= lengths[piece];
    }
    CHECK(packing.offsets.size() == room.size() + 1);
  }
  const std::int64_t bad[] = {3, 0};
  CHECK_THROWS_AS(pack_best_fit(bad, 2, 5), InvalidArgument);
  CHECK_THROWS_AS(pack_best_fit(bad, 1, 2), InvalidArgument);
  CHECK_THROWS_AS(pack_best_fit(bad, 0, kMax), InvalidArgument);
}
