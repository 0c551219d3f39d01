// Which pretoken each token of a text belongs to: derived by splitting the text once more; nothing
// is kept for it while encoding. Cost: that of a split; memory 4 bytes a token.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "encode/encoder.hpp"

namespace bytestride {

// For each id the number of its word: pretokens and added tokens are counted from 0 in the order of
// the text. `ids` are those that `encoder` gives for the text, which is well-formed UTF-8; `wanted`
// the added tokens that it looked for.
std::vector<std::uint32_t> token_words(const Encoder& encoder, ByteSpan text,
                                       const AddedTokenSet& wanted, std::span<const TokenId> ids);

}  // namespace bytestride
