// The text of a .tiktoken file: one line a token, its bytes in base64, a space, its rank.
#pragma once

#include <optional>

#include "base/types.hpp"
#include "vocab/token_table.hpp"

namespace bytestride {

// The tokens of a text laid out as tiktoken lays it out: lines that end in "\n" (the last may end
// the text), one space, whole groups of base64, plain digits up to kMaxListedId. Nothing for any
// other text, well formed or not. One pass.
std::optional<TokenList> read_rank_lines(ByteSpan text);

}  // namespace bytestride
