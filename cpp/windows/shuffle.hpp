// The order of one source's rows in one epoch: as they lie, permuted as a whole, or permuted in
// blocks. In blocks, the blocks of neighbouring rows change places and then the rows inside each,
// so that reads stay close together for a while.
#pragma once

#include <cstddef>
#include <cstdint>

#include "windows/permutation.hpp"

namespace bytestride {

enum class Shuffle : std::uint8_t { kNone, kGlobal, kBlock };

class EpochOrder {
 public:
  EpochOrder() = default;
  // Precondition: 1 <= n <= 2^62, block_rows >= 1.
  EpochOrder(Shuffle shuffle, std::int64_t n, std::int64_t block_rows, std::uint64_t key);

  // The rows at some positions, in place. Precondition: 0 <= position < n for each. In blocks
  // neighbouring positions are cheapest.
  void apply(std::int64_t* positions, std::size_t n);

 private:
  std::int64_t at_in_block(std::int64_t position);

  Shuffle shuffle_ = Shuffle::kNone;
  std::int64_t block_rows_ = 1;
  std::uint64_t key_ = 0;
  std::int64_t short_place_ =
      0;  // which block in the new order is the last one, which may be short
  std::int64_t short_rows_ = 0;
  Permutation blocks_;
  Permutation rows_;  // of all rows, or of those of block_
  std::int64_t block_ = -1;
};

}  // namespace bytestride
