#include "train/word_cells.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace bytestride {
namespace {

// Counts below this have a bucket each; the few words that are more frequent are sorted.
constexpr std::size_t kBuckets = std::size_t{1} << 16;

bool holds_pairs(const WordCounts& words, std::size_t i) {
  return words.word(i).size() > 1 && words.count(i) != 0;
}

// Numbers of words by their keys.
std::vector<std::pair<std::uint64_t, std::uint32_t>> sorted(
    std::vector<std::pair<std::uint64_t, std::uint32_t>> entries) {
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

WordCells::WordCells(const WordCounts& words, bool by_firsts) {
  if (by_firsts && !words.has_firsts()) {
    throw InvalidArgument(
        "ties are to go to the pair that was seen first, but the word counts do not keep where "
        "words stand first; count them with first_offsets=True");
  }
  __extension__ using Wide = unsigned __int128;
  Wide n_pairs = 0;
  for (std::size_t i = 0; i < words.n_words(); ++i) {
    if (!holds_pairs(words, i)) continue;
    size_ += words.word(i).size() + 1;
    n_pairs += static_cast<Wide>(words.count(i)) * (words.word(i).size() - 1);
  }
  if (size_ >= std::numeric_limits<Position>::max()) {
    throw InvalidArgument("the different words have " + std::to_string(words.n_bytes()) +
                          " bytes together; training holds less than 4 GiB of them");
  }
  if (n_pairs > std::numeric_limits<std::uint64_t>::max()) {
    throw InvalidArgument("the words, as often as they occur, hold more than 2^64 - 1 pairs");
  }
  narrow_ = PageArray<std::uint16_t>(size_);
  narrow_[0] = kSeparator<std::uint16_t>;
  by_firsts ? lay_out_by_firsts(words) : lay_out_by_counts(words);
}

void WordCells::add_step(Position begin, std::uint64_t weight, std::size_t n_words) {
  if (steps_.empty() || steps_.back().weight != weight) steps_.push_back({begin, 0, weight});
  steps_.back().n_words += static_cast<std::uint32_t>(n_words);
}

std::size_t WordCells::put(ByteSpan word, std::size_t at) {
  for (const char byte : word) narrow_[at++] = static_cast<unsigned char>(byte);
  narrow_[at++] = kSeparator<std::uint16_t>;
  return at;
}

// A counting sort: the words of one count lie in the order in which they are numbered, so that they
// are read one after the other.
void WordCells::lay_out_by_counts(const WordCounts& words) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> frequent;
  std::vector<std::size_t> n_cells(kBuckets, 0);
  std::vector<std::uint32_t> n_words(kBuckets, 0);
  for (std::uint32_t i = 0; i < words.n_words(); ++i) {
    if (!holds_pairs(words, i)) continue;
    const std::uint64_t count = words.count(i);
    if (count >= kBuckets) {
      frequent.push_back({~count, i});
    } else {
      n_cells[count] += words.word(i).size() + 1;
      ++n_words[count];
    }
  }
  std::size_t at = 1;
  for (const auto& [key, word] : sorted(std::move(frequent))) {
    add_step(static_cast<Position>(at), ~key, 1);
    at = put(words.word(word), at);
  }
  for (std::size_t count = kBuckets; count-- > 1;) {
    if (n_words[count] == 0) continue;
    add_step(static_cast<Position>(at), count, n_words[count]);
    at += std::exchange(n_cells[count], at);
  }
  for (std::uint32_t i = 0; i < words.n_words(); ++i) {
    if (!holds_pairs(words, i) || words.count(i) >= kBuckets) continue;
    std::size_t& bucket = n_cells[words.count(i)];
    bucket = put(words.word(i), bucket);
  }
}

void WordCells::lay_out_by_firsts(const WordCounts& words) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;
  for (std::uint32_t i = 0; i < words.n_words(); ++i) {
    if (holds_pairs(words, i)) entries.push_back({words.first(i), i});
  }
  std::size_t at = 1;
  for (const auto& [key, word] : sorted(std::move(entries))) {
    add_step(static_cast<Position>(at), words.count(word), 1);
    at = put(words.word(word), at);
  }
}

void WordCells::widen() {
  PageArray<std::uint32_t> wide(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    const std::uint16_t cell = narrow_[i];
    wide[i] = cell == kSeparator<std::uint16_t> ? kSeparator<std::uint32_t>
              : cell == kInside<std::uint16_t>  ? kInside<std::uint32_t>
                                                : cell;
  }
  wide_ = std::move(wide);
  narrow_ = PageArray<std::uint16_t>();
  is_wide_ = true;
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

// Most often it is one of the next few steps: the search doubles its reach.
void WordCells::Weights::seek(Position position) {
  if (steps_.empty()) return;
  std::size_t reach = 1;
  while (step_ + reach < steps_.size() && position >= steps_[step_ + reach].begin) reach *= 2;
  const auto from = steps_.begin() + static_cast<std::ptrdiff_t>(step_ + reach / 2);
  const auto to =
      steps_.begin() + static_cast<std::ptrdiff_t>(std::min(step_ + reach, steps_.size()));
  const auto above = std::upper_bound(from, to, position,
                                      [](Position p, const Step& step) { return p < step.begin; });
  if (above != steps_.begin()) step_ = static_cast<std::size_t>(above - steps_.begin()) - 1;
  weight_ = steps_[step_].weight;
  end_ = step_ + 1 < steps_.size() ? steps_[step_ + 1].begin
                                   : std::size_t{std::numeric_limits<Position>::max()};
}

}  // namespace bytestride
