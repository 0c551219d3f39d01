// Token ids of a stored type into the type that a batch has.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "windows/tokens.hpp"

namespace bytestride {

// Converts n ids; `tokens` need not be aligned. Stored uint32 into int32 is checked:
// InvalidArgument for an id of 2^31 or more. Any other narrowing is refused before (holds_all).
template <typename Token, typename Out>
void widen(const unsigned char* tokens, std::int64_t n, Out* __restrict out) {
  if constexpr (std::is_same_v<Token, Out>) {
    std::memcpy(out, tokens, static_cast<std::size_t>(n) * sizeof(Out));
    return;
  }
  Token seen = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    Token token;  // memcpy compiles to one (vector) load
    std::memcpy(&token, tokens + i * std::int64_t{sizeof(Token)}, sizeof token);
    out[i] = static_cast<Out>(token);
    if constexpr (std::is_same_v<Out, std::int32_t>) seen |= token;
  }
  if constexpr (std::is_same_v<Token, std::uint32_t> && std::is_same_v<Out, std::int32_t>) {
    if (seen >> 31 != 0) {
      throw InvalidArgument("an id of 2**31 or more does not fit int32; ask for int64");
    }
  }
}

template <typename Out>
void widen_from(TokenType type, const unsigned char* tokens, std::int64_t n, Out* out) {
  switch (type) {
    case TokenType::kUint8:
      return widen<std::uint8_t>(tokens, n, out);
    case TokenType::kUint16:
      return widen<std::uint16_t>(tokens, n, out);
    case TokenType::kUint32:
      return widen<std::uint32_t>(tokens, n, out);
    case TokenType::kInt32:
      return widen<std::int32_t>(tokens, n, out);
  }
}

// Whether every id that the stored type can hold is one of Out, given that ids are not negative.
template <typename Out>
bool holds_all(TokenType type) {
  return sizeof(Out) >= bytes_of(type);
}

}  // namespace bytestride
