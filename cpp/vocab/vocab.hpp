// A vocabulary: the bytes of each token, and the pairs that merge (firing.hpp says by which rules).
// Immutable and shared; the tokens may be shared with others.
//
// One pair per token can ever fire. The table keeps that pair and no other: |vocabulary| entries at
// most.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "vocab/firing.hpp"
#include "vocab/pair_table.hpp"
#include "vocab/token_table.hpp"

namespace bytestride {

// Ids lie below this, so that tables by id stay small.
inline constexpr TokenId kMaxTokenId = (TokenId{1} << 24) - 1;

class Vocab {
 public:
  using FiringMerge = bytestride::FiringMerge;

  // Throws InvalidArgument for what is no vocabulary: no token at all, an id above kMaxTokenId, a
  // byte without a token, a merge of unknown tokens or whose product is no token.
  Vocab(std::shared_ptr<const TokenTable> tokens, std::optional<std::span<const Pair>> merges);
  // From the arguments of a TokenTable, whose errors it throws too.
  Vocab(std::string bytes, std::span<const std::int64_t> offsets, std::span<const TokenId> ids,
        std::optional<std::span<const Pair>> merges)
      : Vocab(std::make_shared<const TokenTable>(std::move(bytes), offsets, ids), merges) {}

  const TokenTable& tokens() const { return *tokens_; }
  std::size_t n_tokens() const { return tokens_->size(); }
  TokenId max_id() const { return tokens_->id(static_cast<std::uint32_t>(n_tokens() - 1)); }
  bool has(TokenId id) const { return tokens_->row_of(id) != kNoRow; }
  // Precondition: has(id).
  ByteSpan token_bytes(TokenId id) const { return tokens_->bytes(tokens_->row_of(id)); }
  // kNoToken where no token has these bytes.
  TokenId id_of(ByteSpan bytes) const {
    const std::uint32_t row = tokens_->row_of(bytes);
    return row == kNoRow ? kNoToken : tokens_->id(row);
  }
  TokenId byte_id(unsigned char byte) const { return byte_ids_[byte]; }
  const PairTable& pairs() const { return firing_.pairs; }

  // The merges that can fire, in rank order.
  const std::vector<FiringMerge>& merges() const { return firing_.merges; }
  // Tokens of two bytes or more that merging never makes, ascending.
  const std::vector<TokenId>& unreachable() const { return firing_.unreachable; }
  // Whether merges come in the order of their products' ids.
  bool ranks_are_ids() const { return ranks_are_ids_; }

 private:
  std::shared_ptr<const TokenTable> tokens_;
  std::array<TokenId, 256> byte_ids_{};
  FiringMerges firing_;
  bool ranks_are_ids_;
};

}  // namespace bytestride
