#include "train/word_cells.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.hpp"

namespace bytestride {
namespace {

// Numbers of the words as they are to lie.
std::vector<std::uint32_t> order_of(const WordCounts& words, bool by_firsts) {
  struct Entry {
    std::uint64_t key;
    std::uint32_t word;
  };
  std::vector<Entry> entries;
  entries.reserve(words.n_words());
  for (std::uint32_t i = 0; i < words.n_words(); ++i) {
    entries.push_back({by_firsts ? words.first(i) : ~words.count(i), i});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  std::vector<std::uint32_t> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(entry.word);
  return order;
}

}  // namespace

WordCells::WordCells(const WordCounts& words, const std::array<TokenId, 256>& base_ids,
                     bool by_firsts) {
  const std::size_t n_cells = words.n_bytes() + words.n_words() + 1;
  if (n_cells >= std::numeric_limits<Position>::max()) {
    throw InvalidArgument("the different words have " + std::to_string(words.n_bytes()) +
                          " bytes together; training holds less than 4 GiB of them");
  }
  if (by_firsts && !words.has_firsts()) {
    throw InvalidArgument(
        "ties are to go to the pair that was seen first, but the word counts do not keep where "
        "words stand first; count them with first_offsets=True");
  }
  cells_.reserve(n_cells);
  cells_.push_back(kSeparator);
  for (const std::uint32_t i : order_of(words, by_firsts)) {
    if (steps_.empty() || words.count(i) != steps_.back().weight) {
      steps_.push_back({static_cast<Position>(cells_.size()), 0, words.count(i)});
    }
    ++steps_.back().n_words;
    for (const char byte : words.word(i)) {
      cells_.push_back(base_ids[static_cast<unsigned char>(byte)]);
    }
    cells_.push_back(kSeparator);
  }
}

std::uint64_t WordCells::weight_at(Position position, std::size_t& step) const {
  if (step + 1 < steps_.size() && position >= steps_[step + 1].begin) {
    // Most often it is one of the next few steps; then the search doubles its reach.
    std::size_t reach = 1;
    while (step + reach < steps_.size() && position >= steps_[step + reach].begin) reach *= 2;
    const auto from = steps_.begin() + static_cast<std::ptrdiff_t>(step + reach / 2);
    const auto to =
        steps_.begin() + static_cast<std::ptrdiff_t>(std::min(step + reach, steps_.size()));
    const auto above = std::upper_bound(
        from, to, position, [](Position p, const Step& other) { return p < other.begin; });
    step = static_cast<std::size_t>(above - steps_.begin()) - 1;
  }
  return steps_[step].weight;
}

std::uint64_t WordCells::nth_count(std::size_t n) const {
  std::vector<Step> by_weight = steps_;
  std::sort(by_weight.begin(), by_weight.end(),
            [](const Step& a, const Step& b) { return a.weight > b.weight; });
  for (const Step& step : by_weight) {
    if (n <= step.n_words) return step.weight;
    n -= step.n_words;
  }
  return 0;
}

}  // namespace bytestride
