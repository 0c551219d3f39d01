// Token ids of a stored type into the type that a batch has.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "windows/tokens.hpp"

namespace bytestride {

// For the ids of `tokens`, which need not be aligned: memcpy compiles to one (vector) load.
template <typename Token>
Token token_at(const unsigned char* tokens, std::int64_t i) {
  Token token;
  std::memcpy(&token, tokens + i * std::int64_t{sizeof(Token)}, sizeof token);
  return token;
}

// Stored uint32 into int32 is checked, of all ids at once: InvalidArgument for one of 2^31 or more.
// No other type is narrowed (gather.hpp).
template <typename Token, typename Out>
void check_all(Token ored) {
  if constexpr (std::is_same_v<Token, std::uint32_t> && std::is_same_v<Out, std::int32_t>) {
    if (ored >> 31 != 0) {
      throw InvalidArgument("an id of 2**31 or more does not fit int32; ask for int64");
    }
  }
}

// Converts n ids.
template <typename Token, typename Out>
void widen(const unsigned char* tokens, std::int64_t n, Out* __restrict out) {
  if constexpr (std::is_same_v<Token, Out>) {
    std::memcpy(out, tokens, static_cast<std::size_t>(n) * sizeof(Out));
    return;
  }
  Token ored = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto token = token_at<Token>(tokens, i);
    out[i] = static_cast<Out>(token);
    if constexpr (std::is_same_v<Out, std::int32_t>) ored |= token;
  }
  check_all<Token, Out>(ored);
}

// Converts n ids to x, and the n from the second on to y. In one loop: two take 6% longer.
template <typename Token, typename Out>
void widen_pair(const unsigned char* tokens, std::int64_t n, Out* __restrict x, Out* __restrict y) {
  Token ored = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto token = token_at<Token>(tokens, i);
    const auto next = token_at<Token>(tokens, i + 1);
    x[i] = static_cast<Out>(token);
    y[i] = static_cast<Out>(next);
    if constexpr (std::is_same_v<Out, std::int32_t>) ored |= token | next;
  }
  check_all<Token, Out>(ored);
}

// Calls body(a value of the type).
template <typename Body>
void with_type(TokenType type, Body&& body) {
  switch (type) {
    case TokenType::kUint8:
      return body(std::uint8_t{});
    case TokenType::kUint16:
      return body(std::uint16_t{});
    case TokenType::kUint32:
      return body(std::uint32_t{});
    case TokenType::kInt32:
      return body(std::int32_t{});
  }
}

}  // namespace bytestride
