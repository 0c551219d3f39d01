#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "segment/added_tokens.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

AddedTokens tokens_of(const std::vector<std::string>& contents) {
  std::vector<AddedToken> tokens;
  for (const std::string& content : contents) {
    tokens.push_back({content, static_cast<TokenId>(1000 + tokens.size()), false});
  }
  return AddedTokens(tokens);
}

struct Found {
  std::size_t begin;
  std::size_t end;
  std::size_t index;

  friend bool operator==(const Found&, const Found&) = default;
};

std::vector<Found> find_all(const AddedTokens& tokens, ByteSpan text, const AddedTokenSet& wanted) {
  std::vector<Found> all;
  AddedTokens::Match match{};
  for (std::size_t from = 0; tokens.find(text, from, wanted, match); from = match.end) {
    all.push_back({match.begin, match.end, match.index});
  }
  return all;
}

// Every position, every token.
std::vector<Found> find_all_naively(const AddedTokens& tokens, ByteSpan text,
                                    const AddedTokenSet& wanted) {
  std::vector<Found> all;
  for (std::size_t i = 0; i < text.size();) {
    Found longest{i, i, 0};
    for (std::size_t index = 0; index < tokens.all().size(); ++index) {
      const std::string& content = tokens.all()[index].content;
      if (wanted.contains(index) && text.substr(i).starts_with(content) &&
          i + content.size() > longest.end) {
        longest = {i, i + content.size(), index};
      }
    }
    if (longest.end > i) all.push_back(longest);
    i = std::max(longest.end, i + 1);
  }
  return all;
}

}  // namespace

TEST_CASE("leftmost first, then longest, whatever the order they were given in") {
  const AddedTokens tokens = tokens_of({"<a>", "<a><b>", "<b><c>", "<"});
  AddedTokenSet all(tokens);
  for (std::size_t i = 0; i < 4; ++i) all.add(tokens, i);
  CHECK(find_all(tokens, "x<a><b><c>", all) == std::vector<Found>{{1, 7, 1}, {7, 8, 3}});
  CHECK(find_all(tokens, "<a><c>", all) == std::vector<Found>{{0, 3, 0}, {3, 4, 3}});
  AddedTokenSet some(tokens);
  some.add(tokens, 0);
  some.add(tokens, 2);
  CHECK(find_all(tokens, "x<a><b><c>", some) == std::vector<Found>{{1, 4, 0}, {4, 10, 2}});
  CHECK(find_all(tokens, "", all).empty());
}

TEST_CASE("a token that only begins at the end of the text is not there") {
  const AddedTokens tokens = tokens_of({"<|end|>"});
  AddedTokenSet all(tokens);
  all.add(tokens, 0);
  CHECK(find_all(tokens, "<|end|", all).empty());
  CHECK(find_all(tokens, "<|end|<|end|>", all) == std::vector<Found>{{6, 13, 0}});
}

TEST_CASE("searching equals trying every token at every position") {
  for_seeds(4000, [](Random& random) {
    std::vector<std::string> contents;
    const std::size_t n = random.below(6);
    while (contents.size() < n) {
      const std::string content = letters(random, "ab<\xFF", 1 + random.below(4));
      if (std::find(contents.begin(), contents.end(), content) == contents.end()) {
        contents.push_back(content);
      }
    }
    const AddedTokens tokens = tokens_of(contents);
    AddedTokenSet wanted(tokens);
    for (std::size_t i = 0; i < n; ++i) {
      if (!random.one_in(3)) wanted.add(tokens, i);
    }
    const std::string text = letters(random, "ab<\xFF", random.below(30));
    CHECK(find_all(tokens, text, wanted) == find_all_naively(tokens, text, wanted));
    for (std::size_t i = 0; i < n; ++i) CHECK(tokens.index_of(contents[i]) == i);
  });
}

TEST_CASE("index_of tells what is there") {
  const AddedTokens tokens = tokens_of({"abc", "ab"});
  CHECK(tokens.index_of("abc") == 0);
  CHECK(tokens.index_of("ab") == 1);
  for (const char* other : {"", "a", "abcd", "b"}) CHECK(tokens.index_of(other) == 2);
}

TEST_CASE("an empty or repeated text is an error that names it") {
  CHECK_THROWS_WITH_AS(tokens_of({"a", ""}), doctest::Contains("1001"), InvalidArgument);
  CHECK_THROWS_WITH_AS(tokens_of({"<x>", "a", "<x>"}), doctest::Contains("<x>"), InvalidArgument);
}

TEST_CASE("no tokens, no matches") {
  const AddedTokens tokens = tokens_of({});
  AddedTokens::Match match{};
  CHECK_FALSE(tokens.find("text", 0, AddedTokenSet(tokens), match));
  CHECK_FALSE(tokens.find("text", 0, AddedTokenSet(), match));
}

TEST_CASE("the next of a few or of many bytes, in texts longer than a block") {
  for_seeds(4000, [](Random& random) {
    const std::size_t n_bytes = random.below(14);
    std::string bytes;
    FirstBytes first;
    for (std::size_t i = 0; i < n_bytes; ++i) {
      bytes += static_cast<char>(random.below(256));
      first.add(bytes.back());
    }
    CHECK(first.empty() == bytes.empty());
    std::string text(random.below(300), 'x');
    for (std::size_t i = random.below(4); i > 0 && !text.empty() && !bytes.empty(); --i) {
      text[random.below(text.size())] = random.pick(bytes);
    }
    const std::size_t from = random.below(text.size() + 2);
    const std::size_t found = text.find_first_of(bytes, from);
    CHECK(first.next(text, from) == (found == std::string::npos ? text.size() : found));
  });
}

TEST_CASE("flags: white space that is taken, words that are not single, two rounds") {
  const AddedTokens tokens({{"<l>", 0, false, true, false, false, false},
                            {"<r>", 1, false, false, true, false, false},
                            {"ab", 2, false, false, false, true, false},
                            {"e\u0301", 3, false, false, false, false, true}});
  const AddedTokens nfc = tokens.for_nfc();
  CHECK(tokens.matched(3) == "e\u0301");
  CHECK(nfc.matched(3) == "\u00E9");
  CHECK(nfc.matched(0) == "<l>");
  AddedTokenSet all(nfc);
  CHECK_FALSE(all.has_normalized());
  for (std::size_t i = 0; i < 4; ++i) all.add(nfc, i);
  CHECK(all.has_normalized());
  const auto parts = [&](ByteSpan text, Round round) {
    std::string out;
    nfc.segment(
        text, all, round, [&](ByteSpan part) { out.append("(").append(part).append(")"); },
        [&](const AddedTokens::Match& match) { out += std::to_string(nfc.all()[match.index].id); });
    return out;
  };
  CHECK(parts("x \u3000<l> y", Round::raw) == "(x)0( y)");
  CHECK(parts("<r> \n<l>", Round::raw) == "10");
  CHECK(parts("<r>\x85<r>\u0085", Round::raw) == "1(\x85)1");
  CHECK(parts("ab xab ab_", Round::raw) == "2( xab ab_)");
  CHECK(parts("\u00E9<l>e\u0301", Round::raw) == "(\u00E9)0(e\u0301)");
  CHECK(parts("\u00E9<l>e\u0301", Round::normalised) == "3(<l>e\u0301)");
  CHECK(parts("", Round::raw).empty());
}

TEST_CASE("two texts with one normal form are an error that names both") {
  const AddedTokens tokens({{"\u2126", 0, false, false, false, false, true},
                            {"\u03A9", 1, false, false, false, false, true}});
  CHECK_THROWS_WITH_AS(tokens.for_nfc(), doctest::Contains("once normalised"), InvalidArgument);
}
