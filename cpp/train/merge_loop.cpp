#include "train/merge_loop.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kPrefetchAhead = 16;
// By how much the threshold falls where nothing above it is left.
constexpr std::uint64_t kThresholdStep = 4;

constexpr TokenId kSeparator = WordCells::kSeparator;
constexpr TokenId kInside = WordCells::kInside;

}  // namespace

bool MergeLoop::Later::operator()(const Candidate& a, const Candidate& b) const {
  if (a.count != b.count) return a.count < b.count;
  switch (loop->rules_.tie_break) {
    case TieBreak::smaller_ids:
      break;
    case TieBreak::greater_bytes: {
      const std::vector<std::string>& bytes = loop->tokens_;
      if (a.pair.left != b.pair.left) return bytes[a.pair.left] < bytes[b.pair.left];
      return bytes[a.pair.right] < bytes[b.pair.right];
    }
    case TieBreak::first_seen:
      return a.first > b.first;
  }
  return a.pair > b.pair;
}

MergeLoop::MergeLoop(const WordCounts& words, MergeRules rules, std::size_t n_expected)
    : rules_(std::move(rules)),
      cells_(words, rules_.base_ids, rules_.tie_break == TieBreak::first_seen),
      tokens_(rules_.next_id),
      n_bytes_(rules_.next_id, 0),
      first_threshold_(cells_.nth_count(n_expected) / 2),
      candidates_(Later{this}) {
  rules_.min_count = std::max<std::uint64_t>(rules_.min_count, 1);
  for (std::size_t byte = 0; byte < rules_.base_ids.size(); ++byte) {
    const TokenId id = rules_.base_ids[byte];
    if (id >= tokens_.size() || !tokens_[id].empty()) {
      throw InvalidArgument(
          "the ids of the 256 bytes must be different, and below the first new "
          "id, " +
          std::to_string(rules_.next_id));
    }
    tokens_[id].assign(1, static_cast<char>(byte));
    n_bytes_[id] = 1;
  }
  for (const auto& [bytes, id] : rules_.existing) {
    if (bytes.empty() || id >= tokens_.size() || !tokens_[id].empty()) {
      throw InvalidArgument(
          "existing tokens must have bytes, and ids of their own below the first "
          "new id, " +
          std::to_string(rules_.next_id));
    }
    existing_.emplace(bytes, id);
  }
}

bool MergeLoop::may_pair(TokenId left, TokenId right) const {
  const std::size_t n_bytes = std::size_t{n_bytes_[left]} + n_bytes_[right];
  return n_bytes == 2 || n_bytes < rules_.max_token_bytes;
}

void MergeLoop::add_pair(Pair pair, std::uint64_t count, Position* positions) {
  const auto number = static_cast<std::uint32_t>(pairs_.size());
  if (number == PairMap::kNone) throw InvalidArgument("more than 2^32 - 1 different pairs");
  numbers_.find_or_insert(pair, number);
  pairs_.push_back({count, positions, 0, 0});
}

// Positions are sorted by their left token first, so that the pairs of one left token can be
// counted in an array by their right one.
void MergeLoop::collect_pairs(std::uint64_t threshold) {
  threshold_ = std::max(threshold, rules_.min_count);
  numbers_ = PairMap();
  pairs_.clear();
  lists_.reset({});
  candidates_ = decltype(candidates_)(Later{this});
  const std::size_t n_ids = tokens_.size();
  const auto for_each_pair = [&](auto&& visit) {
    for (std::size_t at = 1; at < cells_.size();) {
      const TokenId left = cells_[at];
      if (left == kSeparator) {
        ++at;
        continue;
      }
      const std::size_t next = at + n_bytes_[left];
      if (cells_[next] != kSeparator) visit(left, static_cast<Position>(at));
      at = next;
    }
  };
  std::vector<std::size_t> begin_of(n_ids + 1, 0);
  for_each_pair([&](TokenId left, Position) { ++begin_of[left + std::size_t{1}]; });
  for (std::size_t id = 0; id < n_ids; ++id) begin_of[id + 1] += begin_of[id];
  PageArray<Position> by_left(begin_of.back());
  std::vector<std::size_t> end_of(begin_of.begin(), begin_of.end() - 1);
  for_each_pair([&](TokenId left, Position at) { by_left[end_of[left]++] = at; });

  // The lists take the place of the positions they are made of.
  NeighbourChanges& found = right_;
  found.make_room(static_cast<TokenId>(n_ids));
  list_of_neighbour_.resize(n_ids);
  std::size_t first = 0;
  std::vector<NeighbourChanges::Event> events;
  for (TokenId left = 0; left < n_ids; ++left) {
    std::size_t step = 0;
    for (std::size_t i = begin_of[left]; i < end_of[left]; ++i) {
      if (i + kPrefetchAhead < end_of[left]) cells_.prefetch(by_left[i + kPrefetchAhead]);
      const TokenId right = cells_[by_left[i] + n_bytes_[left]];
      found.add(right, cells_.weight_at(by_left[i], step), by_left[i]);
    }
    for (const TokenId right : found.touched) {
      list_of_neighbour_[right] = PairMap::kNone;
      if (found.gained[right] < threshold_ || !may_pair(left, right)) continue;
      list_of_neighbour_[right] = static_cast<std::uint32_t>(pairs_.size());
      add_pair({left, right}, found.gained[right], by_left.data() + first);
      first += found.n_positions[right];
    }
    for (const auto& [right, position] : found.events) {
      if (list_of_neighbour_[right] == PairMap::kNone) continue;
      PairState& state = pairs_[list_of_neighbour_[right]];
      state.positions[state.n_positions++] = position;
    }
    for (const TokenId right : found.touched) {
      const std::uint32_t number = list_of_neighbour_[right];
      if (number == PairMap::kNone) continue;
      candidates_.push({pairs_[number].count, {left, right}, number, pairs_[number].positions[0]});
    }
    found.clear();
  }
  by_left.shrink(first);
  lists_.reset(std::move(by_left));
}

// Where the pair stands first now. Precondition: it stands somewhere.
MergeLoop::Position MergeLoop::first_place(Pair pair, PairState& state) const {
  const std::size_t left_bytes = n_bytes_[pair.left];
  while (true) {
    const Position at = state.positions[state.n_passed];
    if (cells_[at] == pair.left && cells_[at + left_bytes] == pair.right) return at;
    ++state.n_passed;
  }
}

// Whether the pair has fallen since it was put into the heap; then the candidate is as it is now.
bool MergeLoop::is_stale(Candidate& candidate) {
  PairState& state = pairs_[candidate.number];
  bool stale = std::exchange(candidate.count, state.count) != state.count;
  if (rules_.tie_break == TieBreak::first_seen && state.count != 0) {
    const Position first = first_place(candidate.pair, state);
    stale |= std::exchange(candidate.first, first) != first;
  }
  return stale;
}

MergeLoop::Product MergeLoop::product_of(Pair pair) {
  std::string bytes = tokens_[pair.left] + tokens_[pair.right];
  const auto known = existing_.find(bytes);
  const std::size_t id = known != existing_.end() ? known->second : tokens_.size();
  if (id >= kInside) throw InvalidArgument("more than 2^32 - 3 tokens");
  if (id >= tokens_.size()) {
    tokens_.resize(id + 1);
    n_bytes_.resize(id + 1, 0);
  }
  const bool was_made = !tokens_[id].empty();
  n_bytes_[id] = static_cast<std::uint32_t>(bytes.size());
  tokens_[id] = std::move(bytes);
  return {static_cast<TokenId>(id), was_made};
}

void MergeLoop::replay(std::span<const Pair> pairs, std::span<const TokenId> products) {
  if (pairs.empty()) return;
  collect_pairs(1);  // any of them may be replayed, however rare
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair pair = pairs[i];
    const auto is_known = [&](TokenId id) { return id < tokens_.size() && !tokens_[id].empty(); };
    if (!is_known(pair.left) || !is_known(pair.right)) {
      throw InvalidArgument("merge " + std::to_string(i) + " joins a token that nothing made");
    }
    existing_.emplace(tokens_[pair.left] + tokens_[pair.right], products[i]);
    const Product product = product_of(pair);
    if (product.id != products[i]) {
      throw InvalidArgument("merge " + std::to_string(i) + " makes the bytes of token " +
                            std::to_string(product.id) + ", but is said to make token " +
                            std::to_string(products[i]));
    }
    const std::uint32_t number = numbers_.find(pair);
    const std::uint64_t count = number == PairMap::kNone ? 0 : pairs_[number].count;
    learned_.push_back({pair, product.id, count, count == 0 ? 0 : merge(pair, product)});
  }
  threshold_ = 0;
}

std::size_t MergeLoop::run(std::size_t n_tokens) {
  if (threshold_ == 0) collect_pairs(first_threshold_);
  std::size_t n_new = 0;
  while (n_new < n_tokens) {
    if (candidates_.empty()) {
      if (threshold_ <= rules_.min_count) break;
      collect_pairs(threshold_ / kThresholdStep);
      continue;
    }
    Candidate best = candidates_.top();
    candidates_.pop();
    if (is_stale(best)) {
      if (best.count >= threshold_) candidates_.push(best);
      continue;
    }
    const std::size_t n_ids = tokens_.size();
    const Product product = product_of(best.pair);
    n_new += product.id == n_ids;
    learned_.push_back({best.pair, product.id, best.count, merge(best.pair, product)});
  }
  return n_new;
}

std::uint64_t MergeLoop::merge(Pair pair, Product product) {
  const auto last_id = static_cast<TokenId>(tokens_.size() - 1);
  left_.make_room(last_id);
  right_.make_room(last_id);
  list_of_neighbour_.resize(tokens_.size());
  const std::uint32_t number = numbers_.find(pair);
  const std::uint64_t n_merged = replace_occurrences(pairs_[number], pair, product.id);
  if (product.was_made) {
    // Pairs with it, that were there already, are more now. (Merges that were learned never come
    // here: whatever has the same bytes is spelled the same; replayed ones may.)
    left_.clear();
    right_.clear();
    collect_pairs(threshold_);
    return n_merged;
  }
  settle(left_, pair, product.id, true);
  settle(right_, pair, product.id, false);
  PairState& state = pairs_[number];
  state.count = 0;
  lists_.give_back(state.positions, std::exchange(state.n_positions, 0));
  return n_merged;
}

std::uint64_t MergeLoop::replace_occurrences(const PairState& state, Pair pair, TokenId product) {
  const auto [a, b] = pair;
  const Position a_bytes = n_bytes_[a];
  const Position b_bytes = n_bytes_[b];
  const Position* const positions = state.positions;
  std::size_t step = 0;
  Position end_of_last = 0;
  std::uint64_t n_merged = 0;
  for (std::size_t i = 0; i < state.n_positions; ++i) {
    if (i + kPrefetchAhead < state.n_positions) cells_.prefetch(positions[i + kPrefetchAhead]);
    const Position position = positions[i];
    const Position b_position = position + a_bytes;
    if (cells_[position] != a || cells_[b_position] != b) continue;
    const Position after = b_position + b_bytes;
    const TokenId before_id = cells_[position - 1];
    const TokenId after_id = cells_[after];
    const std::uint64_t weight = cells_.weight_at(position, step);
    n_merged += weight;
    // Only starts are ever looked up, so b's start must not look like one; b's end, and a's start,
    // become those of the product.
    cells_[b_position] = kInside;
    cells_[position] = product;
    cells_[after - 1] = product;
    if (position == std::exchange(end_of_last, after)) {
      // The occurrence before this one ends here: its (product, a) is (product, product) now.
      right_.gained[a] -= weight;
      right_.add(product, weight, position - a_bytes - b_bytes);
    } else if (before_id != kSeparator) {
      left_.add(before_id, weight, position - n_bytes_[before_id]);
      left_.lost[before_id] += weight;
    }
    if (after_id != kSeparator) {
      right_.add(after_id, weight, position);
      right_.lost[after_id] += weight;
    }
  }
  return n_merged;
}

void MergeLoop::settle(NeighbourChanges& changes, Pair merged, TokenId product,
                       bool neighbour_is_left) {
  const auto beside = [neighbour_is_left](TokenId neighbour, TokenId id) {
    return neighbour_is_left ? Pair{neighbour, id} : Pair{id, neighbour};
  };
  const std::size_t first_new = pairs_.size();
  for (const TokenId neighbour : changes.touched) {
    if (changes.lost[neighbour] != 0) {
      const Pair old = beside(neighbour, neighbour_is_left ? merged.left : merged.right);
      const std::uint32_t number = numbers_.find(old);
      if (number != PairMap::kNone) pairs_[number].count -= changes.lost[neighbour];
    }
    list_of_neighbour_[neighbour] = PairMap::kNone;
    const Pair made = beside(neighbour, product);
    if (changes.gained[neighbour] >= threshold_ && may_pair(made.left, made.right)) {
      list_of_neighbour_[neighbour] = static_cast<std::uint32_t>(pairs_.size());
      add_pair(made, changes.gained[neighbour], lists_.make(changes.n_positions[neighbour]));
    }
  }
  if (pairs_.size() != first_new) {
    for (const auto& [neighbour, position] : changes.events) {
      if (list_of_neighbour_[neighbour] == PairMap::kNone) continue;
      PairState& state = pairs_[list_of_neighbour_[neighbour]];
      state.positions[state.n_positions++] = position;
    }
    for (const TokenId neighbour : changes.touched) {
      const std::uint32_t number = list_of_neighbour_[neighbour];
      if (number == PairMap::kNone) continue;
      candidates_.push(
          {pairs_[number].count, beside(neighbour, product), number, pairs_[number].positions[0]});
    }
  }
  changes.clear();
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

void MergeLoop::NeighbourChanges::clear() {
  for (const TokenId neighbour : touched) {
    lost[neighbour] = 0;
    gained[neighbour] = 0;
    n_positions[neighbour] = 0;
  }
  touched.clear();
  events.clear();
}

}  // namespace bytestride
