// Memory for lists of positions that are made one after the other and go all at once: blocks that
// never move, so that nothing is copied while there are more and more of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    n_free_ = 0;
  }
  // Room for a list. Valid until reset.
  Position* make(std::size_t n) {
    if (n > n_free_) {
      n_free_ = std::max(n, kBlockPositions);
      blocks_.emplace_back(n_free_);
      next_ = blocks_.back().data();
    }
    n_free_ -= n;
    return std::exchange(next_, next_ + n);
  }

 private:
  static constexpr std::size_t kBlockPositions = std::size_t{1} << 18;

  std::vector<PageArray<Position>> blocks_;
  Position* next_ = nullptr;
  std::size_t n_free_ = 0;  // behind next_
};

}  // namespace bytestride
