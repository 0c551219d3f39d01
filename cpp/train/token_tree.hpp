// What the symbols of a training run are made of: symbol 0 to 255 is that byte, each later one the
// two that were joined.
//
// Symbols are numbered as they are made, whatever ids their tokens get, so that arrays by symbol
// stay dense. No bytes are kept, only sizes: in a text of one long word the bytes of all its tokens
// together grow with the square of its length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

using Symbol = std::uint32_t;

class TokenTree {
 public:
  TokenTree();

  std::size_t size() const { return n_bytes_.size(); }
  const std::vector<std::uint32_t>& n_bytes() const { return n_bytes_; }

  // The new symbol. Precondition: together they have less than 4 GiB.
  Symbol join(Symbol left, Symbol right);

  std::string bytes(Symbol symbol) const;
  // The first eight bytes as a number that is ordered as they are; zeros where there are fewer.
  std::uint64_t prefix(Symbol symbol) const { return prefixes_[symbol]; }
  // Whether its bytes come first in the order of bytes. Precondition: different symbols have
  // different bytes. What both have in common as whole symbols is not looked into.
  bool less(Symbol a, Symbol b) const;

 private:
  std::vector<std::uint32_t> n_bytes_;
  std::vector<std::uint64_t> prefixes_;
  std::vector<Pair> parts_;  // of symbols; of those that are bytes nothing
};

}  // namespace bytestride
