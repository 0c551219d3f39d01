// What a trainer is defined by beside the words: the ids it starts from, which of equally frequent
// pairs goes first, and what it passes over.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

// Of pairs with the same count, the one that merges first.
enum class TieBreak : std::uint8_t {
  smaller_ids,    // the smaller (left id, right id): Hugging Face, rustbpe, bpeasy
  greater_bytes,  // the greater (left bytes, right bytes): CS336
  first_seen      // whose first occurrence stands first in the text: minbpe. Needs firsts.
};

struct MergeRules {
  std::array<TokenId, 256> base_ids{};  // of each byte; different, and below next_id
  TokenId next_id = 256;                // of the first new token
  TieBreak tie_break = TieBreak::smaller_ids;
  // Rarer pairs do not merge.
  std::uint64_t min_count = 1;
  // A pair that a merge makes is passed over unless its two tokens have fewer bytes than this
  // together, as in Hugging Face's max_token_length; a pair of bytes never is.
  std::size_t max_token_bytes = std::numeric_limits<std::size_t>::max();
  // Tokens there are, whose ids lie below next_id: a merge that makes one's bytes makes that token,
  // and no new one.
  std::vector<std::pair<std::string, TokenId>> existing;
};

}  // namespace bytestride
