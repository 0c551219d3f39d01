#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "encode/decoder.hpp"
#include "support.hpp"
#include "unicode/utf8.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// The text in units of each width that is wide enough, read back as code points; nothing where it
// is refused.
template <typename Unit>
std::optional<std::u32string> text_of(const Decoder& decoder, const std::vector<TokenId>& ids) {
  const std::span<const TokenId> span(ids);
  const DecodedSize size = decoder.measure(span);
  std::vector<Unit> units(size.n_chars);
  if (!decoder.write_text(span, units.data(), units.size())) return std::nullopt;
  return std::u32string(units.begin(), units.end());
}

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

TEST_CASE("a text in code units, whatever the tokens cut in two") {
  const std::string long_token(5000, 'x');
  const Vocab vocab = vocab_of({"ab", "\u00E9", "\xE4\xB8", "\xAD\u6587", "\U0001F642a", long_token,
                                "fourteen bytes", "fifteen bytes .", "\u00E9\u00E9\u00E9\u00E9"});
  const Decoder decoder(vocab, AddedTokens({}));
  const std::vector<TokenId> ids = {256, 257, 258, 259, 260, 261, 262, 263, 264, 0xC3, 0xA9};
  const DecodedSize size = decoder.measure(std::span<const TokenId>(ids));
  CHECK(size.widest == TextWidth::ucs4);
  const std::u32string expected = U"ab\u00E9\u4E2D\u6587\U0001F642a" + std::u32string(5000, U'x') +
                                  U"fourteen bytesfifteen bytes .\u00E9\u00E9\u00E9\u00E9\u00E9";
  CHECK(size.n_chars == expected.size());
  CHECK(size.n_bytes == decode(decoder, ids).size());
  CHECK(text_of<std::uint32_t>(decoder, ids) == expected);
  // Too narrow, and no UTF-8: refused.
  CHECK(!text_of<std::uint16_t>(decoder, ids));
  CHECK(!text_of<std::uint8_t>(decoder, ids));
  CHECK(!text_of<std::uint32_t>(decoder, {258, 256}));
  CHECK(!text_of<std::uint32_t>(decoder, {258}));
  CHECK(!text_of<std::uint32_t>(decoder, {0xFF}));
  CHECK(text_of<std::uint8_t>(decoder, {256, 257}) == U"ab\u00E9");
  CHECK(text_of<std::uint16_t>(decoder, {258, 259}) == U"\u4E2D\u6587");
}

TEST_CASE("texts of many lengths in code units, against reading them character by character") {
  const Vocab vocab =
      vocab_of({"\xE4\xB8", "\xAD\xC3", "\u00E9", "low lower lowest", "  ", "\xF0\x9F"});
  const Decoder decoder(vocab, AddedTokens({}));
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<TokenId> ids(random() % 40 + (round % 100 == 0 ? 6000 : 0));
    for (TokenId& id : ids) id = random() % 4 == 0 ? 256 + random() % 6 : "aE1 "[random() % 4];
    const std::string bytes = decode(decoder, ids);
    std::optional<std::u32string> expected(std::u32string{});
    for (const char* p = bytes.data(); p < bytes.data() + bytes.size();) {
      const DecodedChar c = decode_utf8(p, bytes.data() + bytes.size());
      p += c.length;
      if (!c.ok) expected.reset();
      if (!expected) break;
      expected->push_back(c.code_point);
    }
    CHECK(text_of<std::uint32_t>(decoder, ids) == expected);
    const bool is_narrow =
        expected && expected->find_first_not_of(U"aE1 \u00E9lowerst") == expected->npos;
    if (is_narrow) CHECK(text_of<std::uint8_t>(decoder, ids) == expected);
  }
}

TEST_CASE("ids that change between the passes stay within the bounds") {
  const Vocab vocab = vocab_of({"abc"});
  const Decoder decoder(vocab, AddedTokens({}));
  std::vector<char> out(64, '#');
  const std::vector<TokenId> more = {256, 256, 256}, unknown = {999};
  for (std::size_t n = 0; n < 9; ++n) {
    CHECK(!decoder.write(std::span<const TokenId>(more), out.data(), n));
    CHECK(out[n] == '#');
    std::vector<std::uint16_t> units(n + 1, 7);
    CHECK(!decoder.write_text(std::span<const TokenId>(more), units.data(), n));
    CHECK(units[n] == 7);
  }
  CHECK(!decoder.write(std::span<const TokenId>(unknown), out.data(), 20));
  CHECK(!decoder.write(std::span<const TokenId>(more), out.data(), 20));
}
