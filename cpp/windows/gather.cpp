#include "windows/gather.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace bytestride {

ShardedTokens::ShardedTokens(std::vector<TokenShard> shards) : shards_(std::move(shards)) {
  offsets_.reserve(shards_.size() + 1);
  offsets_.push_back(0);
  for (const TokenShard& shard : shards_) {
    if (shard.n_tokens > std::numeric_limits<std::int64_t>::max() - offsets_.back()) {
      throw InvalidArgument("the shards hold more tokens than fit in 63 bits");
    }
    offsets_.push_back(offsets_.back() + shard.n_tokens);
  }
}

std::size_t ShardedTokens::shard_at(std::int64_t position) const {
  // The first end beyond the position: empty shards end where they begin and are never chosen.
  const auto end = std::upper_bound(offsets_.begin() + 1, offsets_.end(), position);
  return static_cast<std::size_t>(end - offsets_.begin()) - 1;
}

namespace {

// memcpy, because a caller's buffer may be unaligned; it compiles to one (vector) load.
template <typename Token>
std::int64_t load(const unsigned char* tokens, std::int64_t i) {
  Token token;
  std::memcpy(&token, tokens + i * std::int64_t{sizeof(Token)}, sizeof token);
  return static_cast<std::int64_t>(token);
}

// x and y of one row that lies in one shard.
template <typename Token>
void widen_row(const unsigned char* tokens, std::int64_t max_length, std::int64_t* __restrict x,
               std::int64_t* __restrict y) {
  x[0] = load<Token>(tokens, 0);
  for (std::int64_t i = 1; i < max_length; ++i) {
    const std::int64_t token = load<Token>(tokens, i);
    x[i] = token;
    y[i - 1] = token;
  }
  y[max_length - 1] = load<Token>(tokens, max_length);
}

template <typename Token>
void widen(const unsigned char* tokens, std::int64_t n, std::int64_t* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = load<Token>(tokens, i);
}

// Calls body(a value of the shard's type, pointer to the token at this index of the shard).
template <typename Body>
void with_type(const TokenShard& shard, std::int64_t index, Body&& body) {
  const auto* bytes = static_cast<const unsigned char*>(shard.data);
  const auto call = [&](auto type) {
    body(type, bytes + index * static_cast<std::int64_t>(sizeof type));
  };
  switch (shard.type) {
    case TokenType::kUint8:
      return call(std::uint8_t{});
    case TokenType::kUint16:
      return call(std::uint16_t{});
    case TokenType::kUint32:
      return call(std::uint32_t{});
    case TokenType::kInt32:
      return call(std::int32_t{});
  }
}

// n tokens from a global position on, over as many shards as they take.
void widen_across(const ShardedTokens& tokens, std::int64_t position, std::int64_t n,
                  std::int64_t* out) {
  for (std::size_t i = tokens.shard_at(position); n > 0; ++i) {
    const std::int64_t here = std::min(n, tokens.end(i) - position);
    with_type(tokens.shard(i), position - tokens.begin(i),
              [&](auto type, const unsigned char* p) { widen<decltype(type)>(p, here, out); });
    position += here;
    out += here;
    n -= here;
  }
}

void check_starts(const ShardedTokens& tokens, const std::int64_t* starts, std::size_t n_starts,
                  std::int64_t max_length) {
  if (max_length < 1) {
    throw InvalidArgument("max_length must be at least 1, found " + std::to_string(max_length));
  }
  // One below zero where no window fits at all; the subtraction cannot overflow.
  const std::int64_t last = std::max<std::int64_t>(tokens.n_tokens() - 1 - max_length, -1);
  for (std::size_t row = 0; row < n_starts; ++row) {
    if (starts[row] >= 0 && starts[row] <= last) continue;
    throw InvalidArgument("start " + std::to_string(starts[row]) + " of row " +
                          std::to_string(row) + " is out of range: with max_length " +
                          std::to_string(max_length) + " a row takes that many tokens and one " +
                          "more, and there are " + std::to_string(tokens.n_tokens()));
  }
}

}  // namespace

void gather(const ShardedTokens& tokens, const std::int64_t* starts, std::size_t n_starts,
            std::int64_t max_length, std::int64_t* out_x, std::int64_t* out_y) {
  check_starts(tokens, starts, n_starts, max_length);
  for (std::size_t row = 0; row < n_starts; ++row, out_x += max_length, out_y += max_length) {
    const std::int64_t start = starts[row];
    const std::size_t i = tokens.shard_at(start);
    if (start + max_length < tokens.end(i)) {
      with_type(tokens.shard(i), start - tokens.begin(i), [&](auto type, const unsigned char* p) {
        widen_row<decltype(type)>(p, max_length, out_x, out_y);
      });
    } else {
      widen_across(tokens, start, max_length, out_x);
      widen_across(tokens, start + 1, max_length, out_y);
    }
  }
}

}  // namespace bytestride
