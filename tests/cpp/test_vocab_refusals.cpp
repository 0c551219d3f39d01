#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "support.hpp"
#include "vocab/vocab.hpp"

using namespace bytestride;
using namespace bytestride::testing;

TEST_CASE("what is no vocabulary is refused, and the id named") {
  const auto fails = [](const TokenRows& rows, const char* what) {
    CHECK_THROWS_WITH_AS(rows.make(), doctest::Contains(what), InvalidArgument);
  };
  fails(TokenRows{}, "none");
  TokenRows rows = byte_rows();
  rows.add(300, "ab");
  TokenRows twice = rows;
  twice.add(300, "cd");
  fails(twice, "token 300");
  TokenRows same = rows;
  same.add(301, "ab");
  fails(same, "300 and 301");
  TokenRows empty = rows;
  empty.add(302, "");
  fails(empty, "token 302");
  TokenRows too_large = rows;
  too_large.add(kMaxTokenId + 1, "xy");
  fails(too_large, "token 16777216");
  TokenRows missing;
  for (unsigned byte = 0; byte < 255; ++byte) {
    const char c = static_cast<char>(byte < 77 ? byte : byte + 1);
    missing.add(byte, {&c, 1});
  }
  fails(missing, "byte 77");
  TokenRows largest = byte_rows();
  largest.add(kMaxTokenId, "xy");
  CHECK(largest.make().max_id() == kMaxTokenId);
}

TEST_CASE("offsets that leave the bytes are refused before anything is read through them") {
  const auto fails = [](auto change) {
    TokenRows rows = byte_rows();
    rows.add(256, "ab");
    change(rows.offsets);
    CHECK_THROWS_AS(rows.make(), InvalidArgument);
  };
  fails([](auto& offsets) { offsets[1] = 100'000'000; });
  fails([](auto& offsets) { offsets[1] = -1; });
  fails([](auto& offsets) { offsets[2] = std::numeric_limits<std::int64_t>::min(); });
  fails([](auto& offsets) { offsets[0] = 1; });
  fails([](auto& offsets) { offsets.back() += 1; });
  fails([](auto& offsets) { offsets.back() -= 1; });
  fails([](auto& offsets) { offsets.pop_back(); });
  fails([](auto& offsets) { offsets.push_back(offsets.back()); });
  fails([](auto& offsets) { std::swap(offsets[3], offsets[4]); });
}

TEST_CASE("merges of unknown tokens, or into none, are refused by their row") {
  TokenRows rows = byte_rows();
  rows.add(256, "ab");
  const auto fails = [&rows](const std::vector<Pair>& merges, const char* what) {
    CHECK_THROWS_WITH_AS(rows.make(merges), doctest::Contains(what), InvalidArgument);
  };
  fails({{'a', 'b'}, {'a', 999}}, "merge 1 (97, 999)");
  fails({{kNoToken, 'b'}}, "merge 0 (4294967295, 98)");
  fails({{'a', 'c'}}, "merge 0 (97, 99)");
  CHECK(rows.make(std::vector<Pair>{}).unreachable() == std::vector<TokenId>{256});
  CHECK(rows.make(std::vector<Pair>{{'a', 'b'}}).unreachable().empty());
}
