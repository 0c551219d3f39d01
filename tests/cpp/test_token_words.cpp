#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "encode/token_words.hpp"
#include "engines.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// Each pretoken, or added token, encoded for itself.
std::vector<std::uint32_t> words_one_by_one(const Encoder& encoder, const std::string& text,
                                            const AddedTokenSet& wanted) {
  static const AddedTokenSet none;
  std::vector<std::uint32_t> words;
  std::uint32_t word = 0;
  SplitScratch scratch;
  encoder.splitter().split(
      text, wanted, scratch,
      [&](const SpanBatch& spans) {
        std::uint32_t begin = 0;
        for (std::size_t i = 0; i < spans.n; begin = spans.ends[i++], ++word) {
          const ByteSpan piece(spans.base + begin, spans.ends[i] - begin);
          words.insert(words.end(), encode_alone(encoder, piece, {none, none}).size(), word);
        }
      },
      [&](TokenId) { words.push_back(word++); });
  return words;
}

const std::string kParts[] = {"ab", "abc", " ab", "<x>", "\n", " ", "abcab", "\u00E9", "e\u0301"};

}  // namespace

TEST_CASE("the tokens of each pretoken have its number") {
  for (const bool normalises : {false, true}) {
    const Encoder encoder = make_encoder("gpt2", {{"<x>", 300, false}}, normalises);
    const AddedTokenSet& wanted = encoder.splitter().always_wanted();
    static const AddedTokenSet none;
    std::mt19937 random(5);
    for (int round = 0; round < 500; ++round) {
      std::string text;
      for (std::size_t i = random() % 9; i-- > 0;) text += kParts[random() % std::size(kParts)];
      CAPTURE(text);
      const auto ids = encode_alone(encoder, ByteSpan(text), {wanted, none});
      const auto words = token_words(encoder, text, wanted, ids);
      CHECK(words == words_one_by_one(encoder, text, wanted));
      CHECK(words.size() == ids.size());
    }
  }
}
