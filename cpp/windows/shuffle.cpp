#include "windows/shuffle.hpp"

#include <algorithm>

namespace bytestride {

EpochOrder::EpochOrder(Shuffle shuffle, std::int64_t n, std::int64_t block_rows, std::uint64_t key)
    : shuffle_(shuffle), block_rows_(std::min(block_rows, n)), key_(key) {
  const auto count = static_cast<std::uint64_t>(n);
  if (shuffle == Shuffle::kGlobal) rows_ = Permutation(count, key);
  if (shuffle != Shuffle::kBlock) return;
  const std::int64_t n_blocks = (n - 1) / block_rows_ + 1;
  blocks_ = Permutation(static_cast<std::uint64_t>(n_blocks), key);
  short_place_ =
      static_cast<std::int64_t>(blocks_.inverse(static_cast<std::uint64_t>(n_blocks - 1)));
  short_rows_ = n - (n_blocks - 1) * block_rows_;
}

void EpochOrder::apply(std::int64_t* positions, std::size_t n) {
  if (shuffle_ == Shuffle::kGlobal) {
    // The same bits: positions are not negative.
    rows_.apply(reinterpret_cast<std::uint64_t*>(positions), n);
  } else if (shuffle_ == Shuffle::kBlock) {
    for (std::size_t i = 0; i < n; ++i) positions[i] = at_in_block(positions[i]);
  }
}

std::int64_t EpochOrder::at_in_block(std::int64_t position) {
  // Blocks after the short one begin earlier by what it lacks.
  std::int64_t place = position / block_rows_;
  std::int64_t in_block = position - place * block_rows_;
  if (position >= short_place_ * block_rows_ + short_rows_) {
    const std::int64_t shifted = position + block_rows_ - short_rows_;
    place = shifted / block_rows_;
    in_block = shifted - place * block_rows_;
  }
  const auto block = static_cast<std::int64_t>(blocks_(static_cast<std::uint64_t>(place)));
  if (block != block_) {
    const std::int64_t size = place == short_place_ ? short_rows_ : block_rows_;
    rows_ = Permutation(static_cast<std::uint64_t>(size),
                        mix_bits(key_ ^ mix_bits(static_cast<std::uint64_t>(block))));
    block_ = block;
  }
  return block * block_rows_ +
         static_cast<std::int64_t>(rows_(static_cast<std::uint64_t>(in_block)));
}

}  // namespace bytestride
