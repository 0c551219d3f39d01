// A seeded permutation of 0 .. n - 1 that is computed, not stored: one number at a time, O(1).
//
// n is laid out as a rectangle of about sqrt(n) by sqrt(n) cells. Each of six Feistel rounds moves
// a coordinate on by a hash of the other, modulo its side, which can be undone and so is one-to-one
// on the rectangle; a number that lands outside n goes through again (cycle walking), which the
// near fit makes rare: fewer than 1 in sqrt(n). The hash is a product of two numbers that both
// depend on the coordinate, folded: with a constant for one of them it is nearly linear, and the
// differences of neighbours then fall into few values (chi-square of 64 classes up to 17 deviations
// off). On a few cells such rounds are far from random, so up to kListed numbers are shuffled in a
// list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bytestride {

// Spreads a number over 64 bits (splitmix64's finaliser, Steele et al. 2014).
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Permutation {
 public:
  Permutation() = default;
  // Precondition: 1 <= n <= 2^62.
  Permutation(std::uint64_t n, std::uint64_t key);

  std::uint64_t size() const { return n_; }

  // Where i goes. Precondition: i < size().
  std::uint64_t operator()(std::uint64_t i) const {
    if (n_ <= kListed) return listed_[i];
    do {
      i = forward(i);
    } while (i >= n_);
    return i;
  }

  // Where each of some numbers goes, in place: as above, many at a time.
  void apply(std::uint64_t* numbers, std::size_t n) const;

  // What goes to i.
  std::uint64_t inverse(std::uint64_t i) const {
    if (n_ <= kListed) {
      return static_cast<std::uint64_t>(std::find(listed_, listed_ + n_, i) - listed_);
    }
    do {
      i = backward(i);
    } while (i >= n_);
    return i;
  }

 private:
  static constexpr int kPairs = 3;  // of rounds
  static constexpr std::uint64_t kListed = 256;

  // Less than `side`. Sums and coordinates fit in 32 bits, products in 64.
  std::uint64_t distance(std::uint64_t x, int round, std::uint64_t side) const {
    const std::uint64_t spread = (x * 0x9e3779b1u + keys_[round]) & 0xffffffffu;
    const std::uint64_t product = (x ^ keys_[round]) * spread;
    return ((product ^ product >> 32) & 0xffffffffu) * side >> 32;
  }

  std::uint64_t forward(std::uint64_t i) const {
    std::uint64_t row = i / columns_;
    std::uint64_t column = i - row * columns_;
    for (int r = 0; r < 2 * kPairs; r += 2) {
      row += distance(column, r, rows_);
      row -= row >= rows_ ? rows_ : 0;
      column += distance(row, r + 1, columns_);
      column -= column >= columns_ ? columns_ : 0;
    }
    return row * columns_ + column;
  }

  std::uint64_t backward(std::uint64_t i) const {
    std::uint64_t row = i / columns_;
    std::uint64_t column = i - row * columns_;
    for (int r = 2 * kPairs - 2; r >= 0; r -= 2) {
      column += columns_ - distance(row, r + 1, columns_);
      column -= column >= columns_ ? columns_ : 0;
      row += rows_ - distance(column, r, rows_);
      row -= row >= rows_ ? rows_ : 0;
    }
    return row * columns_ + column;
  }

  std::uint64_t n_ = 1;
  std::uint64_t rows_ = 1;
  std::uint64_t columns_ = 1;
  std::uint32_t keys_[2 * kPairs] = {};
  std::uint8_t listed_[kListed] = {};
};

}  // namespace bytestride
