// The two large members of a tokenizer.json, model.vocab and model.merges, straight from its text
// to tokens and pairs of ids, in one pass.
//
// Reads what the library writes and nothing odd: whatever else it meets, well formed or not, the
// answer is nothing, and who asked reads the document in another way. What it accepts is well
// formed between the two ranges that it gives; the text around them is not checked here, but for
// following its strings and brackets. Owns what it gives.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/types.hpp"
#include "vocab/token_table.hpp"

namespace bytestride {

struct ModelText {
  struct Range {
    std::size_t begin;
    std::size_t end;
  };
  // A key of the vocabulary that is no text of the ByteLevel alphabet: where it stands in the
  // document, with its quotes. It may be no well-formed string.
  struct OtherKey {
    Range text;
    TokenId id;
  };
  Range vocab;  // of the values in the document
  Range merges;
  std::shared_ptr<const TokenTable> tokens;  // the keys that are texts of the alphabet, as bytes
  std::vector<OtherKey> other_keys;
  std::vector<Pair> pairs;  // of ids, in the order of the merges
};

std::optional<ModelText> read_model_text(ByteSpan document);

}  // namespace bytestride
