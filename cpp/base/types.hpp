// The words of the engine: a token id, a pair of them, and views over bytes that somebody else
// owns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bytestride {

// Keys and packed ids are read from bytes as numbers.
static_assert(std::endian::native == std::endian::little,
              "bytestride needs a little-endian machine");

using TokenId = std::uint32_t;

// Not an id: at most 2^32 - 2 tokens are ever addressed.
inline constexpr TokenId kNoToken = 0xFFFFFFFFu;

// Bytes are held in string_view: its operations are what we need, and its elements are never text.
using ByteSpan = std::string_view;

struct Pair {
  TokenId left;
  TokenId right;

  friend bool operator==(const Pair&, const Pair&) = default;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

// One key per pair, ordered like the pair.
constexpr std::uint64_t pair_key(TokenId left, TokenId right) {
  return (std::uint64_t{left} << 32) | right;
}

}  // namespace bytestride
