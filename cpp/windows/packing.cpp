#include "windows/packing.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.hpp"

namespace bytestride {

namespace {

constexpr std::int64_t kMostCapacity = (std::int64_t{1} << 28) + 1;

// Rows with room left, a stack for each amount of room, and which of the stacks hold any: levels of
// bits, each of which says which words of the level below are not zero, so that a search looks at a
// few words.
class RoomIndex {
 public:
  explicit RoomIndex(std::int64_t most_room) : top_(static_cast<std::size_t>(most_room) + 1, -1) {
    for (std::size_t n = top_.size(); n > 1 || levels_.empty();) {
      n = (n + 63) / 64;
      levels_.emplace_back(n, 0);
    }
  }

  void add(std::int64_t room, std::int64_t row) {
    auto at = static_cast<std::size_t>(room);
    if (static_cast<std::size_t>(row) >= below_.size()) {
      below_.resize(static_cast<std::size_t>(row) + 1, -1);
    }
    below_[static_cast<std::size_t>(row)] = top_[at];
    top_[at] = row;
    for (auto& level : levels_) {
      level[at / 64] |= std::uint64_t{1} << (at % 64);
      at /= 64;
    }
  }

  // Takes a row of the least room that is at least `needed`; false if there is none.
  bool take(std::int64_t needed, std::int64_t& room, std::int64_t& row) {
    auto at = static_cast<std::size_t>(needed);
    if (!find(at)) return false;
    room = static_cast<std::int64_t>(at);
    row = top_[at];
    top_[at] = below_[static_cast<std::size_t>(row)];
    if (top_[at] < 0) clear(at);
    return true;
  }

 private:
  // Moves `at` to the first set bit at or after it.
  bool find(std::size_t& at) const {
    std::size_t level = 0;
    while (true) {
      const std::size_t word = at / 64;
      const std::uint64_t left =
          word < levels_[level].size() ? levels_[level][word] >> (at % 64) : 0;
      if (left != 0) {
        at += static_cast<std::size_t>(std::countr_zero(left));
        break;
      }
      if (++level == levels_.size()) return false;
      at = word + 1;
    }
    while (level-- > 0) {
      at = at * 64 + static_cast<std::size_t>(std::countr_zero(levels_[level][at]));
    }
    return true;
  }

  void clear(std::size_t at) {
    for (auto& level : levels_) {
      level[at / 64] &= ~(std::uint64_t{1} << (at % 64));
      if (level[at / 64] != 0) return;
      at /= 64;
    }
  }

  std::vector<std::int64_t> top_;    // of the stack of each room; -1: empty
  std::vector<std::int64_t> below_;  // of each row in its stack
  std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace

Packing pack_best_fit(const std::int64_t* lengths, std::int64_t n_pieces, std::int64_t capacity) {
  if (capacity > kMostCapacity) {
    throw InvalidArgument("windows are packed up to a max_length of 2**28, found " +
                          std::to_string(capacity - 1));
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n_pieces));
  for (std::int64_t i = 0; i < n_pieces; ++i) {
    if (lengths[i] < 1 || lengths[i] > capacity) {
      throw InvalidArgument("piece " + std::to_string(i) + " has " + std::to_string(lengths[i]) +
                            " tokens, and a row holds 1 to " + std::to_string(capacity));
    }
    order[static_cast<std::size_t>(i)] = i;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });

  std::vector<std::int64_t> row_of(order.size());
  std::vector<std::int64_t> n_in_row;
  RoomIndex open(capacity);
  for (const std::int64_t piece : order) {
    std::int64_t room = capacity;
    auto row = static_cast<std::int64_t>(n_in_row.size());
    if (!open.take(lengths[piece], room, row)) n_in_row.push_back(0);
    row_of[static_cast<std::size_t>(piece)] = row;
    ++n_in_row[static_cast<std::size_t>(row)];
    if (room > lengths[piece]) open.add(room - lengths[piece], row);
  }

  Packing packing{std::vector<std::int64_t>(order.size()), std::vector<std::int64_t>(1, 0)};
  for (const std::int64_t n : n_in_row) packing.offsets.push_back(packing.offsets.back() + n);
  std::vector<std::int64_t> next(packing.offsets.begin(), packing.offsets.end() - 1);
  for (const std::int64_t piece : order) {
    const std::int64_t row = row_of[static_cast<std::size_t>(piece)];
    packing.pieces[static_cast<std::size_t>(next[static_cast<std::size_t>(row)]++)] = piece;
  }
  return packing;
}

}  // namespace bytestride
