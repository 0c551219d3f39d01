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

  // Starts anew, with lists that somebody else wrote: what was there is gone.
  void reset(PageArray<Position> first_block) {
    blocks_.clear();
    blocks_.push_back(std::move(first_block));
    rooms_ = {};
    here_ = {};
  }
  // Room for a list. Valid until it is given back, or reset.
  Position* make(std::size_t n) {
    if (n > here_.n) {
      give_back(here_.begin, here_.n);
      if (!rooms_.empty() && rooms_.top().n >= n) {
        here_ = rooms_.top();
        rooms_.pop();
      } else {
        here_.n = std::max(n, kBlockPositions);
        blocks_.emplace_back(here_.n);
        here_.begin = blocks_.back().data();
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
  static constexpr std::size_t kBlockPositions = std::size_t{1} << 18;
  static constexpr std::size_t kLeastRoom = 64;  // smaller ones are not worth their own record

  std::vector<PageArray<Position>> blocks_;
  std::priority_queue<Room> rooms_;
  Room here_;  // where lists are made now
};

}  // namespace bytestride
