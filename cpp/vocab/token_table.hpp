// The tokens of a vocabulary: bytes and ids, each once, found by either. Immutable and shared.
//
// Row r is the token of the r-th smallest id; ids may have holes. Memory for n tokens: their bytes,
// 16 bytes a row, and an index of 16 to 32 bytes a token.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "vocab/token_index.hpp"

namespace bytestride {

// Ids fit int32, the widest type that token stores and trainers share.
inline constexpr TokenId kMaxListedId = 0x7FFFFFFFu;

// Tokens in any order, as a reader of files finds them.
struct TokenList {
  struct Token {
    std::uint64_t begin;  // in `bytes`
    std::uint32_t length;
    TokenId id;
  };
  std::string bytes;
  std::vector<Token> tokens;
};

class TokenTable {
 public:
  // Throws InvalidArgument for an id or token given twice and for an empty token.
  // Precondition: every token lies in the bytes, and its id is at most kMaxListedId.
  explicit TokenTable(TokenList list);
  // Token i has id ids[i] and the bytes [offsets[i], offsets[i + 1]) of `bytes`. Throws
  // InvalidArgument, also for offsets that leave the bytes.
  TokenTable(std::string bytes, std::span<const std::int64_t> offsets,
             std::span<const TokenId> ids);

  std::size_t size() const { return list_.tokens.size(); }
  TokenId id(std::uint32_t row) const { return list_.tokens[row].id; }
  ByteSpan bytes(std::uint32_t row) const {
    const TokenList::Token& token = list_.tokens[row];
    return {list_.bytes.data() + token.begin, token.length};
  }

  // kNoRow where no token has this id. A row lies below its id by no more than there are holes:
  // without holes it is the id.
  std::uint32_t row_of(TokenId id) const {
    const std::vector<TokenList::Token>& rows = list_.tokens;
    std::size_t low = id > n_holes_ ? id - n_holes_ : 0;
    std::size_t high = std::min<std::size_t>(std::size_t{id} + 1, rows.size());
    while (low + 1 < high) {
      const std::size_t middle = (low + high) / 2;
      (rows[middle].id <= id ? low : high) = middle;
    }
    return low < high && rows[low].id == id ? static_cast<std::uint32_t>(low) : kNoRow;
  }

  // kNoRow where no token has these bytes.
  std::uint32_t row_of(ByteSpan bytes) const {
    return index_.find(bytes, index_.hash(bytes),
                       [this](std::uint32_t row) { return this->bytes(row); });
  }
  // The same for many at one time, which wait for memory together.
  void rows_of(std::span<const ByteSpan> words, std::span<std::uint32_t> rows) const;

  // The tokens but for those with these ids.
  TokenTable without(std::span<const TokenId> ids) const;

 private:
  void index_rows();

  TokenList list_;  // ascending ids
  std::size_t n_holes_ = 0;
  TokenIndex index_;
};

}  // namespace bytestride
