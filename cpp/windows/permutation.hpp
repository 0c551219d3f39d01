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
      i = rounds_.apply(i);
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
      i = rounds_.undo(i);
    } while (i >= n_);
    return i;
  }

  // On the rectangle, whose sides are below 2^32.
  struct Rounds {
    static constexpr int kCount = 6;

    std::uint64_t n_rows = 1;
    std::uint64_t n_columns = 1;
    std::uint32_t keys[kCount] = {};

    // Of a number on the rectangle, which is row * n_columns + column.
    std::uint64_t apply(std::uint64_t i) const {
      std::uint64_t row = i / n_columns;
      std::uint64_t column = i - row * n_columns;
      for (int r = 0; r < kCount; r += 2) {
        row += distance(column, r, n_rows);
        row -= row >= n_rows ? n_rows : 0;
        column += distance(row, r + 1, n_columns);
        column -= column >= n_columns ? n_columns : 0;
      }
      return row * n_columns + column;
    }

    std::uint64_t undo(std::uint64_t i) const {
      std::uint64_t row = i / n_columns;
      std::uint64_t column = i - row * n_columns;
      for (int r = kCount - 2; r >= 0; r -= 2) {
        column += n_columns - distance(row, r + 1, n_columns);
        column -= column >= n_columns ? n_columns : 0;
        row += n_rows - distance(column, r, n_rows);
        row -= row >= n_rows ? n_rows : 0;
      }
      return row * n_columns + column;
    }

    // Less than `side`. Sums and coordinates fit in 32 bits, products in 64.
    std::uint64_t distance(std::uint64_t x, int round, std::uint64_t side) const {
      const std::uint64_t spread = (x * 0x9e3779b1u + keys[round]) & 0xffffffffu;
      const std::uint64_t product = (x ^ keys[round]) * spread;
      return ((product ^ product >> 32) & 0xffffffffu) * side >> 32;
    }
  };

 private:
  static constexpr std::uint64_t kListed = 256;

  std::uint64_t n_ = 1;
  Rounds rounds_;
  std::uint8_t listed_[kListed] = {};
};

}  // namespace bytestride
