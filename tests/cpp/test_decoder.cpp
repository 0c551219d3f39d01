#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "encode/decoder.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

template <typename Id>
std::string decode(const Decoder& decoder, const std::vector<Id>& ids) {
  return decoder.decode(std::span<const Id>(ids));
}

}  // namespace

TEST_CASE("ids become their bytes, in each type of id") {
  const Vocab vocab = vocab_of({"ab", "\u00E9", "\xFF\xFE"});
  const AddedTokens added({{"<|end|>", 300, true}});
  const Decoder decoder(vocab, added);
  const std::string expected = "abx\u00E9<|end|>\xFF\xFE";
  CHECK(decode<std::int64_t>(decoder, {256, 'x', 257, 300, 258}) == expected);
  CHECK(decode<std::uint64_t>(decoder, {256, 'x', 257, 300, 258}) == expected);
  CHECK(decode<std::uint32_t>(decoder, {256, 'x', 257, 300, 258}) == expected);
  CHECK(decode<std::uint16_t>(decoder, {256, 'x', 257, 300, 258}) == expected);
  CHECK(decode<std::int64_t>(decoder, {}) == "");
  CHECK(decoder.n_ids() == 301);
  CHECK(decoder.token_bytes(300) == "<|end|>");
}

TEST_CASE("an id of no token is named with its position") {
  const Vocab vocab = vocab_of({"ab"});
  const AddedTokens added({{"<x>", 300, true}});
  const Decoder decoder(vocab, added);
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t bad : {std::int64_t{257}, std::int64_t{299}, std::int64_t{301},
                                 std::int64_t{-1}, kMin, kMax, std::int64_t{1} << 32}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(decoder.token_bytes(bad), NotFound);
    CHECK_THROWS_WITH_AS(
        decode<std::int64_t>(decoder, {1, 2, bad, bad}),
        doctest::Contains(("id " + std::to_string(bad) + " at position 2").c_str()), NotFound);
  }
  CHECK_THROWS_AS(decode<std::uint32_t>(decoder, {kNoToken}), NotFound);
  CHECK_THROWS_AS(decode<std::uint16_t>(decoder, {0xFFFF}), NotFound);
  CHECK_THROWS_WITH_AS(decode<std::uint64_t>(decoder, {~std::uint64_t{0}}),
                       doctest::Contains("18446744073709551615"), NotFound);
}

TEST_CASE("of one id an added token's text goes first, and the first of them before others") {
  const Vocab vocab = vocab_of({"ab"});
  const AddedTokens added({{"<x>", 256, true}, {"<y>", 256, true}});
  CHECK(Decoder(vocab, added).token_bytes(256) == "<x>");
}

TEST_CASE("an added token above the largest id is refused by name") {
  const Vocab vocab = vocab_of({});
  const AddedTokens added({{"<far>", kMaxTokenId + 1, true}});
  CHECK_THROWS_WITH_AS(Decoder(vocab, added), doctest::Contains("<far>"), InvalidArgument);
}

TEST_CASE("decoding equals joining bytes") {
  const Vocab vocab = vocab_of({"ab", "abc", "dddd"});
  const AddedTokens added({});
  const Decoder decoder(vocab, added);
  for_seeds(1000, [&](Random& random) {
    std::vector<std::uint16_t> ids(random.below(60));
    std::string expected;
    for (std::uint16_t& id : ids) {
      id = static_cast<std::uint16_t>(random.below(259));
      expected += vocab.token_bytes(id);
    }
    CHECK(decode(decoder, ids) == expected);
  });
}
