// A stream of token ids that lies in one or more shards, each mapped into memory or read from an
// open file.
//
// ShardedTokens is a view: the caller owns the shards' memory and descriptors and keeps them alive
// and in place. A shard may hold any of four integer types and need not be aligned. A mapped file
// that shrinks would end the process when its pages are touched, so check_size is for calling
// before each batch; a shard that is read needs no such check: what is missing is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace bytestride {

enum class TokenType : std::uint8_t { kUint8, kUint16, kUint32, kInt32 };

std::size_t bytes_of(TokenType type);

struct TokenShard {
  const unsigned char* data;  // null: the shard is read from its file
  TokenType type;
  std::int64_t n_tokens;
  int descriptor = -1;           // -1: memory that is no file
  std::int64_t byte_offset = 0;  // of the first token in the file
};

// A file of a store is not what it was when it was opened.
struct ChangedFile : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws ChangedFile if the open file is smaller than n_bytes; `what` says which it is.
void check_file_size(int descriptor, std::int64_t n_bytes, const char* what, std::size_t shard);

class ShardedTokens {
 public:
  // Throws InvalidArgument where the shards' tokens cannot be counted in int64.
  explicit ShardedTokens(std::vector<TokenShard> shards);

  std::int64_t n_tokens() const { return offsets_.back(); }
  std::size_t n_shards() const { return shards_.size(); }
  const TokenShard& shard(std::size_t i) const { return shards_[i]; }
  // Global positions of shard i: from begin(i) up to, not including, end(i).
  std::int64_t begin(std::size_t i) const { return offsets_[i]; }
  std::int64_t end(std::size_t i) const { return offsets_[i + 1]; }
  // The shard that holds a position, in O(log shards). Precondition: 0 <= position < n_tokens().
  std::size_t shard_at(std::int64_t position) const;

  // Throws ChangedFile if the file of shard i no longer holds its tokens.
  void check_size(std::size_t i) const;

  // n tokens of shard i from its token `index` on: where they lie, or a copy of them in `scratch`
  // if the shard is read. Valid until the next call with the same scratch. Throws ChangedFile if
  // the file ends before.
  const unsigned char* at(std::size_t i, std::int64_t index, std::int64_t n,
                          std::vector<unsigned char>& scratch) const;

 private:
  std::vector<TokenShard> shards_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace bytestride
