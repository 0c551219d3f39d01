// The order in which a training run sees the rows of a window set: position 0, 1, 2, ... without
// end, each turned into a row by arithmetic. n_samples() positions are one epoch; each epoch has an
// order of its own. Memory does not depend on the number of rows.
//
// Of one part an epoch is every row once. Of several, an epoch has as many samples of each part as
// asked for (mixture.hpp); a part goes through all of its rows before it repeats one. What
// neighbours in the order share is kept from call to call, under a flag: a thread that finds it
// taken works it out anew.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "windows/mixture.hpp"
#include "windows/shuffle.hpp"

namespace bytestride {

class Order {
 public:
  // rows: of each part, as in the window set. counts: samples of each part in an epoch, or none for
  // every row of the only part once. Throws InvalidArgument where a part has no rows, or a number
  // is out of range.
  Order(std::vector<std::int64_t> rows, std::vector<std::int64_t> counts, Shuffle shuffle,
        std::uint64_t seed, std::int64_t block_rows);

  std::int64_t n_samples() const { return n_samples_; }

  // The rows at positions first, first + step, ... (count of them), as indices into the window set.
  // Throws InvalidArgument unless all positions are from 0 to 2^62.
  void fill(std::int64_t first, std::int64_t step, std::size_t count, std::int64_t* out) const;

 private:
  struct PartOrder {
    std::int64_t epoch = -1;
    EpochOrder order{};
  };
  struct Cursor {
    std::vector<PartOrder> parts;
    std::int64_t epoch = -1;
    Mixture::Block block{};
    Permutation slots{};
    // Of one stretch of a block: the samples' parts, and their ordinals sorted by part.
    std::vector<std::uint32_t> part_of{};
    std::vector<std::int64_t> ordinals{};
    std::vector<std::size_t> next{};  // of each part, in `ordinals`
  };

  void fill_with(Cursor& cursor, std::int64_t first, std::int64_t step, std::size_t count,
                 std::int64_t* out) const;
  std::size_t fill_from_block(Cursor& cursor, std::int64_t first, std::int64_t step,
                              std::size_t count, std::int64_t* out) const;
  void find_block(std::int64_t position, Cursor& cursor) const;
  void find_rows(std::size_t part, Cursor& cursor, std::int64_t* ordinals, std::size_t n) const;

  std::vector<std::int64_t> rows_;
  std::vector<std::int64_t> first_rows_;
  std::vector<std::int64_t> counts_;
  std::optional<Mixture> mixture_;
  Shuffle shuffle_;
  std::uint64_t seed_;
  std::int64_t block_rows_;
  std::int64_t n_samples_;
  mutable std::atomic_flag cursor_taken_ = ATOMIC_FLAG_INIT;
  mutable Cursor cursor_;
};

}  // namespace bytestride
