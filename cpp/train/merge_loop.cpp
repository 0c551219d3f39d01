#include "train/merge_loop.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kPrefetchAhead = 16;
// By how much the threshold falls where nothing above it is left.
constexpr std::uint64_t kThresholdStep = 4;
// Replayed tokens together; beyond this they are not what anybody learned.
constexpr std::size_t kMostReplayedBytes = std::size_t{1} << 28;

// A guess at the count of the last merge, better too low than too high: it was 1.8 to 3.4 times the
// count of the n-th word in texts of three kinds. A text of few long words has no n-th one; there
// the positions of random letters, spread over the tokens, show about twice the second figure.
std::uint64_t guess_threshold(const WordCells& cells, std::size_t n_expected) {
  const std::uint64_t nth = cells.nth_count(n_expected);
  return std::max<std::uint64_t>(nth + nth / 2, cells.size() / (64 * n_expected + 1));
}

}  // namespace

// Without a branch on whether the neighbour is new, which cannot be foretold.
inline void MergeLoop::Neighbours::add(Symbol neighbour, std::uint64_t weight, Position position) {
  Change& change = of[neighbour];
  touched[n_touched] = neighbour;
  n_touched += change.n_positions++ == 0;
  change.gained += weight;
  events[n_events++] = {neighbour, position};
}

MergeLoop::MergeLoop(const WordCounts& words, MergeRules rules, std::size_t n_expected,
                     std::uint64_t first_threshold)
    : rules_(std::move(rules)),
      cells_(words, rules_.tie_break == TieBreak::first_seen),
      ids_(rules_.base_ids.begin(), rules_.base_ids.end()),
      first_threshold_(first_threshold != 0 ? first_threshold
                                            : guess_threshold(cells_, n_expected)) {
  rules_.min_count = std::max<std::uint64_t>(rules_.min_count, 1);
  for (const TokenId id : rules_.base_ids) {
    if (id >= rules_.next_id || !given_ids_.insert(id).second) {
      throw InvalidArgument(
          "the ids of the 256 bytes must be different, and below the first new id, " +
          std::to_string(rules_.next_id));
    }
  }
  for (auto& [bytes, id] : rules_.existing) {
    if (bytes.empty() || id >= rules_.next_id || !given_ids_.insert(id).second ||
        known_.contains(bytes)) {
      throw InvalidArgument(
          "existing tokens must have bytes and ids of their own, the ids below the first new id, " +
          std::to_string(rules_.next_id) + "; that of id " + std::to_string(id) + " has not");
    }
    know(std::move(bytes), id);
  }
}

void MergeLoop::know(std::string bytes, TokenId id) {
  longest_known_ = std::max(longest_known_, bytes.size());
  known_.emplace(std::move(bytes), Known{id, kNoSymbol});
}

// Precondition: the pair stands in the words, or is one that is replayed. Then nothing else was
// ever merged into a token of these bytes, except by a replayed merge that found nothing: bytes
// between two ends of symbols are spelled alike wherever they stand.
Symbol MergeLoop::product_of(Pair pair) {
  const std::vector<std::uint32_t>& n_bytes = tree_.n_bytes();
  if (std::size_t{n_bytes[pair.left]} + n_bytes[pair.right] <= longest_known_) {
    const auto found = known_.find(tree_.bytes(pair.left) + tree_.bytes(pair.right));
    if (found != known_.end()) {
      if (found->second.symbol == kNoSymbol) {
        found->second.symbol = tree_.join(pair.left, pair.right);
        ids_.push_back(found->second.id);
      }
      return found->second.symbol;
    }
  }
  if (rules_.next_id == kNoToken) throw InvalidArgument("no id is left below 2^32 - 1");
  ids_.push_back(rules_.next_id++);
  return tree_.join(pair.left, pair.right);
}

bool MergeLoop::is_kept(Pair pair, std::uint64_t count) const {
  if (is_replaying_) return replayed_.find(pair) != PairMap::kNone;
  const std::vector<std::uint32_t>& n_bytes = tree_.n_bytes();
  const std::size_t n = std::size_t{n_bytes[pair.left]} + n_bytes[pair.right];
  return count >= threshold_ && (n == 2 || n < rules_.max_token_bytes);
}

std::uint32_t MergeLoop::add_pair(Pair pair, std::uint64_t count, Position* positions) {
  const auto number = static_cast<std::uint32_t>(pairs_.size());
  if (number == PairMap::kNone) throw InvalidArgument("more than 2^32 - 1 different pairs");
  numbers_.find_or_insert(pair, number);
  pairs_.push_back({count, pair, positions, 0, 0});
  return number;
}

void MergeLoop::collect_pairs(std::uint64_t threshold) {
  threshold_ = std::max(threshold, rules_.min_count);
  numbers_ = PairMap();
  pairs_.clear();
  candidates_.clear();
  lists_.reset({}, 0);
  if (tree_.size() == TokenTree::kBytes) {
    cells_.visit([this](auto* cells) { collect_pairs_of_bytes(cells); });
  } else {
    cells_.visit([this](auto* cells) { collect_from(cells); });
  }
}

// The first collection is the largest, and a table holds all pairs of bytes: their lists can be
// written where they belong, one after the other.
template <typename Cell>
void MergeLoop::collect_pairs_of_bytes(const Cell* cells) {
  constexpr Cell kSeparator = WordCells::kSeparator<Cell>;
  constexpr std::size_t kPairs = TokenTree::kBytes * TokenTree::kBytes;
  const auto for_each_pair = [&](auto&& visit) {
    for (std::size_t at = 1; at + 1 < cells_.size(); ++at) {
      if (cells[at] == kSeparator || cells[at + 1] == kSeparator) continue;
      visit(cells[at] * TokenTree::kBytes + cells[at + 1], static_cast<Position>(at));
    }
  };
  std::vector<std::uint64_t> counts(kPairs, 0);
  std::vector<std::uint32_t> n_positions(kPairs, 0);
  WordCells::Weights weights(cells_);
  for_each_pair([&](std::size_t index, Position at) {
    counts[index] += weights.at(at);
    ++n_positions[index];
  });
  const auto pair_at = [](std::size_t index) {
    return Pair{static_cast<Symbol>(index / TokenTree::kBytes),
                static_cast<Symbol>(index % TokenTree::kBytes)};
  };
  std::size_t n_kept = 0;
  for (std::size_t index = 0; index < kPairs; ++index) {
    if (n_positions[index] == 0 || !is_kept(pair_at(index), counts[index])) n_positions[index] = 0;
    n_kept += n_positions[index];
  }
  PageArray<Position> positions(n_kept);
  std::vector<Position*> ends(kPairs, nullptr);
  Position* end = positions.data();
  for (std::size_t index = 0; index < kPairs; ++index) {
    if (n_positions[index] == 0) continue;
    PairState& state = pairs_[add_pair(pair_at(index), counts[index], end)];
    state.n_positions = n_positions[index];
    ends[index] = end;
    end += n_positions[index];
  }
  for_each_pair([&](std::size_t index, Position at) {
    if (ends[index] != nullptr) *ends[index]++ = at;
  });
  lists_.reset(std::move(positions), n_kept);
}

// Positions are sorted by their left symbol first, so that the pairs of one left symbol can be
// counted in an array by their right one. The lists take the place of what they are made of.
template <typename Cell>
void MergeLoop::collect_from(const Cell* cells) {
  constexpr Cell kSeparator = WordCells::kSeparator<Cell>;
  const std::size_t n_symbols = tree_.size();
  const std::uint32_t* const n_bytes = tree_.n_bytes().data();
  const auto for_each_pair = [&](auto&& visit) {
    for (std::size_t at = 1; at < cells_.size();) {
      const Cell left = cells[at];
      if (left == kSeparator) {
        ++at;
        continue;
      }
      const std::size_t next = at + n_bytes[left];
      if (cells[next] != kSeparator) visit(left, static_cast<Position>(at));
      at = next;
    }
  };
  std::vector<std::size_t> ends(n_symbols + 1, 0);
  for_each_pair([&](Symbol left, Position) { ++ends[left + std::size_t{1}]; });
  const std::size_t largest = *std::max_element(ends.begin(), ends.end());
  for (std::size_t symbol = 0; symbol < n_symbols; ++symbol) ends[symbol + 1] += ends[symbol];
  PageArray<Position> positions(ends.back());
  for_each_pair([&](Symbol left, Position at) { positions[ends[left]++] = at; });

  Neighbours found;
  found.make_room(n_symbols, largest);
  std::size_t n_kept = 0;
  for (std::size_t begin = 0, left = 0; left < n_symbols; begin = ends[left++]) {
    const std::size_t end = ends[left];
    WordCells::Weights weights(cells_);
    for (std::size_t i = begin; i < end; ++i) {
      if (i + kPrefetchAhead < end) __builtin_prefetch(&cells[positions[i + kPrefetchAhead]]);
      found.add(cells[positions[i] + n_bytes[left]], weights.at(positions[i]), positions[i]);
    }
    for (const Symbol right : found.all_touched()) {
      Neighbours::Change& change = found.of[right];
      const Pair pair{static_cast<Symbol>(left), right};
      change.number = PairMap::kNone;
      if (!is_kept(pair, change.gained)) continue;
      change.number = add_pair(pair, change.gained, positions.data() + n_kept);
      n_kept += change.n_positions;
    }
    for (std::size_t i = 0; i < found.n_events; ++i) {
      const auto [right, position] = found.events[i];
      if (found.of[right].number == PairMap::kNone) continue;
      PairState& state = pairs_[found.of[right].number];
      state.positions[state.n_positions++] = position;
    }
    found.clear();
  }
  positions.shrink(n_kept);
  lists_.reset(std::move(positions), n_kept);
}

bool MergeLoop::merges_later(const Candidate& a, const Candidate& b) const {
  if (a.count != b.count) return a.count < b.count;
  if (a.key != b.key || rules_.tie_break != TieBreak::greater_bytes) return a.key > b.key;
  const Pair x = pairs_[a.number].pair;
  const Pair y = pairs_[b.number].pair;
  return x.left != y.left ? tree_.less(x.left, y.left) : tree_.less(x.right, y.right);
}

// As the pair is now. Precondition: it stands somewhere.
MergeLoop::Candidate MergeLoop::candidate_of(std::uint32_t number) {
  PairState& state = pairs_[number];
  const auto [left, right] = state.pair;
  std::uint64_t key = 0;
  switch (rules_.tie_break) {
    case TieBreak::smaller_ids:
      key = pair_key(ids_[left], ids_[right]);
      break;
    case TieBreak::greater_bytes:
      key = ~tree_.prefix(left);
      break;
    case TieBreak::first_seen:
      key = first_place(state);
      break;
  }
  return {state.count, key, number};
}

// Occurrences only go away, so that the search goes on where the last one ended.
MergeLoop::Position MergeLoop::first_place(PairState& state) const {
  return cells_.visit([&](const auto* cells) {
    const std::uint32_t left_bytes = tree_.n_bytes()[state.pair.left];
    while (true) {
      const Position at = state.positions[state.n_passed];
      if (cells[at] == state.pair.left && cells[at + left_bytes] == state.pair.right) return at;
      ++state.n_passed;
    }
  });
}

void MergeLoop::push(Candidate candidate) {
  candidates_.push_back(candidate);
  std::push_heap(candidates_.begin(), candidates_.end(),
                 [this](const auto& a, const auto& b) { return merges_later(a, b); });
}

MergeLoop::Candidate MergeLoop::pop() {
  std::pop_heap(candidates_.begin(), candidates_.end(),
                [this](const auto& a, const auto& b) { return merges_later(a, b); });
  const Candidate last = candidates_.back();
  candidates_.pop_back();
  return last;
}

// Lowers the level, to half of the greatest count there is, so that most pairs wait outside of the
// heap until their turn is near. False where no pair is left that may merge.
bool MergeLoop::refill() {
  while (true) {
    std::uint64_t greatest = 0;
    for (const PairState& state : pairs_) greatest = std::max(greatest, state.count);
    if (greatest >= threshold_) {
      level_ = std::max(threshold_, greatest - greatest / 2);
      break;
    }
    if (threshold_ <= rules_.min_count) return false;
    collect_pairs(std::min(threshold_ / kThresholdStep, std::max<std::uint64_t>(greatest, 1)));
  }
  for (std::uint32_t number = 0; number < pairs_.size(); ++number) {
    if (pairs_[number].count >= level_) candidates_.push_back(candidate_of(number));
  }
  std::make_heap(candidates_.begin(), candidates_.end(),
                 [this](const auto& a, const auto& b) { return merges_later(a, b); });
  return true;
}

void MergeLoop::replay(std::span<const Pair> pairs, std::span<const TokenId> products) {
  if (threshold_ != 0)
    throw InvalidArgument("merges can be replayed only before others are learned");
  std::unordered_map<TokenId, Symbol> symbols;
  for (Symbol symbol = 0; symbol < ids_.size(); ++symbol) symbols[ids_[symbol]] = symbol;
  std::vector<std::pair<Pair, Symbol>> merges;
  std::size_t n_bytes_left = kMostReplayedBytes;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto refuse = [&](const std::string& why) {
      throw InvalidArgument("merge " + std::to_string(i) + " " + why);
    };
    const auto left = symbols.find(pairs[i].left);
    const auto right = symbols.find(pairs[i].right);
    if (left == symbols.end() || right == symbols.end()) refuse("joins a token that nothing made");
    const Pair pair{left->second, right->second};
    const std::size_t n_bytes =
        std::size_t{tree_.n_bytes()[pair.left]} + tree_.n_bytes()[pair.right];
    if (n_bytes > n_bytes_left) refuse("and those before it make tokens of 256 MiB together");
    n_bytes_left -= n_bytes;
    std::string bytes = tree_.bytes(pair.left) + tree_.bytes(pair.right);
    const TokenId product = products[i];
    const auto known = known_.find(bytes);
    if (known != known_.end() && known->second.id != product) {
      refuse("makes the bytes of token " + std::to_string(known->second.id) +
             ", but is said to make token " + std::to_string(product));
    }
    if (known == known_.end()) {
      if (product == kNoToken || !given_ids_.insert(product).second) {
        refuse("makes new bytes, but the id " + std::to_string(product) + " is taken");
      }
      rules_.next_id = std::max(rules_.next_id, product + 1);
      know(std::move(bytes), product);
    }
    const Symbol symbol = product_of(pair);
    symbols[product] = symbol;
    merges.push_back({pair, symbol});
    replayed_.find_or_insert(pair, 0);
  }
  is_replaying_ = true;
  collect_pairs(1);
  for (const auto& [pair, product] : merges) {
    const std::uint32_t number = numbers_.find(pair);
    if (number != PairMap::kNone && pairs_[number].count != 0) {
      merge(number, product);
    } else {
      learned_.push_back({{ids_[pair.left], ids_[pair.right]}, ids_[product], 0, 0});
    }
  }
  is_replaying_ = false;
  replayed_ = PairMap();
  threshold_ = 0;
}

std::size_t MergeLoop::run(std::size_t n_tokens) {
  if (threshold_ == 0) collect_pairs(first_threshold_);
  std::size_t n_new = 0;
  while (n_new < n_tokens) {
    if (candidates_.empty()) {
      if (!refill()) break;
    }
    const Candidate best = pop();
    if (pairs_[best.number].count < level_) continue;
    const Candidate now = candidate_of(best.number);
    if (now.count != best.count || now.key != best.key) {
      push(now);
      continue;
    }
    const TokenId next_id = rules_.next_id;
    const Symbol product = product_of(pairs_[best.number].pair);
    n_new += rules_.next_id != next_id;
    merge(best.number, product);
  }
  return n_new;
}

void MergeLoop::merge(std::uint32_t number, Symbol product) {
  cells_.make_room(product);
  const PairState state = pairs_[number];
  const auto [left, right] = state.pair;
  left_.make_room(tree_.size(), state.n_positions);
  right_.make_room(tree_.size(), 2 * std::size_t{state.n_positions});
  const std::uint64_t n_merged =
      cells_.visit([&](auto* cells) { return replace_occurrences(cells, state, product); });
  learned_.push_back({{ids_[left], ids_[right]}, ids_[product], state.count, n_merged});
  lists_.give_back(state.positions, state.n_positions);
  settle(left_, left, product, true);
  settle(right_, right, product, false);
  pairs_[number].count = 0;
}

template <typename Cell>
std::uint64_t MergeLoop::replace_occurrences(Cell* cells, const PairState& state, Symbol product) {
  constexpr Cell kSeparator = WordCells::kSeparator<Cell>;
  const std::uint32_t* const n_bytes = tree_.n_bytes().data();
  const auto [a, b] = state.pair;
  const Position a_bytes = n_bytes[a];
  const Position product_bytes = n_bytes[product];
  WordCells::Weights weights(cells_);
  Position end_of_last = 0;
  std::uint64_t n_merged = 0;
  for (std::size_t i = 0; i < state.n_positions; ++i) {
    if (i + kPrefetchAhead < state.n_positions) {
      __builtin_prefetch(&cells[state.positions[i + kPrefetchAhead]]);
    }
    const Position position = state.positions[i];
    const Position b_position = position + a_bytes;
    if (cells[position] != a || cells[b_position] != b) continue;
    const Position after = position + product_bytes;
    const Cell before_symbol = cells[position - 1];
    const Cell after_symbol = cells[after];
    const std::uint64_t weight = weights.at(position);
    n_merged += weight;
    // Only starts are ever looked up, so b's start must not look like one; b's end, and a's start,
    // become those of the product.
    cells[b_position] = WordCells::kInside<Cell>;
    cells[position] = static_cast<Cell>(product);
    cells[after - 1] = static_cast<Cell>(product);
    if (position == std::exchange(end_of_last, after)) {
      // The occurrence before this one ends here: its (product, a) is (product, product) now.
      right_.of[a].gained -= weight;
      right_.add(product, weight, position - product_bytes);
    } else if (before_symbol != kSeparator) {
      left_.add(before_symbol, weight, position - n_bytes[before_symbol]);
      left_.of[before_symbol].lost += weight;
    }
    if (after_symbol != kSeparator) {
      right_.add(after_symbol, weight, position);
      right_.of[after_symbol].lost += weight;
    }
  }
  return n_merged;
}

void MergeLoop::settle(Neighbours& side, Symbol old, Symbol product, bool neighbour_is_left) {
  const auto beside = [neighbour_is_left](Symbol neighbour, Symbol symbol) {
    return neighbour_is_left ? Pair{neighbour, symbol} : Pair{symbol, neighbour};
  };
  for (const Symbol neighbour : side.all_touched()) numbers_.prefetch(beside(neighbour, old));
  const auto first_new = static_cast<std::uint32_t>(pairs_.size());
  for (const Symbol neighbour : side.all_touched()) {
    Neighbours::Change& change = side.of[neighbour];
    if (change.lost != 0) {
      const std::uint32_t number = numbers_.find(beside(neighbour, old));
      if (number != PairMap::kNone) pairs_[number].count -= change.lost;
    }
    const Pair made = beside(neighbour, product);
    change.number = PairMap::kNone;
    if (change.gained != 0 && is_kept(made, change.gained)) {
      change.number = add_pair(made, change.gained, lists_.make(change.n_positions));
    }
  }
  if (pairs_.size() != first_new) {
    for (std::size_t i = 0; i < side.n_events; ++i) {
      const auto [neighbour, position] = side.events[i];
      if (side.of[neighbour].number == PairMap::kNone) continue;
      PairState& state = pairs_[side.of[neighbour].number];
      state.positions[state.n_positions++] = position;
    }
  }
  if (!is_replaying_) {
    for (std::uint32_t number = first_new; number < pairs_.size(); ++number) {
      if (pairs_[number].count >= level_) push(candidate_of(number));
    }
  }
  side.clear();
}

void MergeLoop::Neighbours::make_room(std::size_t n_symbols, std::size_t n_events_at_most) {
  if (of.size() < n_symbols) {
    of.resize(n_symbols + n_symbols / 4, Change{0, 0, 0, 0});
    touched.resize(of.size() + 1);
  }
  if (events.capacity() < n_events_at_most) {
    events = PageArray<Event>();
    events = PageArray<Event>(n_events_at_most);
  }
}

void MergeLoop::Neighbours::clear() {
  for (const Symbol neighbour : all_touched()) of[neighbour] = Change{0, 0, 0, 0};
  n_touched = 0;
  n_events = 0;
}

}  // namespace bytestride
