#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "documents/transcode.hpp"
#include "support.hpp"
#include "unicode/ucs.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

template <typename Unit>
DocumentView view_of(const std::vector<Unit>& units) {
  const TextKind kind = sizeof(Unit) == 1   ? TextKind::ucs1
                        : sizeof(Unit) == 2 ? TextKind::ucs2
                                            : TextKind::ucs4;
  return {reinterpret_cast<const char*>(units.data()), units.size(), kind};
}

template <typename Unit>
std::string utf8_of(const std::vector<Unit>& units) {
  std::vector<char> scratch;
  return std::string(as_utf8(view_of(units), scratch));
}

// One code unit after the other, surrogates as tiktoken reads them.
template <typename Unit>
std::string utf8_by_definition(const std::vector<Unit>& units) {
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t c = units[i];
    const char32_t next = i + 1 < units.size() ? char32_t{units[i + 1]} : 0;
    if (c >= 0xD800 && c < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
      c = 0x10000 + (c - 0xD800) * 0x400 + (next - 0xDC00);
      ++i;
    } else if (c >= 0xD800 && c < 0xE000) {
      c = 0xFFFD;
    }
    char bytes[4];
    out.append(bytes, static_cast<std::size_t>(encode_utf8(c, bytes) - bytes));
  }
  return out;
}

template <typename Unit>
void check_against_definition(const std::vector<char32_t>& interesting) {
  for_seeds(2000, [&](Random& random) {
    std::vector<Unit> units;
    const std::size_t n = random.below(100);
    while (units.size() < n) {
      // Long stretches of ASCII, so that whole blocks of it are read, at every alignment.
      if (random.one_in(4)) units.insert(units.end(), random.below(70), Unit{'x'});
      units.push_back(static_cast<Unit>(random.pick(interesting)));
    }
    CHECK(utf8_of(units) == utf8_by_definition(units));
    CHECK(utf8_of(units).size() <= view_of(units).max_utf8_bytes());
  });
}

}  // namespace

TEST_CASE("UTF-8 is itself, ill-formed or not, and not copied") {
  const std::string text = "a\xFF\xED\xA0\x80";
  std::vector<char> scratch;
  const ByteSpan same = as_utf8({text.data(), text.size(), TextKind::utf8}, scratch);
  CHECK(same.data() == text.data());
  CHECK(same.size() == text.size());
  CHECK(scratch.empty());
}

TEST_CASE("Latin-1 units") {
  std::vector<std::uint8_t> all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<std::uint8_t>(c));
  CHECK(utf8_of(all) == utf8_by_definition(all));
  check_against_definition<std::uint8_t>({'a', ' ', 0x7F, 0x80, 0xE9, 0xFF});
}

TEST_CASE("two-byte units and surrogates") {
  using Units = std::vector<std::uint16_t>;
  CHECK(utf8_of(Units{0xD83D, 0xDE00}) == "\U0001F600");
  CHECK(utf8_of(Units{0xD83D}) == "\uFFFD");
  CHECK(utf8_of(Units{0xDE00}) == "\uFFFD");
  CHECK(utf8_of(Units{0xDE00, 0xD83D}) == "\uFFFD\uFFFD");
  CHECK(utf8_of(Units{0xD83D, 0xD83D, 0xDE00}) == "\uFFFD\U0001F600");
  CHECK(utf8_of(Units{0xD83D, 'a'}) == "\uFFFDa");
  CHECK(utf8_of(Units{0xDBFF, 0xDFFF}) == "\U0010FFFF");
  CHECK(utf8_of(Units{}) == "");
  check_against_definition<std::uint16_t>(
      {'a', 0x7F, 0x80, 0x7FF, 0x800, 0x4E2D, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF});
}

TEST_CASE("four-byte units and surrogates") {
  using Units = std::vector<std::uint32_t>;
  CHECK(utf8_of(Units{0x1F600, 0xD83D, 0xDE00, 0xD83D}) == "\U0001F600\U0001F600\uFFFD");
  check_against_definition<std::uint32_t>({'a', 0x80, 0x7FF, 0x800, 0xD800, 0xDBFF, 0xDC00, 0xDFFF,
                                           0xFFFF, 0x10000, 0x1F600, 0x10FFFF});
}

TEST_CASE("scratch grows to the longest document and is used again") {
  std::vector<char> scratch;
  const std::vector<std::uint16_t> longer(500, 0x4E2D), shorter(3, 0xE9);
  CHECK(as_utf8(view_of(longer), scratch) == repeated("\u4E2D", 500));
  const char* const at = scratch.data();
  CHECK(as_utf8(view_of(shorter), scratch) == "\u00E9\u00E9\u00E9");
  CHECK(scratch.data() == at);
}

TEST_CASE("a slice has its own units") {
  const std::vector<std::uint32_t> units{'a', 0x1F600, 'b', 0xE9};
  std::vector<char> scratch;
  CHECK(as_utf8(view_of(units).slice(1, 3), scratch) == "\U0001F600b");
}
