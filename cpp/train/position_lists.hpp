// Memory for lists of positions: blocks that never move, so that nothing is copied while there are
// more and more of them. New lists are made in the largest room that is free: in what is left of a
// block, or where a list was that is not needed any more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

#include "base/memory.hpp"

namespace bytestride {

class PositionLists {
 public:
  using Position = std::uint32_t;

  // Starts anew, with lists that somebody else wrote, in the first n_used of the block: what was
  // there is gone, and what is left of the block is the first room.
  void reset(PageArray<Position> first_block, std::size_t n_used) {
    blocks_.clear();
    rooms_ = {};
    here_ = {first_block.data() + n_used, first_block.capacity() - n_used};
    n_positions_ = first_block.capacity();
    blocks_.push_back(std::move(first_block));
  }
  // Room for a list. Valid until it is given back, or reset.
  Position* make(std::size_t n) {
    if (n > here_.n) {
      give_back(here_.begin, here_.n);
      if (!rooms_.empty() && rooms_.top().n >= n) {
        here_ = rooms_.top();
        rooms_.pop();
      } else {
        const std::size_t n_block = std::clamp(n_positions_ / 8, kLeastBlock, kMostBlock);
        blocks_.emplace_back(std::max(n, n_block));
        here_ = {blocks_.back().data(), blocks_.back().capacity()};
        n_positions_ += here_.n;
      }
    }
    here_.n -= n;
    return std::exchange(here_.begin, here_.begin + n);
  }
  void give_back(Position* list, std::size_t n) {
    if (n >= kLeastRoom) rooms_.push({list, n});
  }

 private:
  struct Room {
    Position* begin = nullptr;
    std::size_t n = 0;

    friend bool operator<(const Room& a, const Room& b) { return a.n < b.n; }
  };
  // Blocks grow with the text, so that a small one does not pay for a large one's.
  static constexpr std::size_t kLeastBlock = std::size_t{1} << 14;
  static constexpr std::size_t kMostBlock = kHugePageBytes / sizeof(Position);
  static constexpr std::size_t kLeastRoom = 64;  // smaller ones are not worth their own record

  std::vector<PageArray<Position>> blocks_;
  std::priority_queue<Room> rooms_;
  Room here_;                    // where lists are made now
  std::size_t n_positions_ = 0;  // of all blocks
};

}  // namespace bytestride
