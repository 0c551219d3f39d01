#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "documents/separators.hpp"
#include "encode/batch_encoder.hpp"
#include "engines.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<std::string> texts_of_many_sizes() {
  std::vector<std::string> texts = {"", "abc de", std::string(3'000'000, 'a')};
  std::string lines;
  while (lines.size() < 5'000'000) lines += "abc de abc.\nabcde";
  texts.push_back(lines);
  texts.resize(texts.size() + 50, "de abc");
  return texts;
}

}  // namespace

TEST_CASE("counts and ids in a caller's buffer are those of the batch") {
  Encoder encoder = make_encoder("gpt2");
  const std::vector<std::string> texts = texts_of_many_sizes();
  const DocumentList documents = list_of(texts);
  const auto batch = encode_batch<std::uint32_t>(encoder, documents, ordinary(encoder), 1);
  for (const std::size_t n_threads : {1, 2, 5}) {
    CAPTURE(n_threads);
    const auto counts = count_batch(encoder, documents, ordinary(encoder), n_threads);
    REQUIRE(counts.size() == texts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      CHECK(counts[i] == batch.offsets[i + 1] - batch.offsets[i]);
    }
    std::vector<std::uint16_t> out(batch.n_tokens + 3, 7);
    const auto offsets = encode_batch_into<std::uint16_t>(encoder, documents, ordinary(encoder),
                                                          n_threads, std::span(out));
    CHECK(offsets == batch.offsets);
    CHECK(std::equal(out.begin(), out.end() - 3, batch.tokens.data()));
    CHECK(out.back() == 7);
    std::vector<std::uint32_t> short_of_one(batch.n_tokens - 1);
    CHECK_THROWS_WITH_AS(encode_batch_into<std::uint32_t>(encoder, documents, ordinary(encoder),
                                                          n_threads, std::span(short_of_one)),
                         doctest::Contains("they have at most"), InvalidArgument);
  }
}

TEST_CASE("no documents") {
  Encoder encoder = make_encoder("gpt2");
  const DocumentList none = list_of({});
  CHECK(count_batch(encoder, none, ordinary(encoder), 2).empty());
  CHECK(encode_batch_into<std::uint32_t>(encoder, none, ordinary(encoder), 2, {}) ==
        std::vector<std::int64_t>{0});
}

TEST_CASE("a separator ends a document") {
  using Spans = std::vector<std::int64_t>;
  CHECK(cut_at_separators("", "x").empty());
  CHECK(cut_at_separators("abxxc", "xx") == Spans{0, 2, 4, 5});
  CHECK(cut_at_separators("abxxcxx", "xx") == Spans{0, 2, 4, 5});
  CHECK(cut_at_separators("xxxxa", "xx") == Spans{0, 0, 2, 2, 4, 5});
  CHECK(cut_at_separators("xxx", "xx") == Spans{0, 0, 2, 3});
  CHECK(cut_at_separators("ab", "abc") == Spans{0, 2});
}
