// The firing merges of the usual vocabulary, in which a token is made from tokens that are made
// before it: then the pairs found so far are all that can fire inside the next token.
//
// Exact or nothing. Why it is exact: a pair that was not found is of an earlier product and never
// fires (firing.hpp), or joins the product's own two parts, or ranks above all that were found. So
// merging a product's bytes, it is never next while a pair that was found is left. Where none is
// left and the product is not made, only a pair found later could help: so it is tried again with
// all of them, and if it is made then, there is no answer here. One try is enough: of all products
// that were passed over wrongly, the shortest would be made, for no other stands inside it.
// Nor is there one where the rows of a product do not stand together.
// Cost: linear in the bytes of the tokens, but for those above 64 bytes (merge_symbols).
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
