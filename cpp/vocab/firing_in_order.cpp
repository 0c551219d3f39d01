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
constexpr Symbol kNoSymbol = 0xFFFFFFFFu;
constexpr unsigned kSymbolBits = 21;
constexpr std::size_t kMaxSymbols = (std::size_t{1} << kSymbolBits) - 1;

// The pairs found so far. Pairs of two bytes, which are looked up most, have a dense table.
class FoundPairs {
 public:
  explicit FoundPairs(std::size_t n_pairs)
      : multiplier_(process_hash_seed().b | 1),
        shift_(std::countl_zero(std::bit_ceil(2 * n_pairs + 2) - 1)),
        of_bytes_(std::size_t{1} << 16),
        slots_(std::bit_ceil(2 * n_pairs + 2)) {}

  void insert(Symbol left, Symbol right, Symbol product) {
    if ((left | right) < 256) {
      of_bytes_[left << 8 | right] = product;
      return;
    }
    const std::uint64_t pair = pair_of(left, right);
    std::size_t i = home_of(pair);
    while (slots_[i] != 0) i = next(i);
    slots_[i] = pair << kSymbolBits | product;
  }

  Symbol of_bytes(unsigned char left, unsigned char right) const {
    const Symbol product = of_bytes_[std::size_t{left} << 8 | right];
    return product == 0 ? kNoSymbol : product;
  }

  Symbol find(Symbol left, Symbol right) const {
    if ((left | right) < 256) {
      return of_bytes(static_cast<unsigned char>(left), static_cast<unsigned char>(right));
    }
    const std::uint64_t pair = pair_of(left, right);
    for (std::size_t i = home_of(pair); slots_[i] != 0; i = next(i)) {
      if (slots_[i] >> kSymbolBits == pair) {
        return static_cast<Symbol>(slots_[i]) & static_cast<Symbol>(kMaxSymbols);
      }
    }
    return kNoSymbol;
  }

 private:
  static std::uint64_t pair_of(Symbol left, Symbol right) {
    return std::uint64_t{left} << kSymbolBits | right;
  }
  std::size_t home_of(std::uint64_t pair) const { return (pair * multiplier_) >> shift_; }
  std::size_t next(std::size_t i) const { return (i + 1) & (~std::uint64_t{0} >> shift_); }

  std::uint64_t multiplier_;
  int shift_;
  PageArray<Symbol> of_bytes_;
  PageArray<std::uint64_t> slots_;  // pair and product; 0: empty, for a product is at least 256
};

// Merges the symbols of a word of at most kMaxScannedSymbols bytes until two are left or none
// merges; returns how many are left.
std::size_t merge_to_two(const FoundPairs& found, ByteSpan bytes, Symbol* symbols) {
  Symbol products[kMaxScannedSymbols];  // products[i]: of symbols i and i + 1
  std::size_t n = bytes.size();
  for (std::size_t i = 0; i < n; ++i) symbols[i] = static_cast<unsigned char>(bytes[i]);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    products[i] = found.of_bytes(static_cast<unsigned char>(bytes[i]),
                                 static_cast<unsigned char>(bytes[i + 1]));
  }
  while (n > 2) {
    std::size_t best = 0;
    Symbol product = products[0];
    for (std::size_t i = 1; i + 1 < n; ++i) {
      best = products[i] < product ? i : best;
      product = std::min(products[i], product);
    }
    if (product == kNoSymbol) break;
    symbols[best] = product;
    for (std::size_t i = best + 1; i + 1 < n; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best; i + 2 < n; ++i) products[i] = products[i + 1];
    --n;
    if (best > 0) products[best - 1] = found.find(symbols[best - 1], symbols[best]);
    if (best + 1 < n) products[best] = found.find(symbols[best], symbols[best + 1]);
  }
  return n;
}

// Finds the pair of one token after another.
class InOrder {
 public:
  InOrder(const TokenTable& tokens, std::size_t n_products)
      : tokens_(tokens), found_(n_products), result_{PairTable(n_products), {}} {
    result_.merges.reserve(n_products);
    ids_.reserve(256 + n_products);
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      ids_.push_back(tokens.id(tokens.row_of(ByteSpan(&c, 1))));
    }
    symbol_of_row_.resize(tokens.size());
    for (Symbol byte = 0; byte < 256; ++byte) symbol_of_row_[tokens.row_of(ids_[byte])] = byte;
  }

  // The last two parts of the token's bytes under the pairs found so far, if it comes to two.
  std::optional<std::pair<Symbol, Symbol>> parts_of(std::uint32_t row) {
    const ByteSpan bytes = tokens_.bytes(row);
    if (bytes.size() <= kMaxScannedSymbols) {
      Symbol symbols[kMaxScannedSymbols];
      if (merge_to_two(found_, bytes, symbols) != 2) return std::nullopt;
      return std::pair(symbols[0], symbols[1]);
    }
    spelled_.clear();
    for (const char byte : bytes) spelled_.push_back(ids_[static_cast<unsigned char>(byte)]);
    const std::size_t n =
        merge_symbols(result_.pairs, spelled_.data(), spelled_.size(), scratch_, 2);
    if (n != 2) return std::nullopt;
    return std::pair(symbol_of_row_[tokens_.row_of(spelled_[0])],
                     symbol_of_row_[tokens_.row_of(spelled_[1])]);
  }

  Pair ids_of(std::pair<Symbol, Symbol> parts) const {
    return {ids_[parts.first], ids_[parts.second]};
  }

  void add(std::uint32_t row, std::pair<Symbol, Symbol> parts, std::uint32_t rank) {
    const auto product = static_cast<Symbol>(ids_.size());
    const TokenId id = tokens_.id(row);
    found_.insert(parts.first, parts.second, product);
    result_.pairs.insert(ids_of(parts), {rank, id});
    result_.merges.push_back({ids_of(parts), id});
    symbol_of_row_[row] = product;
    ids_.push_back(id);
  }

  FiringMerges take() { return std::move(result_); }

 private:
  const TokenTable& tokens_;
  FoundPairs found_;
  FiringMerges result_;
  std::vector<TokenId> ids_;  // of the symbols
  std::vector<Symbol> symbol_of_row_;
  MergeScratch scratch_;
  std::vector<TokenId> spelled_;
};

}  // namespace

std::optional<FiringMerges> firing_of_ranks_in_order(const TokenTable& tokens) {
  if (tokens.size() > kMaxSymbols) return std::nullopt;
  InOrder in_order(tokens, tokens.size() - 256);
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    if (tokens.bytes(row).size() < 2) continue;
    const auto parts = in_order.parts_of(row);
    if (!parts) return std::nullopt;
    in_order.add(row, *parts, tokens.id(row));
  }
  return in_order.take();
}

std::optional<FiringMerges> firing_of_rows_in_order(const TokenTable& tokens,
                                                    std::span<const Pair> merges,
                                                    std::span<const std::uint32_t> products) {
  if (tokens.size() > kMaxSymbols) return std::nullopt;
  InOrder in_order(tokens, tokens.size() - 256);
  std::vector<bool> made(tokens.size());
  for (std::size_t begin = 0, end; begin < merges.size(); begin = end) {
    const std::uint32_t product = products[begin];
    end = begin + 1;
    while (end < merges.size() && products[end] == product) ++end;
    if (made[product]) return std::nullopt;
    made[product] = true;
    const auto parts = in_order.parts_of(product);
    if (!parts) return std::nullopt;
    // From the last on: of a pair that stands twice, the later row counts.
    std::size_t row = end;
    while (row > begin && merges[row - 1] != in_order.ids_of(*parts)) --row;
    if (row == begin) return std::nullopt;
    in_order.add(product, *parts, static_cast<std::uint32_t>(row - 1));
  }
  FiringMerges result = in_order.take();
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    if (!made[row] && tokens.bytes(row).size() > 1) result.unreachable.push_back(tokens.id(row));
  }
  return result;
}

}  // namespace bytestride
