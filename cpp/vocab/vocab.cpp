#include "vocab/vocab.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "vocab/firing_in_order.hpp"

namespace bytestride {
namespace {

FiringMerges firing_of(const TokenTable& tokens, std::optional<std::span<const Pair>> merges) {
  if (merges) {
    const std::vector<std::uint32_t> products = products_of(tokens, *merges);
    auto in_order = firing_of_rows_in_order(tokens, *merges, products);
    return in_order ? *std::move(in_order) : firing_of_rows(tokens, *merges, products);
  }
  auto in_order = firing_of_ranks_in_order(tokens);
  return in_order ? *std::move(in_order) : firing_of_ranks(tokens);
}

}  // namespace

Vocab::Vocab(std::shared_ptr<const TokenTable> tokens, std::optional<std::span<const Pair>> merges)
    : tokens_(std::move(tokens)) {
  if (n_tokens() == 0) throw InvalidArgument("a vocabulary needs tokens; this one has none");
  if (max_id() > kMaxTokenId) {
    throw InvalidArgument("token " + std::to_string(max_id()) + " is above the largest id, " +
                          std::to_string(kMaxTokenId));
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = id_of({&c, 1});
    if (byte_ids_[byte] == kNoToken) {
      throw InvalidArgument("no token is the single byte " + std::to_string(byte) +
                            "; a byte-level vocabulary has all 256");
    }
  }
  firing_ = firing_of(*tokens_, merges);
  ranks_are_ids_ = std::is_sorted(
      firing_.merges.begin(), firing_.merges.end(),
      [](const FiringMerge& a, const FiringMerge& b) { return a.product < b.product; });
}

}  // namespace bytestride
