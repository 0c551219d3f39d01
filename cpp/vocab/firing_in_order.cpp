#include "vocab/firing_in_order.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/memory.hpp"
#include "vocab/merge_symbols.hpp"

namespace bytestride {
namespace {

// Symbols are numbered in the order they are made, the 256 bytes first, so that a symbol is its own
// rank, and a pair and its product fit in one word.
using Symbol = std::uint32_t;
constexpr unsigned kSymbolBits = 21;
constexpr std::size_t kMaxSymbols = (std::size_t{1} << kSymbolBits) - 1;

// The pairs found so far. Buckets of one cache line, at most half full as a whole, are compared
// without a branch; pairs of two bytes, which are looked up most, have a dense table.
class FoundPairs {
 public:
  explicit FoundPairs(std::size_t n_pairs)
      : multiplier_(process_hash_seed().b | 1),
        n_buckets_(n_pairs / (kBucketSlots / 2) + 1),
        buckets_(n_buckets_),
        of_bytes_(std::size_t{1} << 16) {}

  void insert(Symbol left, Symbol right, Symbol product) {
    if ((left | right) < 256) {
      of_bytes_[left << 8 | right] = product;
      return;
    }
    const std::uint64_t pair = pair_of(left, right);
    std::size_t i = bucket_of(pair);
    while (buckets_[i].slots[kBucketSlots - 1] != 0) i = next(i);
    *std::find(buckets_[i].slots, buckets_[i].slots + kBucketSlots, 0u) =
        pair << kSymbolBits | product;
  }

  // What two symbols merge into; 0 where they do not.
  Symbol of_bytes(unsigned char left, unsigned char right) const {
    return of_bytes_[std::size_t{left} << 8 | right];
  }
  Symbol find(Symbol left, Symbol right) const {
    if ((left | right) < 256) return of_bytes_[left << 8 | right];
    const std::uint64_t pair = pair_of(left, right);
    for (std::size_t i = bucket_of(pair);; i = next(i)) {
      const std::uint64_t* const slots = buckets_[i].slots;
      std::uint64_t found = 0;
      for (std::size_t k = 0; k < kBucketSlots; ++k) {
        found |= slots[k] >> kSymbolBits == pair ? slots[k] & kMaxSymbols : 0;
      }
      if (found != 0 || slots[kBucketSlots - 1] == 0) return static_cast<Symbol>(found);
    }
  }
  void prefetch(Symbol left, Symbol right) const {
    __builtin_prefetch(&buckets_[bucket_of(pair_of(left, right))]);
  }

 private:
  static constexpr std::size_t kBucketSlots = 8;
  struct alignas(64) Bucket {
    std::uint64_t slots[kBucketSlots];  // pair and product, filled from the first on; 0: empty
  };

  static std::uint64_t pair_of(Symbol left, Symbol right) {
    return std::uint64_t{left} << kSymbolBits | right;
  }
  std::size_t bucket_of(std::uint64_t pair) const {
    return (pair * multiplier_ >> 32) * n_buckets_ >> 32;
  }
  std::size_t next(std::size_t i) const { return i + 1 == n_buckets_ ? 0 : i + 1; }

  std::uint64_t multiplier_;
  std::size_t n_buckets_;
  PageArray<Bucket> buckets_;
  PageArray<Symbol> of_bytes_;
};

constexpr std::size_t kMaxLaneBytes = 64;

// The merging of one token's bytes, one merge a step; what a step looks up is asked for one step
// before. A symbol stands where its first byte stood, so nothing is ever moved.
class Lane {
 public:
  // Precondition: bytes.size() is 2 to kMaxLaneBytes.
  void start(const FoundPairs& found, ByteSpan bytes) {
    const std::size_t n = bytes.size();
    alive_ = ~std::uint64_t{0} >> (64 - n);
    n_blocks_ = (n + kBlock - 1) / kBlock;
    std::fill_n(merges_, n_blocks_ * kBlock, kNone);
    for (std::size_t i = 0; i < n; ++i) symbols_[i] = static_cast<unsigned char>(bytes[i]);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      merges_[i] = merge_at(i, found.of_bytes(static_cast<unsigned char>(bytes[i]),
                                              static_cast<unsigned char>(bytes[i + 1])));
    }
    n_ = n;
    merged_at_ = kNowhere;
  }

  // False where nothing is left to do: two parts are left, or more that do not merge.
  bool step(const FoundPairs& found) {
    if (n_ == 2) return false;
    if (merged_at_ != kNowhere) {
      const std::size_t i = merged_at_;
      if (const std::uint64_t before = alive_ & ~(~std::uint64_t{0} << i)) {
        const std::size_t j = 63 - static_cast<std::size_t>(std::countl_zero(before));
        merges_[j] = merge_at(j, found.find(symbols_[j], symbols_[i]));
      }
      const std::uint64_t after = alive_ >> i >> 1;
      merges_[i] =
          after == 0 ? kNone : merge_at(i, found.find(symbols_[i], symbols_[next_of(i, after)]));
    }
    std::int32_t first = kNone;
    for (std::size_t block = 0; block < n_blocks_; ++block) {
      for (std::size_t k = 0; k < kBlock; ++k) first = std::min(first, merges_[block * kBlock + k]);
    }
    if (first == kNone) return false;
    const auto i = static_cast<std::size_t>(first) % kMaxLaneBytes;
    const std::size_t gone = next_of(i, alive_ >> i >> 1);
    symbols_[i] = static_cast<Symbol>(static_cast<std::size_t>(first) / kMaxLaneBytes);
    merges_[gone] = kNone;
    alive_ &= ~(std::uint64_t{1} << gone);
    if (--n_ == 2) return false;
    if (const std::uint64_t before = alive_ & ~(~std::uint64_t{0} << i)) {
      found.prefetch(symbols_[63 - static_cast<std::size_t>(std::countl_zero(before))],
                     symbols_[i]);
    }
    if (const std::uint64_t after = alive_ >> i >> 1) {
      found.prefetch(symbols_[i], symbols_[next_of(i, after)]);
    }
    merged_at_ = i;
    return true;
  }

  std::optional<std::pair<Symbol, Symbol>> parts() const {
    if (n_ != 2) return std::nullopt;
    return std::pair(symbols_[0], symbols_[next_of(0, alive_ >> 1)]);
  }

 private:
  static constexpr std::size_t kBlock = 8;
  static constexpr std::size_t kNowhere = kMaxLaneBytes;
  static constexpr std::int32_t kNone = 0x7FFFFFFF;

  // Ordered by rank, then by place. A symbol has 21 bits and a place 6.
  static std::int32_t merge_at(std::size_t i, Symbol product) {
    return product == 0 ? kNone : static_cast<std::int32_t>(product * kMaxLaneBytes + i);
  }
  // Place of the symbol after the one at i; `after` is the places from i + 1 on.
  static std::size_t next_of(std::size_t i, std::uint64_t after) {
    return i + 1 + static_cast<std::size_t>(std::countr_zero(after));
  }

  std::uint64_t alive_;  // places that hold a symbol
  std::size_t n_;        // how many
  std::size_t n_blocks_;
  std::size_t merged_at_;  // by the last step; its pairs are still to be looked up
  Symbol symbols_[kMaxLaneBytes];
  std::int32_t merges_[kMaxLaneBytes];  // of the symbol at a place and the one after it
};

using Parts = std::pair<Symbol, Symbol>;

// Finds the pair of one product after another.
class InOrder {
 public:
  explicit InOrder(const TokenTable& tokens)
      : tokens_(tokens),
        found_(tokens.size() - 256),
        result_{PairTable(tokens.size() - 256), {}},
        symbol_of_row_(tokens.size(), kNoSymbol) {
    result_.merges.reserve(tokens.size() - 256);
    ranks_.reserve(tokens.size() - 256);
    ids_.reserve(tokens.size());
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      const std::uint32_t row = tokens.row_of(ByteSpan(&c, 1));
      symbol_of_row_[row] = byte;
      ids_.push_back(tokens.id(row));
    }
  }

  // `products` are in rank order. rank_of(i, pair) is the rank of a pair of ids whose bytes are
  // those of products[i], kNoRank where it does not merge.
  //
  // Products go through their first merges side by side, as many as there are lanes. A pair found
  // within such a batch ranks above all that were found before it, so a product that comes to two
  // parts without it would not use it; one that does not is looked at again in its turn.
  template <typename RankOf>
  std::optional<FiringMerges> find(std::span<const std::uint32_t> products, const RankOf& rank_of) {
    std::vector<std::size_t> not_made;
    for (std::size_t begin = 0; begin < products.size(); begin += kLanes) {
      const auto batch = products.subspan(begin, std::min(kLanes, products.size() - begin));
      run_lanes(batch);
      for (std::size_t k = 0; k < batch.size(); ++k) {
        const bool in_lane = tokens_.bytes(batch[k]).size() <= kMaxLaneBytes;
        auto parts = in_lane ? lanes_[k].parts() : std::nullopt;
        if (!parts) parts = parts_of(batch[k]);
        const std::uint32_t rank = parts ? rank_of(begin + k, ids_of(*parts)) : kNoRank;
        if (rank == kNoRank) {
          not_made.push_back(begin + k);
        } else {
          add(batch[k], *parts, rank);
        }
      }
    }
    for (const std::size_t i : not_made) {
      const auto parts = parts_of(products[i]);
      if (parts && rank_of(i, ids_of(*parts)) != kNoRank) return std::nullopt;
    }
    fill_pairs();
    for (std::uint32_t row = 0; row < tokens_.size(); ++row) {
      if (symbol_of_row_[row] == kNoSymbol) result_.unreachable.push_back(tokens_.id(row));
    }
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kLanes = 32;
  static constexpr Symbol kNoSymbol = 0xFFFFFFFFu;

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
    const std::size_t n =
        merge_symbols(result_.pairs, spelled_.data(), spelled_.size(), scratch_, 2);
    if (n != 2) return std::nullopt;
    return Parts(symbol_of_row_[tokens_.row_of(spelled_[0])],
                 symbol_of_row_[tokens_.row_of(spelled_[1])]);
  }

  void add(std::uint32_t row, Parts parts, std::uint32_t rank) {
    const auto product = static_cast<Symbol>(ids_.size());
    found_.insert(parts.first, parts.second, product);
    result_.merges.push_back({ids_of(parts), tokens_.id(row)});
    ranks_.push_back(rank);
    symbol_of_row_[row] = product;
    ids_.push_back(tokens_.id(row));
  }

  // Brings the table of the result up to what was found; only long tokens need it before the end.
  void fill_pairs() {
    for (; n_filled_ < ranks_.size(); ++n_filled_) {
      const FiringMerge& merge = result_.merges[n_filled_];
      result_.pairs.insert(merge.pair, {ranks_[n_filled_], merge.product});
    }
  }

  Pair ids_of(Parts parts) const { return {ids_[parts.first], ids_[parts.second]}; }

  const TokenTable& tokens_;
  FoundPairs found_;
  Lane lanes_[kLanes];
  FiringMerges result_;
  std::vector<std::uint32_t> ranks_;  // of the result's merges
  std::size_t n_filled_ = 0;          // merges that are in the result's table
  std::vector<TokenId> ids_;          // of the symbols
  std::vector<Symbol> symbol_of_row_;
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
  return InOrder(tokens).find(products,
                              [&](std::size_t i, Pair) { return tokens.id(products[i]); });
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
  return InOrder(tokens).find(in_turn, [&](std::size_t i, Pair pair) {
    // From the last on: of a pair that stands twice, the later row counts.
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    std::size_t row = ends[i];
    while (row > begin && merges[row - 1] != pair) --row;
    return row == begin ? kNoRank : static_cast<std::uint32_t>(row - 1);
  });
}

}  // namespace bytestride
