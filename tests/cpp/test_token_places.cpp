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
