#include <doctest/doctest.h>

#include <string>

#include "support.hpp"
#include "vocab/model_text.hpp"
#include "vocab/rank_lines.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// A copy whose end is the end of its memory, so that reading beyond it is seen by the sanitizer.
template <typename Read>
void read_exactly(const std::string& text, const Read& read) {
  const std::vector<char> copy(text.begin(), text.end());
  read(ByteSpan(copy.data(), copy.size()));
}

std::string damaged(Random& random, std::string text, std::string_view inserted) {
  for (std::size_t i = random.below(4); i > 0; --i) {
    const std::size_t at = random.below(text.size() + 1);
    text.erase(at, random.below(3));
    if (random.one_in(2)) text.insert(std::min(at, text.size()), 1, random.pick(inserted));
    if (random.one_in(6)) text.resize(random.below(text.size() + 1));
  }
  return text;
}

const std::string kModel =
    R"({"a": ["}", {"b": "\""}], "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2,)"
    R"( "\u0120": 3, "Ġa": 4, "x y": 5, "\"\\": 6}, "merges": ["a b", "Ġ a"]}, "c": 1.5e3})";

}  // namespace

TEST_CASE("the model of a document is read from its text") {
  const auto model = read_model_text(kModel);
  REQUIRE(model);
  CHECK(model->tokens->size() == 6);
  CHECK(model->tokens->bytes(model->tokens->row_of(TokenId{4})) == " a");
  CHECK(model->tokens->bytes(model->tokens->row_of(TokenId{6})) == "\"\\");
  CHECK(model->pairs == std::vector<Pair>{{0, 1}, {3, 0}});
  REQUIRE(model->other_keys.size() == 1);
  const auto [text, id] = model->other_keys[0];
  CHECK(kModel.substr(text.begin, text.end - text.begin) == "\"x y\"");
  CHECK(id == 5);
  CHECK(kModel.substr(model->merges.begin, model->merges.end - model->merges.begin) ==
        R"(["a b", "Ġ a"])");
  CHECK(kModel[model->vocab.begin] == '{');
  CHECK(kModel[model->vocab.end - 1] == '}');
}

TEST_CASE("damaged documents are read within their bounds, and answered") {
  std::size_t n_read = 0, n_refused = 0;
  for_seeds(20000, [&](Random& random) {
    read_exactly(damaged(random, kModel, "\"\\{}[],: \n0u\xC4\xFFz"), [&](ByteSpan text) {
      const auto model = read_model_text(text);
      ++(model ? n_read : n_refused);
      if (!model) return;
      CHECK(model->vocab.end <= model->merges.begin);
      CHECK(model->merges.end <= text.size());
    });
  });
  CHECK(n_read > 1000);
  CHECK(n_refused > 1000);
}

TEST_CASE("lines of ranks are read within their bounds, and answered") {
  CHECK(read_rank_lines("YWI= 5\nYQ== 0\nYWJj 2147483647")->bytes == "abaabc");
  CHECK_FALSE(read_rank_lines("YWI= 2147483648\n"));
  CHECK_FALSE(read_rank_lines("YWI 5\n"));
  CHECK_FALSE(read_rank_lines("YWI= 5 \n"));
  CHECK_FALSE(read_rank_lines("YWI=  5\n"));
  CHECK_FALSE(read_rank_lines("YWI= 5\r\n"));
  std::size_t n_read = 0, n_refused = 0;
  for_seeds(20000, [&](Random& random) {
    const std::string text = "YWI= 5\nYQ== 10\nYWJjZA== 2147483647\nYWJj 77\n";
    read_exactly(damaged(random, text, "=A \n5+\xFF"),
                 [&](ByteSpan lines) { ++(read_rank_lines(lines) ? n_read : n_refused); });
  });
  CHECK(n_read > 1000);
  CHECK(n_refused > 1000);
}
