// The batch gather: rows of a token stream that lies in one or more shards, widened to int64, as
// model inputs x and next-token targets y.
//
// ShardedTokens is a view: the caller owns the shards' memory and keeps it alive and in place. A
// shard may hold any of four integer types and need not be aligned. A gather reads each token once
// and writes it twice; a row inside one shard, nearly every row, is one vectorised loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bytestride {

enum class TokenType : std::uint8_t { kUint8, kUint16, kUint32, kInt32 };

struct TokenShard {
  const void* data;
  TokenType type;
  std::int64_t n_tokens;
};

class ShardedTokens {
 public:
  // Throws InvalidArgument where the shards' tokens cannot be counted in int64.
  explicit ShardedTokens(std::vector<TokenShard> shards);

  std::int64_t n_tokens() const { return offsets_.back(); }
  const TokenShard& shard(std::size_t i) const { return shards_[i]; }
  // Global positions of shard i: from begin(i) up to, not including, end(i).
  std::int64_t begin(std::size_t i) const { return offsets_[i]; }
  std::int64_t end(std::size_t i) const { return offsets_[i + 1]; }
  // The shard that holds a position, in O(log shards). Precondition: 0 <= position < n_tokens().
  std::size_t shard_at(std::int64_t position) const;

 private:
  std::vector<TokenShard> shards_;
  std::vector<std::int64_t> offsets_;
};

// For each start s, row r of out_x becomes tokens[s .. s + max_length) and row r of out_y the same
// shifted by one. Every start is checked before anything is written: InvalidArgument names the
// first that does not fit. The outputs are n_starts * max_length each, overlap nothing, and
// `starts` must not change meanwhile.
void gather(const ShardedTokens& tokens, const std::int64_t* starts, std::size_t n_starts,
            std::int64_t max_length, std::int64_t* out_x, std::int64_t* out_y);

}  // namespace bytestride
