#include "encode/merge_blocks.hpp"

#include <algorithm>

namespace bytestride {
namespace {

constexpr std::size_t kBlock = 16;
constexpr unsigned kPlaceBits = 4;
constexpr Symbol kNothing = 0xFFFFFFFFu;
constexpr std::size_t kNone = ~std::size_t{0};

class Blocks {
 public:
  Blocks(const MergeTable& merges, ByteSpan word, BlockScratch& scratch)
      : merges_(merges),
        n_blocks_((word.size() + kBlock - 1) / kBlock),
        n_live_words_((word.size() + 63) / 64) {
    scratch.symbols.resize(word.size());
    scratch.pairs.assign(n_blocks_ * kBlock, kNothing);
    scratch.least.resize(n_blocks_);
    scratch.live.assign(n_live_words_, ~std::uint64_t{0});
    if (word.size() % 64 != 0) scratch.live.back() >>= 64 - word.size() % 64;
    symbols_ = scratch.symbols.data();
    pairs_ = scratch.pairs.data();
    least_ = scratch.least.data();
    live_ = scratch.live.data();
    for (std::size_t i = 0; i < word.size(); ++i) {
      symbols_[i] = MergeTable::byte_symbol(word[i]);
      if (i + 1 < word.size()) set_pair(i, merges_.product_of_bytes(word[i], word[i + 1]));
    }
    for (std::size_t b = 0; b < n_blocks_; ++b) renew(b);
  }

  // False where nothing merges any more.
  bool merge_one() {
    // By product alone, and then the first block with it: the leftmost on ties.
    Symbol product = kNothing >> kPlaceBits;
    for (std::size_t b = 0; b < n_blocks_; ++b) {
      product = std::min(product, least_[b] >> kPlaceBits);
    }
    if (product == kNothing >> kPlaceBits) return false;
    std::size_t block = 0;
    while (least_[block] >> kPlaceBits != product) ++block;
    const std::size_t at = block * kBlock + (least_[block] & (kBlock - 1));
    const std::size_t gone = next(at);
    live_[gone / 64] &= ~(std::uint64_t{1} << gone % 64);
    symbols_[at] = product;
    pairs_[gone] = kNothing;
    pairs_[at] = kNothing;
    const std::size_t left = previous(at);
    const std::size_t right = next(at);
    if (left != kNone) set_pair(left, merges_.product(symbols_[left], product));
    if (right != kNone) set_pair(at, merges_.product(product, symbols_[right]));
    renew(block);
    if (gone / kBlock != block) renew(gone / kBlock);
    if (left != kNone && left / kBlock != block) renew(left / kBlock);
    return true;
  }

  std::size_t write_ids(TokenId* out) const {
    std::size_t n = 0;
    for (std::size_t w = 0; w < n_live_words_; ++w) {
      for (std::uint64_t left = live_[w]; left != 0; left &= left - 1) {
        out[n++] = merges_.id_of(symbols_[w * 64 + static_cast<unsigned>(__builtin_ctzll(left))]);
      }
    }
    return n;
  }

 private:
  void set_pair(std::size_t at, Symbol product) {
    pairs_[at] =
        product == kNoSymbol ? kNothing : product << kPlaceBits | static_cast<Symbol>(at % kBlock);
  }
  void renew(std::size_t block) {
    Symbol least = kNothing;
    for (std::size_t i = 0; i < kBlock; ++i) least = std::min(least, pairs_[block * kBlock + i]);
    least_[block] = least;
  }
  // The live symbol behind or before this one, or kNone.
  std::size_t next(std::size_t at) const {
    std::size_t w = at / 64;
    std::uint64_t bits = live_[w] & (~std::uint64_t{1} << at % 64);
    while (bits == 0) {
      if (++w == n_live_words_) return kNone;
      bits = live_[w];
    }
    return w * 64 + static_cast<unsigned>(__builtin_ctzll(bits));
  }
  std::size_t previous(std::size_t at) const {
    std::size_t w = at / 64;
    std::uint64_t bits = live_[w] & ((std::uint64_t{1} << at % 64) - 1);
    while (bits == 0) {
      if (w-- == 0) return kNone;
      bits = live_[w];
    }
    return w * 64 + 63 - static_cast<unsigned>(__builtin_clzll(bits));
  }

  const MergeTable& merges_;
  std::size_t n_blocks_;
  std::size_t n_live_words_;
  Symbol* symbols_;
  Symbol* pairs_;
  Symbol* least_;
  std::uint64_t* live_;
};

}  // namespace

std::size_t merge_by_blocks(const MergeTable& merges, ByteSpan word, TokenId* out,
                            BlockScratch& scratch) {
  Blocks blocks(merges, word, scratch);
  while (blocks.merge_one()) {
  }
  return blocks.write_ids(out);
}

}  // namespace bytestride
