// All different words side by side, as training changes them: one array with a cell per byte and a
// separator between words.
//
// A token of n bytes has its id in its first and its last cell, so both neighbours of a token are
// one load away, and no word is ever rescanned however long it is. Words lie in the order of
// falling counts, so that a word's count is a step function of its position with few steps; or in
// the order of their first occurrences, with a step a word.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

class WordCells {
 public:
  using Position = std::uint32_t;
  static constexpr TokenId kSeparator = kNoToken;   // between words: joins nothing
  static constexpr TokenId kInside = kNoToken - 1;  // a cell that a token no longer starts in

  // Throws InvalidArgument for words of 4 GiB or more together.
  WordCells(const WordCounts& words, const std::array<TokenId, 256>& base_ids, bool by_firsts);

  std::size_t size() const { return cells_.size(); }
  TokenId operator[](std::size_t position) const { return cells_[position]; }
  TokenId& operator[](std::size_t position) { return cells_[position]; }
  void prefetch(std::size_t position) const { __builtin_prefetch(&cells_[position]); }

  // The count of the word at a position. `step` is the caller's place in the steps, 0 at first:
  // positions ascend from call to call.
  std::uint64_t weight_at(Position position, std::size_t& step) const;

  // The n-th largest count of a word, 0 where there are fewer.
  std::uint64_t nth_count(std::size_t n) const;

 private:
  struct Step {
    Position begin;
    std::uint32_t n_words;
    std::uint64_t weight;
  };
  std::vector<TokenId> cells_;
  std::vector<Step> steps_;
};

}  // namespace bytestride
