// A vocabulary: the bytes of each token, and the pairs that merge. Immutable and shared.
//
// Merges come from either rule:
//   merges given (Hugging Face): a pair's rank is its row, its product the token whose bytes are
//     those of both parts;
//   no merges (tiktoken): adjacent parts merge when their bytes are a token, the lowest id first.
// Either way one pair per token can ever fire. No merge crosses the ends of two symbols that stand
// side by side, so they went through the states that their bytes go through alone; the last state
// before the token is the pair. The table keeps that pair and no other: |vocabulary| entries at
// most. A token without one is unreachable: merging never makes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "vocab/pair_table.hpp"
#include "vocab/token_index.hpp"

namespace bytestride {

// Ids lie below this, so that tables by id stay small.
inline constexpr TokenId kMaxTokenId = (TokenId{1} << 24) - 1;

class Vocab {
 public:
  // Token i has id ids[i] and the bytes [offsets[i], offsets[i + 1]) of `bytes`. Throws
  // InvalidArgument for what is no vocabulary: an id or token given twice, an empty token, a byte
  // without a token, a merge of unknown tokens or whose product is no token.
  Vocab(std::string bytes, std::span<const std::int64_t> offsets, std::span<const TokenId> ids,
        std::optional<std::span<const Pair>> merges);

  std::size_t n_tokens() const { return n_tokens_; }
  TokenId max_id() const { return static_cast<TokenId>(tokens_.size() - 1); }
  bool has(TokenId id) const { return id < tokens_.size() && tokens_[id].length != 0; }
  // Precondition: has(id).
  ByteSpan token_bytes(TokenId id) const {
    return {bytes_.data() + tokens_[id].begin, tokens_[id].length};
  }
  // kNoToken where no token has these bytes.
  TokenId id_of(ByteSpan bytes) const {
    return index_.find(bytes, [this](TokenId id) { return token_bytes(id); });
  }
  // The same in two steps (TokenIndex).
  std::uint64_t index_hash(ByteSpan bytes) const { return index_.hash(bytes); }
  void prefetch_index(std::uint64_t hash) const { index_.prefetch(hash); }
  TokenId id_of(ByteSpan bytes, std::uint64_t hash) const {
    return index_.find(bytes, hash, [this](TokenId id) { return token_bytes(id); });
  }
  TokenId byte_id(unsigned char byte) const { return byte_ids_[byte]; }
  const PairTable& pairs() const { return pairs_; }

  struct FiringMerge {
    Pair pair;
    TokenId product;
  };
  // The merges that can fire, in rank order.
  const std::vector<FiringMerge>& merges() const { return merges_; }
  // Tokens of two bytes or more that merging never makes, ascending.
  const std::vector<TokenId>& unreachable() const { return unreachable_; }
  // Whether merges come in the order of their products' ids.
  bool ranks_are_ids() const { return ranks_are_ids_; }

 private:
  struct Token {
    std::uint64_t begin;
    std::uint32_t length;  // 0: no token has this id
  };
  struct Firing {
    std::uint32_t rank;
    FiringMerge merge;
  };

  void index_tokens(std::span<const std::int64_t> offsets, std::span<const TokenId> ids);
  // The ids of a token's bytes.
  void spell(TokenId id, std::vector<TokenId>& symbols) const;
  PairTable table_of_rows(std::span<const Pair> merges) const;
  std::vector<Firing> firing_of_rows(const PairTable& rows);
  std::optional<std::vector<Firing>> firing_of_ranks_in_order();
  std::vector<Firing> firing_of_ranks();
  void keep(std::vector<Firing> firing);

  std::string bytes_;
  std::vector<Token> tokens_;
  std::size_t n_tokens_;
  TokenIndex index_;
  std::array<TokenId, 256> byte_ids_{};
  PairTable pairs_;
  std::vector<FiringMerge> merges_;
  std::vector<TokenId> unreachable_;
  bool ranks_are_ids_ = true;
};

}  // namespace bytestride
