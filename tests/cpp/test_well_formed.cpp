#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "documents/well_formed.hpp"
#include "documents/well_formed_kernels.hpp"
#include "engines.hpp"
#include "simd/backend.hpp"
#include "support.hpp"
#include "unicode/utf8.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// Character by character, with the decoder that test_utf8.cpp holds to the definition.
std::size_t find_by_definition(ByteSpan text) {
  for (std::size_t i = 0; i < text.size();) {
    const DecodedChar c = decode_utf8(text.data() + i, text.data() + text.size());
    if (!c.ok) return i;
    i += c.length;
  }
  return text.size();
}

// Whether every backend of this machine says so.
bool all_find(ByteSpan text, std::size_t expected) {
  for (const Backend one : available_backends()) {
    const std::size_t found = find_ill_formed_for(one)(text);
    if (found == expected) continue;
    FAIL_CHECK(name_of(one) << " says " << found << " of " << quoted(text) << ", and not "
                            << expected);
    return false;
  }
  return true;
}

bool all_find_what_is_defined(ByteSpan text) {
  return all_find(text, find_by_definition(text));
}

constexpr unsigned char kEdges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                    0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                    0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};

// The first and the last character of each row of Unicode's Table 3-7, and one or more of each way
// to miss it.
constexpr std::string_view kSequences[] = {
    "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE0\xBF\xBF", "\xE1\x80\x80", "\xEC\xBF\xBF",
    "\xED\x80\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
    "\xF0\xBF\xBF\xBF", "\xF1\x80\x80\x80", "\xF3\xBF\xBF\xBF", "\xF4\x80\x80\x80",
    "\xF4\x8F\xBF\xBF",
    // a second byte too low or too high
    "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
    // bytes that no character has
    "\xC0\x80", "\xC1\xBF", "\xF5\x80\x80\x80", "\xF8\x80\x80\x80\x80", "\xFF", "\xFF\xBF",
    // too many, too few
    "\x80", "\xC2\x80\x80", "\xE1\x80\x80\x80", "\xF1\x80\x80\x80\x80", "\xBF\xBF\xBF\xBF", "\xC2",
    "\xE1", "\xE1\x80", "\xF1", "\xF1\x80", "\xF1\x80\x80", "\xC2\xC2\x80", "\xE1\x80\xE1\x80\x80",
    "\xF1\x80\x80\xF1\x80\x80\x80"};

// Bytes that end where readable memory does.
#if defined(__unix__) || defined(__APPLE__)
class PageEnd {
 public:
  PageEnd()
      : pages_(static_cast<char*>(mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(pages_ != MAP_FAILED);
    REQUIRE(mprotect(pages_ + kBytes, kBytes, PROT_NONE) == 0);
  }
  ~PageEnd() { munmap(pages_, 2 * kBytes); }
  PageEnd(const PageEnd&) = delete;
  PageEnd& operator=(const PageEnd&) = delete;

  ByteSpan put(ByteSpan text) const {
    char* const begin = pages_ + kBytes - text.size();
    std::copy(text.begin(), text.end(), begin);
    return {begin, text.size()};
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
  char* pages_;
};
#endif

std::vector<std::int64_t> ill_formed_by_definition(const DocumentList& documents) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::size_t at = find_by_definition({documents[i].data, documents[i].n_units});
    if (at == documents[i].n_units) continue;
    found.push_back(static_cast<std::int64_t>(i));
    found.push_back(static_cast<std::int64_t>(at));
  }
  return found;
}

// Returns how many documents are ill-formed.
std::size_t check_documents(const DocumentList& documents) {
  const Backend before = backend();
  const std::vector<std::int64_t> expected = ill_formed_by_definition(documents);
  for (const Backend one : available_backends()) {
    set_backend(one);
    CAPTURE(name_of(one));
    CHECK(ill_formed_documents(documents) == expected);
  }
  set_backend(before);
  return expected.size() / 2;
}

}  // namespace

TEST_CASE("all sequences of one, two and three bytes, across the end of a block") {
  std::string text(62, 'a');
  text += "\x7F\x7F\x7F some text behind";
  bool good = true;
  const auto check = [&](std::string_view sequence) {
    std::copy(sequence.begin(), sequence.end(), text.begin() + 62);
    const std::string alone = std::string(sequence) + '\x7F';
    const std::size_t at = find_by_definition(alone);
    good = good && all_find(text, at == alone.size() ? text.size() : 62 + at);
  };
  const bool all = kSeedShare == 1;  // otherwise the edges, and all first and second bytes
  for (unsigned a = 0; a < 256 && good; ++a) {
    for (unsigned b = 0; b < 256 && good; ++b) {
      const char pair[3] = {static_cast<char>(a), static_cast<char>(b), '\x7F'};
      check({pair, 3});
      // (One that begins with ASCII is what follows it.)
      if (a < 0x80) continue;
      for (unsigned c = 0; c < (all ? 256 : std::size(kEdges)) && good; ++c) {
        const char three[3] = {pair[0], pair[1], static_cast<char>(all ? c : kEdges[c])};
        check({three, 3});
      }
    }
  }
}

TEST_CASE("sequences of four bytes, at one place of a text after the other") {
  const std::string around(150, 'a');
  std::size_t place = 0;
  for (unsigned lead = 0xE0; lead < 0x100; ++lead) {
    for (const unsigned char b : kEdges) {
      for (const unsigned char c : kEdges) {
        for (const unsigned char d : kEdges) {
          std::string text = around;
          const char four[] = {static_cast<char>(lead), static_cast<char>(b), static_cast<char>(c),
                               static_cast<char>(d)};
          text.replace(place, 4, four, 4);
          REQUIRE(all_find_what_is_defined(text));
          place = place == 146 ? 0 : place + 1;
        }
      }
    }
  }
}

TEST_CASE("every sequence at every place among characters of every length, and cut off") {
  for (const std::string_view filler : {"a", "\u00E9", "\u4E2D", "\U0001F600"}) {
    for (const std::string_view sequence : kSequences) {
      for (std::size_t place = 0; place < 140; ++place) {
        // Some ASCII first brings the characters behind it to every alignment.
        std::string text(place % filler.size(), 'a');
        while (text.size() < place) text += filler;
        for (std::size_t n = 0; n <= sequence.size(); ++n) {
          const std::string cut = text + std::string(sequence.substr(0, n));
          REQUIRE(all_find_what_is_defined(cut));
          REQUIRE(all_find_what_is_defined(cut + repeated(filler, 20)));
        }
      }
    }
  }
}

TEST_CASE("well-formed text with one byte changed, left out or put in") {
  for_seeds(3000, [](Random& random) {
    std::string text;
    const std::size_t n = random.below(300);
    while (text.size() < n) {
      if (random.one_in(6)) text += std::string(random.below(150), 'x');
      text += random.pick(std::vector<std::string_view>{"a", "\u00E9", "\u4E2D", "\U0001F600"});
    }
    CHECK(find_by_definition(text) == text.size());
    CHECK(all_find(text, text.size()));
    if (text.empty()) return;
    const std::size_t at = random.below(text.size());
    const char byte = static_cast<char>(random.one_in(2) ? random.below(256) : random.pick(kEdges));
    std::string changed = text;
    changed[at] = byte;
    CHECK(all_find_what_is_defined(changed));
    CHECK(all_find_what_is_defined(std::string(text).erase(at, 1)));
    CHECK(all_find_what_is_defined(std::string(text).insert(at, 1, byte)));
  });
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("nothing behind the text is read") {
  const PageEnd page;
  for (std::size_t n = 0; n <= 200; ++n) {
    CHECK(all_find(page.put(std::string(n, 'a')), n));
    for (const std::string_view end : {"\xC3", "\xE4\xB8", "\xF0\x9F\x98", "\u4E2D"}) {
      CHECK(all_find_what_is_defined(page.put(std::string(n, 'a') + std::string(end))));
    }
  }
}
#endif

TEST_CASE("documents that lie end to end, with ill-formed ones and ends within characters") {
  std::size_t n_ill_formed = 0;
  for_seeds(2000, [&](Random& random) {
    // From text without fault to text that is nothing else.
    const std::size_t rarity = std::size_t{1} << random.below(9);
    std::string buffer;
    const std::size_t n = random.below(600);
    while (buffer.size() < n) {
      if (random.one_in(rarity)) {
        buffer += random.pick(kSequences);
      } else {
        buffer += plain_text(random, 1 + random.below(9));
      }
    }
    const bool anywhere = random.one_in(2);
    std::vector<std::int64_t> offsets{static_cast<std::int64_t>(random.below(4))};
    offsets[0] = std::min<std::int64_t>(offsets[0], static_cast<std::int64_t>(buffer.size()));
    const std::size_t most = 1 + random.below(60);
    while (!random.one_in(40)) {
      auto at = static_cast<std::size_t>(offsets.back());
      at = std::min(at + random.below(most), buffer.size());
      while (!anywhere && at < buffer.size() && (buffer[at] & 0xC0) == 0x80) ++at;
      offsets.push_back(static_cast<std::int64_t>(at));
    }
    const DocumentList documents(buffer, offsets);
    n_ill_formed += check_documents(documents);

    // The same as views, in another order, some of them twice.
    std::vector<DocumentView> views;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      views.push_back(documents[random.one_in(5) ? random.below(documents.size()) : i]);
    }
    n_ill_formed += check_documents(DocumentList(views));
  });
  CHECK(n_ill_formed * kSeedShare > 10'000);
}

TEST_CASE("each document has its own first fault") {
  const auto found = [](ByteSpan buffer, const std::vector<std::int64_t>& offsets) {
    return ill_formed_documents(DocumentList(buffer, offsets));
  };
  using Rows = std::vector<std::int64_t>;
  // Wrong by itself; cut in two by an end; continued by nobody; empty; whole.
  CHECK(found("good\xFFgood", {0, 4, 5, 9}) == Rows{1, 0});
  CHECK(found("two \u00E9 bad", {0, 5, 11}) == Rows{0, 4, 1, 0});
  CHECK(found("\u4E2D\u4E2D\u4E2D", {0, 1, 2, 6, 6, 9}) == Rows{0, 0, 1, 0, 2, 0});
  CHECK(found("\u4E2D\u4E2D\u4E2D", {0, 5, 9}) == Rows{0, 3, 1, 0});
  CHECK(found("a\xE4\xB8", {0, 3, 3}) == Rows{0, 1});
  CHECK(found("a\xE4\xB8\xFF\u00E9\x80", {0, 3, 4, 6, 7}) == Rows{0, 1, 1, 0, 3, 0});
  CHECK(found("", {0, 0, 0}) == Rows{});
  CHECK(ill_formed_documents(DocumentList(std::vector<DocumentView>{})).empty());
  CHECK(ill_formed_documents(list_of({"", "\x80", "\u00E9", "b\xC3"})) == Rows{1, 0, 3, 1});
}
