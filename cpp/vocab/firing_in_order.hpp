// The firing merges of the usual vocabulary, in which every token is made from tokens that are made
// before it: then the pairs found so far are all that can fire inside the next token.
//
// Exact or nothing. For rows, the rows of one product must stand together; a token of the rows that
// is not made by the pairs found before and one of its own rows is not of that kind. Why it is
// exact: merging a token's bytes, a pair that was not found is either of an earlier product and
// never fires (firing.hpp), or joins the token's own two parts, or ranks above all that were found;
// so it is never the next merge while one that was found is left. Where none is left and there are
// more than two parts, there is no answer here.
// Cost: linear in the bytes of the tokens, but for those above 48 bytes (merge_symbols).
#pragma once

#include <optional>
#include <span>

#include "vocab/firing.hpp"

namespace bytestride {

// Precondition, as for firing_of_rows: all 256 bytes have a token.
std::optional<FiringMerges> firing_of_rows_in_order(const TokenTable& tokens,
                                                    std::span<const Pair> merges,
                                                    std::span<const std::uint32_t> products);
std::optional<FiringMerges> firing_of_ranks_in_order(const TokenTable& tokens);

}  // namespace bytestride
