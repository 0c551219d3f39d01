// The firing merges of the usual vocabulary, in which a token is made from tokens that are made
// before it: then the pairs found so far are all that can fire inside the next token.
//
// Why it is exact: a pair that was not found is of an earlier product and never fires (firing.hpp),
// or joins the product's own two parts, or ranks above all that were found. So merging a product's
// bytes, it is never next while a pair that was found is left. A product with a part that is made
// after it (Llama 3 has some) is passed over at first: rounds look again at these, and at all that
// have one of them inside, until each product's pair is what merging under the pairs of all gives.
// Only one set of pairs is like that, as a pair depends on those of shorter tokens alone. Nothing
// where the rows of a product do not stand together, or rounds do not come to an end soon.
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
