#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "documents/transcode.hpp"
#include "simd/backend.hpp"
#include "support.hpp"
#include "unicode/ucs.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

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

// On every backend of this machine, which must agree with the scalar one; each time to scratch that
// is no larger than it must be.
std::string utf8_of(const DocumentView& document) {
  const Backend before = backend();
  std::string by_scalar;
  for (const Backend one : available_backends()) {
    set_backend(one);
    std::vector<char> scratch;
    const std::string utf8(as_utf8(document, scratch));
    if (one == Backend::scalar) {
      by_scalar = utf8;
    } else if (utf8 != by_scalar) {
      FAIL_CHECK(name_of(one) << " gives " << quoted(utf8) << ", scalar " << quoted(by_scalar));
    }
  }
  set_backend(before);
  return by_scalar;
}

template <typename Unit>
std::string utf8_of(const std::vector<Unit>& units) {
  return utf8_of(view_of(units));
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

// One or two units among many of another kind, at every place of a block, and as the last of a
// text.
template <typename Unit>
void check_every_place(const std::vector<Unit>& interesting) {
  for (const Unit filler : interesting) {
    for (const Unit first : interesting) {
      for (const Unit second : interesting) {
        CAPTURE(filler);
        CAPTURE(first);
        CAPTURE(second);
        const std::size_t n = 70;
        bool same = true;
        for (std::size_t i = 0; i + 1 < n; ++i) {
          std::vector<Unit> units(n, filler);
          units[i] = first;
          units[i + 1] = second;
          same = same && utf8_of(units) == utf8_by_definition(units);
          units.resize(i + 2);
          same = same && utf8_of(units) == utf8_by_definition(units);
        }
        CHECK(same);
      }
    }
  }
}

#if defined(__unix__) || defined(__APPLE__)
// Units that end where readable memory does, as many of them as there are lengths of a last block.
template <typename Unit>
void check_page_ends(Unit unit) {
  constexpr std::size_t kPages = std::size_t{64} << 10;
  void* const pages =
      mmap(nullptr, 2 * kPages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  char* const end = static_cast<char*>(pages) + kPages;
  REQUIRE(mprotect(end, kPages, PROT_NONE) == 0);
  for (std::size_t n = 0; n <= 130; ++n) {
    const std::vector<Unit> units(n, unit);
    DocumentView document = view_of(units);
    std::copy_n(document.data, document.n_bytes(), end - document.n_bytes());
    document.data = end - document.n_bytes();
    CHECK(utf8_of(document) == utf8_by_definition(units));
  }
  munmap(pages, 2 * kPages);
}
#endif

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

TEST_CASE("every place of a block, and of a last one") {
  check_every_place<std::uint8_t>({0, 'a', 0x7F, 0x80, 0xFF});
  check_every_place<std::uint16_t>({0, 'a', 0x80, 0x7FF, 0x800, 0xD800, 0xDFFF, 0xFFFF});
  check_every_place<std::uint32_t>({'a', 0x7FF, 0x800, 0xDBFF, 0xDC00, 0xFFFF, 0x10000, 0x10FFFF});
}

TEST_CASE("every code point") {
  std::vector<std::uint16_t> two_bytes;
  std::vector<std::uint32_t> four_bytes;
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c <= 0xFFFF) two_bytes.push_back(static_cast<std::uint16_t>(c));
    four_bytes.push_back(c);
  }
  CHECK((utf8_of(two_bytes) == utf8_by_definition(two_bytes)));
  CHECK((utf8_of(four_bytes) == utf8_by_definition(four_bytes)));
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("nothing behind the units is read") {
  check_page_ends<std::uint8_t>(0xE9);
  check_page_ends<std::uint16_t>('a');
  check_page_ends<std::uint16_t>(0x4E2D);
  check_page_ends<std::uint16_t>(0xD83D);
  check_page_ends<std::uint32_t>(0x1F600);
}
#endif

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
