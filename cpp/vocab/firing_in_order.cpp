#include "vocab/firing_in_order.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "vocab/firing_lane.hpp"
#include "vocab/merge_symbols.hpp"

namespace bytestride {
namespace {

using Parts = std::pair<Symbol, Symbol>;

// The tokens of which a round found something new, by their first two bytes.
class Changed {
 public:
  bool empty() const { return words_.empty(); }
  void add(ByteSpan word) {
    std::uint32_t& latest = latest_[two_bytes(word.data())];
    words_.push_back({word, latest});
    latest = static_cast<std::uint32_t>(words_.size());
  }
  // Whether one of them stands in `bytes`; true also where that would take long to tell.
  bool may_be_in(ByteSpan bytes) const {
    std::size_t n_compared = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
      std::uint32_t at = latest_[two_bytes(bytes.data() + i)];
      for (; at != 0; at = words_[at - 1].before) {
        if (++n_compared > kMaxCompared || bytes.substr(i).starts_with(words_[at - 1].word)) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kMaxCompared = 64;
  struct Word {
    ByteSpan word;
    std::uint32_t before;  // number of the one before it with the same two bytes; 0: none
  };
  static std::size_t two_bytes(const char* at) {
    return std::size_t{static_cast<unsigned char>(at[0])} << 8 | static_cast<unsigned char>(at[1]);
  }

  std::vector<Word> words_;
  std::vector<std::uint32_t> latest_ = std::vector<std::uint32_t>(std::size_t{1} << 16);
};

// Finds the pair of one product after another. `products` are rows of tokens, in rank order;
// rank_of(i, pair) is the rank of a pair of ids whose bytes are those of products[i], kNoRank where
// it does not merge.
template <typename RankOf>
class InOrder {
 public:
  InOrder(const TokenTable& tokens, std::span<const std::uint32_t> products, RankOf rank_of)
      : tokens_(tokens),
        products_(products),
        rank_of_(std::move(rank_of)),
        found_(products.size()),
        pairs_(products.size()),
        parts_(products.size()),
        ranks_(products.size(), kNoRank),
        symbol_of_row_(tokens.size(), 0) {
    ids_.reserve(256 + products.size());
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      const std::uint32_t row = tokens.row_of(ByteSpan(&c, 1));
      symbol_of_row_[row] = byte;
      ids_.push_back(tokens.id(row));
    }
    for (std::size_t i = 0; i < products.size(); ++i) {
      symbol_of_row_[products[i]] = static_cast<Symbol>(256 + i);
      ids_.push_back(tokens.id(products[i]));
    }
  }

  std::optional<FiringMerges> find() {
    go_through();
    if (!look_again()) return std::nullopt;
    fill_pairs();
    FiringMerges result{std::move(pairs_), {}, {}};
    result.merges.reserve(products_.size());
    std::vector<bool> made(tokens_.size());
    for (std::size_t i = 0; i < products_.size(); ++i) {
      if (ranks_[i] == kNoRank) continue;
      result.merges.push_back({ids_of(parts_[i]), tokens_.id(products_[i])});
      made[products_[i]] = true;
    }
    for (std::uint32_t row = 0; row < tokens_.size(); ++row) {
      if (!made[row] && tokens_.bytes(row).size() > 1)
        result.unreachable.push_back(tokens_.id(row));
    }
    return result;
  }

 private:
  static constexpr std::size_t kLanes = 32;
  static constexpr int kMaxRounds = 16;

  // Products go through their first merges side by side, as many as there are lanes. A pair found
  // within such a batch ranks above all that were found before it, so a product that comes to two
  // parts without it would not use it; one that does not is looked at again in its turn.
  void go_through() {
    for (std::size_t begin = 0; begin < products_.size(); begin += kLanes) {
      const auto batch = products_.subspan(begin, std::min(kLanes, products_.size() - begin));
      run_lanes(batch);
      for (std::size_t k = 0; k < batch.size(); ++k) {
        const bool in_lane = tokens_.bytes(batch[k]).size() <= kMaxLaneBytes;
        auto parts = in_lane ? lanes_[k].parts() : std::nullopt;
        if (!parts) parts = parts_of(batch[k]);
        const std::uint32_t rank = rank_of_parts(begin + k, parts);
        if (rank != kNoRank) make(begin + k, *parts, rank);
        n_gone_through_ = begin + k + 1;
      }
    }
  }

  // Rounds over the products that were not made and those that may have one inside that was made
  // late, until one changes nothing. False where there is no end in sight.
  bool look_again() {
    std::vector<std::size_t> suspects;
    for (std::size_t i = 0; i < products_.size(); ++i) {
      if (ranks_[i] == kNoRank) suspects.push_back(i);
    }
    std::size_t n_changed = 0;
    for (int round = 0; round < kMaxRounds; ++round) {
      fill_pairs();
      Changed changed;
      for (const std::size_t i : suspects) {
        const auto parts = parts_of(products_[i]);
        const std::uint32_t rank = rank_of_parts(i, parts);
        if (rank == ranks_[i] && (rank == kNoRank || *parts == parts_[i])) continue;
        // The table of pairs found has room for twice as many as there are products.
        if (++n_changed > products_.size() / 2) return false;
        if (ranks_[i] != kNoRank) found_.erase(parts_[i].first, parts_[i].second);
        ranks_[i] = kNoRank;
        if (rank != kNoRank) make(i, *parts, rank);
        changed.add(tokens_.bytes(products_[i]));
      }
      if (changed.empty()) return true;
      pairs_ = PairTable(products_.size());
      n_filled_ = 0;
      suspects.clear();
      for (std::size_t i = 0; i < products_.size(); ++i) {
        if (ranks_[i] == kNoRank || changed.may_be_in(tokens_.bytes(products_[i]))) {
          suspects.push_back(i);
        }
      }
    }
    return false;
  }

  std::uint32_t rank_of_parts(std::size_t i, const std::optional<Parts>& parts) const {
    return parts ? rank_of_(i, ids_of(*parts)) : kNoRank;
  }

  void run_lanes(std::span<const std::uint32_t> batch) {
    Lane* running[kLanes];
    std::size_t n_running = 0;
    for (std::size_t k = 0; k < batch.size(); ++k) {
      const ByteSpan bytes = tokens_.bytes(batch[k]);
      if (bytes.size() > kMaxLaneBytes) continue;
      lanes_[k].start(found_, bytes);
      running[n_running++] = &lanes_[k];
    }
    while (n_running > 0) {
      std::size_t n_left = 0;
      for (std::size_t k = 0; k < n_running; ++k) {
        if (running[k]->step(found_)) {
          running[n_left++] = running[k];
        } else if (const auto parts = running[k]->parts()) {
          found_.prefetch(parts->first, parts->second);
        }
      }
      n_running = n_left;
    }
  }

  // The last two parts of the token's bytes under the pairs found so far, if it comes to two.
  std::optional<Parts> parts_of(std::uint32_t row) {
    const ByteSpan bytes = tokens_.bytes(row);
    if (bytes.size() <= kMaxLaneBytes) {
      Lane lane;
      lane.start(found_, bytes);
      while (lane.step(found_)) {
      }
      return lane.parts();
    }
    spelled_.clear();
    for (const char byte : bytes) spelled_.push_back(ids_[static_cast<unsigned char>(byte)]);
    fill_pairs();
    const std::size_t n = merge_symbols(pairs_, spelled_.data(), spelled_.size(), scratch_, 2);
    if (n != 2) return std::nullopt;
    return Parts(symbol_of_row_[tokens_.row_of(spelled_[0])],
                 symbol_of_row_[tokens_.row_of(spelled_[1])]);
  }

  void make(std::size_t i, Parts parts, std::uint32_t rank) {
    found_.insert(parts.first, parts.second, static_cast<Symbol>(256 + i));
    parts_[i] = parts;
    ranks_[i] = rank;
  }

  // Brings the table by ids up to what was found; only long tokens need it before the end.
  void fill_pairs() {
    for (; n_filled_ < n_gone_through_; ++n_filled_) {
      if (ranks_[n_filled_] == kNoRank) continue;
      pairs_.insert(ids_of(parts_[n_filled_]),
                    {ranks_[n_filled_], tokens_.id(products_[n_filled_])});
    }
  }

  Pair ids_of(Parts parts) const { return {ids_[parts.first], ids_[parts.second]}; }

  const TokenTable& tokens_;
  std::span<const std::uint32_t> products_;
  RankOf rank_of_;
  FoundPairs found_;
  Lane lanes_[kLanes];
  PairTable pairs_;
  std::vector<Parts> parts_;          // of the products
  std::vector<std::uint32_t> ranks_;  // of these pairs; kNoRank for a product that is not made
  std::size_t n_gone_through_ = 0;
  std::size_t n_filled_ = 0;           // products whose pairs are in pairs_
  std::vector<TokenId> ids_;           // of the symbols
  std::vector<Symbol> symbol_of_row_;  // of bytes and products
  MergeScratch scratch_;
  std::vector<TokenId> spelled_;
};

}  // namespace

std::optional<FiringMerges> firing_of_ranks_in_order(const TokenTable& tokens) {
  if (tokens.size() > kMaxSymbols) return std::nullopt;
  std::vector<std::uint32_t> products;
  products.reserve(tokens.size());
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    if (tokens.bytes(row).size() > 1) products.push_back(row);
  }
  return InOrder(tokens, products, [&](std::size_t i, Pair) { return tokens.id(products[i]); })
      .find();
}

std::optional<FiringMerges> firing_of_rows_in_order(const TokenTable& tokens,
                                                    std::span<const Pair> merges,
                                                    std::span<const std::uint32_t> products) {
  if (tokens.size() > kMaxSymbols) return std::nullopt;
  // The products, each once, and where the rows of each end.
  std::vector<std::uint32_t> in_turn;
  std::vector<std::size_t> ends;
  std::vector<bool> seen(tokens.size());
  for (std::size_t row = 0; row < products.size(); ++row) {
    if (row > 0 && products[row] == products[row - 1]) {
      ends.back() = row + 1;
      continue;
    }
    if (seen[products[row]]) return std::nullopt;
    seen[products[row]] = true;
    in_turn.push_back(products[row]);
    ends.push_back(row + 1);
  }
  const auto rank_of = [&](std::size_t i, Pair pair) {
    // From the last on: of a pair that stands twice, the later row counts.
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    std::size_t row = ends[i];
    while (row > begin && merges[row - 1] != pair) --row;
    return row == begin ? kNoRank : static_cast<std::uint32_t>(row - 1);
  };
  return InOrder(tokens, in_turn, rank_of).find();
}

}  // namespace bytestride
