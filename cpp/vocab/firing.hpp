// Which merges of a vocabulary can fire: one pair of tokens for each token that merging makes.
//
// Merges come from either rule:
//   rows given (Hugging Face): a pair's rank is its row, its product the token whose bytes are
//     those of both parts;
//   no rows (tiktoken): adjacent parts merge when their bytes are a token, the lowest id first.
// Either way one pair per token can ever fire. No merge crosses the ends of two symbols that stand
// side by side, so they went through the states that their bytes go through alone; the last state
// before the token is the pair. A token without one is unreachable: merging never makes it.
// firing_in_order.hpp finds the same for the usual vocabulary, several times faster.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.hpp"
#include "vocab/pair_table.hpp"
#include "vocab/token_table.hpp"

namespace bytestride {

struct FiringMerge {
  Pair pair;
  TokenId product;
};

struct FiringMerges {
  PairTable pairs;
  std::vector<FiringMerge> merges;     // in rank order
  std::vector<TokenId> unreachable{};  // tokens of two bytes or more, ascending
};

// The products, as rows of the table, of rows of merges. Throws InvalidArgument for a merge of
// unknown tokens or whose product is no token.
std::vector<std::uint32_t> products_of(const TokenTable& tokens, std::span<const Pair> merges);

// Any vocabulary that has all 256 bytes. `products` are those of the rows.
FiringMerges firing_of_rows(const TokenTable& tokens, std::span<const Pair> merges,
                            std::span<const std::uint32_t> products);
FiringMerges firing_of_ranks(const TokenTable& tokens);

}  // namespace bytestride
