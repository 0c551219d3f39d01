#include "train/merge_loop.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr TokenId kSeparator = kNoToken;   // between words: joins nothing
constexpr TokenId kInside = kNoToken - 1;  // a cell that a token no longer starts in

}  // namespace

MergeLoop::MergeLoop(const WordCounts& words, const std::array<TokenId, 256>& base_ids)
    : n_bytes_(256, 1) {
  const std::size_t n_cells = words.n_bytes() + words.n_words() + 1;
  if (n_cells >= std::numeric_limits<Position>::max()) {
    throw InvalidArgument("the different words have " + std::to_string(words.n_bytes()) +
                          " bytes together; training holds less than 4 GiB of them");
  }
  lay_out(words, base_ids);
  collect_base_pairs();
}

void MergeLoop::lay_out(const WordCounts& words, const std::array<TokenId, 256>& base_ids) {
  cells_.reserve(words.n_bytes() + words.n_words() + 1);
  cells_.push_back(kSeparator);
  for (const std::uint32_t i : words.sorted()) {
    if (step_weights_.empty() || words.count(i) != step_weights_.back()) {
      step_starts_.push_back(static_cast<Position>(cells_.size()));
      step_weights_.push_back(words.count(i));
    }
    for (const char byte : words.word(i)) {
      cells_.push_back(base_ids[static_cast<unsigned char>(byte)]);
    }
    cells_.push_back(kSeparator);
  }
}

// The count of the word at a position. `step` is the caller's place in the steps: positions ascend.
std::uint64_t MergeLoop::weight_at(Position position, std::size_t& step) const {
  if (step + 1 < step_starts_.size() && position >= step_starts_[step + 1]) {
    const auto from = step_starts_.begin() + static_cast<std::ptrdiff_t>(step) + 1;
    const auto above = std::upper_bound(from, step_starts_.end(), position);
    step = static_cast<std::size_t>(above - step_starts_.begin()) - 1;
  }
  return step_weights_[step];
}

void MergeLoop::add_pair(Pair pair, std::uint64_t count, std::size_t first_position,
                         std::uint32_t n_positions) {
  const auto number = static_cast<std::uint32_t>(pairs_.size());
  if (number == PairMap::kNone) throw InvalidArgument("more than 2^32 - 1 different pairs");
  numbers_.find_or_insert(pair, number);
  pairs_.push_back({count, first_position, n_positions});
  candidates_.push({count, pair, number});
}

// Pairs of bytes: a counting sort of their positions, which stay ascending within each pair.
void MergeLoop::collect_base_pairs() {
  constexpr std::size_t kBasePairs = 256 * 256;
  std::vector<std::uint64_t> counts(kBasePairs, 0);
  std::vector<std::size_t> first(kBasePairs + 1, 0);
  const auto for_each_pair = [this](auto&& visit) {
    for (std::size_t i = 1; i + 1 < cells_.size(); ++i) {
      if (cells_[i] == kSeparator || cells_[i + 1] == kSeparator) continue;
      visit(cells_[i] * std::size_t{256} + cells_[i + 1], static_cast<Position>(i));
    }
  };
  std::size_t step = 0;
  for_each_pair([&](std::size_t pair, Position position) {
    counts[pair] += weight_at(position, step);
    ++first[pair + 1];
  });
  for (std::size_t pair = 0; pair < kBasePairs; ++pair) first[pair + 1] += first[pair];
  positions_.resize(first.back());
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for_each_pair([&](std::size_t pair, Position position) { positions_[next[pair]++] = position; });
  for (std::size_t pair = 0; pair < kBasePairs; ++pair) {
    const auto n = static_cast<std::uint32_t>(first[pair + 1] - first[pair]);
    if (n == 0) continue;
    add_pair({static_cast<TokenId>(pair / 256), static_cast<TokenId>(pair % 256)}, counts[pair],
             first[pair], n);
  }
}

std::size_t MergeLoop::run(std::size_t n_merges) {
  std::size_t n_done = 0;
  while (n_done < n_merges && !candidates_.empty()) {
    Candidate best = candidates_.top();
    candidates_.pop();
    const std::uint64_t count = pairs_[best.number].count;
    if (count == 0) continue;
    if (count != best.count) {
      best.count = count;
      candidates_.push(best);
      continue;
    }
    const auto product = static_cast<TokenId>(n_bytes_.size());
    if (product >= kInside) throw InvalidArgument("more than 2^32 - 3 tokens");
    n_bytes_.push_back(n_bytes_[best.pair.left] + n_bytes_[best.pair.right]);
    learned_.push_back({best.pair, count});
    merge(best.number, best.pair, product);
    ++n_done;
  }
  return n_done;
}

void MergeLoop::merge(std::uint32_t number, Pair pair, TokenId product) {
  left_.make_room(product);
  right_.make_room(product);
  list_of_neighbour_.resize(product + std::size_t{1});
  replace_occurrences(pairs_[number], pair, product);
  settle(left_, pair, product, true);
  settle(right_, pair, product, false);
  pairs_[number].count = 0;
}

void MergeLoop::replace_occurrences(const PairState& state, Pair pair, TokenId product) {
  const auto [a, b] = pair;
  const std::uint32_t a_bytes = n_bytes_[a];
  const std::uint32_t b_bytes = n_bytes_[b];
  std::size_t step = 0;
  for (std::size_t i = 0; i < state.n_positions; ++i) {
    const Position position = positions_[state.first_position + i];
    const Position b_position = position + a_bytes;
    if (cells_[position] != a || cells_[b_position] != b) continue;
    const Position after = b_position + b_bytes;
    const TokenId before_id = cells_[position - 1];
    const TokenId after_id = cells_[after];
    const std::uint64_t weight = weight_at(position, step);
    // Only starts are ever looked up, so b's start must not look like one; b's end, and a's start,
    // become those of the product.
    cells_[b_position] = kInside;
    cells_[position] = product;
    cells_[after - 1] = product;
    if (before_id == product) {
      // The occurrence just before: its (product, a) is (product, product) now.
      right_.gained[a] -= weight;
      right_.add(product, weight, position - n_bytes_[product]);
    } else if (before_id != kSeparator) {
      left_.add(before_id, weight, position - n_bytes_[before_id]);
      left_.lost[before_id] += weight;
    }
    if (after_id != kSeparator) {
      right_.add(after_id, weight, position);
      right_.lost[after_id] += weight;
    }
  }
}

void MergeLoop::settle(NeighbourChanges& changes, Pair merged, TokenId product,
                       bool neighbour_is_left) {
  const auto beside = [neighbour_is_left](TokenId neighbour, TokenId id) {
    return neighbour_is_left ? Pair{neighbour, id} : Pair{id, neighbour};
  };
  std::size_t first = positions_.size();
  for (const TokenId neighbour : changes.touched) {
    if (changes.lost[neighbour] != 0) {
      const Pair old = beside(neighbour, neighbour_is_left ? merged.left : merged.right);
      pairs_[numbers_.find(old)].count -= changes.lost[neighbour];
    }
    list_of_neighbour_[neighbour] = PairMap::kNone;
    if (changes.gained[neighbour] != 0) {
      list_of_neighbour_[neighbour] = static_cast<std::uint32_t>(pairs_.size());
      add_pair(beside(neighbour, product), changes.gained[neighbour], first, 0);
      first += changes.n_positions[neighbour];
    }
  }
  positions_.resize(first);
  for (const auto& [neighbour, position] : changes.events) {
    if (list_of_neighbour_[neighbour] == PairMap::kNone) continue;
    PairState& state = pairs_[list_of_neighbour_[neighbour]];
    positions_[state.first_position + state.n_positions++] = position;
  }
  for (const TokenId neighbour : changes.touched) {
    changes.lost[neighbour] = 0;
    changes.gained[neighbour] = 0;
    changes.n_positions[neighbour] = 0;
  }
  changes.touched.clear();
  changes.events.clear();
}

void MergeLoop::NeighbourChanges::make_room(TokenId id) {
  lost.resize(id + std::size_t{1}, 0);
  gained.resize(id + std::size_t{1}, 0);
  n_positions.resize(id + std::size_t{1}, 0);
}

void MergeLoop::NeighbourChanges::add(TokenId neighbour, std::uint64_t weight, Position position) {
  if (n_positions[neighbour]++ == 0) touched.push_back(neighbour);
  gained[neighbour] += weight;
  events.push_back({neighbour, position});
}

}  // namespace bytestride
