// All different words side by side, as training changes them: one array with a cell per byte and a
// separator between words.
//
// A symbol of n bytes stands in its first and its last cell, so both neighbours of a symbol are one
// load away, and no word is ever rescanned however long it is. Words lie in the order of falling
// counts, so that a word's count is a step function of its position with few steps; or in the order
// of their first occurrences, with a step a word. Words that hold no pair are left out.
//
// Memory: two bytes a cell, four once there are more symbols than two bytes can number.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/memory.hpp"
#include "train/token_tree.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

class WordCells {
 public:
  using Position = std::uint32_t;
  // Between words: joins nothing.
  template <typename Cell>
  static constexpr Cell kSeparator = std::numeric_limits<Cell>::max();
  // A cell that a symbol no longer starts in.
  template <typename Cell>
  static constexpr Cell kInside = std::numeric_limits<Cell>::max() - 1;

  struct Step {
    Position begin;
    std::uint32_t n_words;
    std::uint64_t weight;
  };
  // Counts of the words at ascending positions.
  class Weights {
   public:
    explicit Weights(const WordCells& cells) : steps_(cells.steps_) { seek(0); }
    std::uint64_t at(Position position) {
      if (position >= end_) seek(position);
      return weight_;
    }

   private:
    void seek(Position position);

    const std::vector<Step>& steps_;
    std::size_t step_ = 0;
    std::size_t end_ = 0;
    std::uint64_t weight_ = 0;
  };

  // Throws InvalidArgument for words of 4 GiB or more together, and for more pairs in the text than
  // can be counted in 64 bits.
  WordCells(const WordCounts& words, bool by_firsts);

  std::size_t size() const { return size_; }
  // Calls visit with the array: std::uint16_t* or std::uint32_t*.
  template <typename Visit>
  decltype(auto) visit(Visit&& visit) const {
    return is_wide_ ? visit(wide_.data()) : visit(narrow_.data());
  }
  // To be called before the symbol is written: the array may move.
  void make_room(Symbol symbol) {
    if (symbol >= kInside<std::uint16_t> && !is_wide_) widen();
  }
  // The n-th largest count of a word, 0 where there are fewer.
  std::uint64_t nth_count(std::size_t n) const;

 private:
  void lay_out_by_counts(const WordCounts& words);
  void lay_out_by_firsts(const WordCounts& words);
  void add_step(Position begin, std::uint64_t weight, std::size_t n_words);
  std::size_t put(ByteSpan word, std::size_t at);
  void widen();

  std::size_t size_ = 1;
  bool is_wide_ = false;
  PageArray<std::uint16_t> narrow_;
  PageArray<std::uint32_t> wide_;
  std::vector<Step> steps_;
};

}  // namespace bytestride
