#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "documents/unit_cursor.hpp"
#include "encode/token_places.hpp"
#include "engines.hpp"
#include "unicode/normalise.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<TokenPlace> places_in(const Encoder& encoder, const std::string& text,
                                  const AddedTokenSet& wanted, std::size_t n_most = 1000) {
  static const AddedTokenSet none;
  std::vector<TokenId> ids = encode_alone(encoder, ByteSpan(text), {wanted, none});
  if (ids.size() > n_most) ids.resize(n_most);
  return token_places(encoder, text, wanted, ids);
}

const std::string kParts[] = {"ab",     "abc", "e\u0301", "e",      "\u0301", "\u00E9",
                              "\u0344", " ",   "\u0958",  "\u1E69", "<x>",    "\u212B\u0323"};

}  // namespace

TEST_CASE("tokens of a text that is not normalised lie side by side") {
  const Encoder encoder = make_encoder("gpt2", {{"<x>", 300, false}, {"<xx>", 300, false}});
  const AddedTokenSet& wanted = encoder.splitter().always_wanted();
  const std::string text = "abc<xx>\u00E9<x>\u4E8C";
  const auto places = places_in(encoder, text, wanted);
  std::size_t end = 0;
  for (const TokenPlace& place : places) {
    CHECK(place.begin == end);
    CHECK(place.end > place.begin);
    end = place.end;
  }
  CHECK(end == text.size());
  CHECK(places[1].end - places[1].begin == 4);                // <xx>
  CHECK(places[places.size() - 2].cut == TokenPlace::kNone);  // inside of U+4E8C
  CHECK(places.back().cut == text.size());
  CHECK(places_in(encoder, text, wanted, 2).size() == 2);
  CHECK(places_in(encoder, text, wanted, 0).empty());
  CHECK(places_in(encoder, "", wanted).empty());
}

TEST_CASE("what is before a cut, normalised alone, is what the tokens up to it stand for") {
  const Encoder encoder = make_encoder("gpt2", {{"<x>", 300, false}}, true);
  const AddedTokenSet& wanted = encoder.splitter().always_wanted();
  static const AddedTokenSet none;
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = random() % 8; i-- > 0;) text += kParts[random() % std::size(kParts)];
    CAPTURE(text);
    const auto ids = encode_alone(encoder, ByteSpan(text), {wanted, none});
    const auto places = token_places(encoder, text, wanted, ids);
    REQUIRE(places.size() == ids.size());
    std::string bytes;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      bytes += ids[i] == 300 ? "<x>" : std::string(encoder.vocab().token_bytes(ids[i]));
      CHECK(places[i].begin <= places[i].end);
      CHECK(places[i].end <= text.size());
      if (places[i].cut == TokenPlace::kNone) continue;
      // Added tokens are not normalised, and ASCII is not changed by it.
      std::string normalised;
      append_nfc(ByteSpan(text).substr(0, places[i].cut), normalised);
      CHECK(normalised == bytes);
    }
    if (!ids.empty()) CHECK(places.back().cut == text.size());
  }
}

TEST_CASE("added tokens have the white space they take, and may lie within that of another") {
  const Encoder encoder = make_encoder("gpt2",
                                       {{"<x>", 300, false, true, true},
                                        {"\n\n", 301, false},
                                        {"e\u0301", 302, false, false, true, false, true}},
                                       true);
  const AddedTokenSet& wanted = encoder.splitter().always_wanted();
  const auto check = [&](const std::string& text, const std::vector<TokenPlace>& expected) {
    CAPTURE(text);
    for (std::size_t n = 0; n <= expected.size(); ++n) {  // the first of them are the same
      const auto places = places_in(encoder, text, wanted, n);
      REQUIRE(places.size() == n);
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(places[i].begin == expected[i].begin);
        CHECK(places[i].end == expected[i].end);
        CHECK(places[i].cut == expected[i].cut);
      }
    }
  };
  constexpr std::size_t kNone = TokenPlace::kNone;
  check("q <x> q", {{0, 1, 1}, {1, 6, 6}, {6, 7, 7}});
  check("<x>\n\n\nq", {{0, 6, kNone}, {3, 5, 5}, {5, 6, 6}, {6, 7, 7}});
  // U+2000 becomes U+2002; the token of the second round stands for characters of the first text.
  check("qe\u0301\u2000q", {{0, 1, 1}, {1, 7, 7}, {7, 8, 8}});
}

TEST_CASE("a space that was put lies where the character behind it does") {
  const Encoder encoder(
      std::make_shared<const Vocab>(small_vocab()),
      std::make_shared<const TextSplitter>(
          std::vector<SplitStage>{{SplitStage::Kind::space_before},
                                  {SplitStage::Kind::grammar, pattern_named("gpt2").scan}},
          AddedTokens({{"<x>", 300, false}}), false),
      false);
  const AddedTokenSet& wanted = encoder.splitter().always_wanted();
  constexpr std::size_t kNone = TokenPlace::kNone;
  const auto check = [&](const std::string& text, const std::vector<TokenPlace>& expected) {
    CAPTURE(text);
    const auto places = places_in(encoder, text, wanted);
    REQUIRE(places.size() == expected.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
      CHECK(places[i].begin == expected[i].begin);
      CHECK(places[i].end == expected[i].end);
      CHECK(places[i].cut == expected[i].cut);
    }
  };
  check("abq", {{0, 2, 2}, {2, 3, 3}});                               // " ab", "q"
  check(" ab", {{0, 3, 3}});                                          // none was put
  check("\u00E9q", {{0, 2, kNone}, {0, 2, 2}, {2, 3, 3}});            // " ", "\u00E9", "q"
  check("q<x>ab", {{0, 1, kNone}, {0, 1, 1}, {1, 4, 4}, {4, 6, 6}});  // before each segment
}

TEST_CASE("the alignment covers both texts without gaps") {
  std::mt19937 random(12);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = random() % 8; i-- > 0;) text += kParts[random() % std::size(kParts)];
    if (round % 3 == 0) text += "\xFF\u0301";
    std::string out, expected;
    const NfcAlignment alignment = nfc_with_alignment(text, out);
    append_nfc(text, expected);
    CHECK(out == expected);
    // Between the stretches the two are the same; within, their lengths are the stretches'.
    std::size_t at = 0, original = 0;
    for (const NfcAlignment::Part& stretch : alignment.stretches) {
      CHECK(out.substr(at, stretch.begin - at) ==
            text.substr(original, stretch.original_begin - original));
      at = stretch.end;
      original = stretch.original_end;
    }
    CHECK(out.substr(at) == text.substr(original));
    std::size_t n_bytes = 0;
    for (const NfcAlignment::Part& c : alignment.characters) n_bytes += c.end - c.begin;
    for (const NfcAlignment::Part& s : alignment.stretches) n_bytes -= s.end - s.begin;
    CHECK(n_bytes == 0);
  }
}

TEST_CASE("bytes to characters, forwards and back") {
  const std::u16string units = u"a\u00E9\u4E2D\xD83D\xDE42\xD83Dz";
  const DocumentView view{reinterpret_cast<const char*>(units.data()), units.size(),
                          TextKind::ucs2};
  const std::size_t lengths[] = {1, 2, 3, 4, 3, 1}, n_units[] = {1, 1, 1, 2, 1, 1};
  UnitCursor cursor(view);
  std::vector<UnitCursor::Span> spans;
  std::size_t unit = 0;
  for (std::size_t i = 0; i < std::size(lengths); ++i) {
    spans.resize(spans.size() + lengths[i], {unit, unit + n_units[i]});
    unit += n_units[i];
  }
  for (std::size_t byte = 0; byte < spans.size(); ++byte) {
    CHECK(cursor.at(byte).begin == spans[byte].begin);
    CHECK(cursor.at(byte).end == spans[byte].end);
  }
  CHECK(cursor.at(spans.size()).begin == units.size());
  CHECK(cursor.at(1).begin == 1);
}
