#include "encode/merge_blocks.hpp"

#include <algorithm>

#include "simd/backend.hpp"
#include "simd/targets.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kBlock = 16;
constexpr unsigned kPlaceBits = 4;
constexpr Symbol kPlaceMask = kBlock - 1;
constexpr Symbol kNothing = 0xFFFFFFFFu;
constexpr Symbol kLeastNothing = kNothing << kPlaceBits;
constexpr std::size_t kNone = ~std::size_t{0};
// 16^8 is more than the longest word.
constexpr std::size_t kMaxLevels = 9;

// The pairs of a word and the least of their blocks, of the blocks of those, ... An entry is the
// product and, in levels above the lowest, which entry of its block below has it: the leftmost on
// ties.
class Word {
 public:
  Word(const MergeTable& merges, ByteSpan word, BlockScratch& scratch)
      : merges_(merges), n_live_words_((word.size() + 63) / 64) {
    // Levels of whole blocks, until one block is enough; and the least of that.
    std::size_t sizes[kMaxLevels];
    std::size_t n_entries = 1;
    std::size_t n = word.size();
    do {
      const std::size_t n_blocks = (n + kBlock - 1) / kBlock;
      sizes[n_levels_++] = n_blocks * kBlock;
      n_entries += n_blocks * kBlock;
      n = n_blocks;
    } while (n > 1);
    sizes[n_levels_++] = 1;
    scratch.pairs.assign(n_entries, kNothing);
    scratch.symbols.resize(word.size());
    scratch.live.assign(n_live_words_, ~std::uint64_t{0});
    if (word.size() % 64 != 0) scratch.live.back() >>= 64 - word.size() % 64;
    symbols_ = scratch.symbols.data();
    live_ = scratch.live.data();
    levels_[0] = scratch.pairs.data();
    for (std::size_t k = 1; k < n_levels_; ++k) levels_[k] = levels_[k - 1] + sizes[k - 1];
    for (std::size_t i = 0; i < word.size(); ++i) {
      symbols_[i] = MergeTable::byte_symbol(word[i]);
      if (i + 1 < word.size()) set_pair(i, merges_.product_of_bytes(word[i], word[i + 1]));
    }
    for (std::size_t k = 1; k < n_levels_; ++k) {
      for (std::size_t block = 0; block < sizes[k - 1] / kBlock; ++block) renew(k, block);
    }
  }

  // False where nothing merges any more.
  [[gnu::always_inline]] bool merge_one() {
    const Symbol least = levels_[n_levels_ - 1][0];
    if (least >= kLeastNothing) return false;
    const Symbol product = least >> kPlaceBits;
    std::size_t at = 0;
    for (std::size_t k = n_levels_ - 1; k > 0; --k) {
      at = at * kBlock + (levels_[k][at] & kPlaceMask);
    }
    const std::size_t gone = next(at);
    live_[gone / 64] &= ~(std::uint64_t{1} << gone % 64);
    symbols_[at] = product;
    levels_[0][gone] = kNothing;
    const std::size_t left = previous(at);
    const std::size_t right = next(at);
    set_pair(at, right == kNone ? kNoSymbol : merges_.product(product, symbols_[right]));
    if (left != kNone) set_pair(left, merges_.product(symbols_[left], product));
    renew_above(left == kNone ? at : left, at, gone);
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
  void set_pair(std::size_t at, Symbol product) { levels_[0][at] = product << kPlaceBits; }

  // The entry of a level from its block below.
  [[gnu::always_inline]] void renew(std::size_t level, std::size_t block) {
    const Symbol* const entries = levels_[level - 1] + block * kBlock;
    Symbol least = kNothing;
    for (Symbol i = 0; i < kBlock; ++i) least = std::min(least, (entries[i] & ~kPlaceMask) | i);
    levels_[level][block] = least;
  }
  // All entries above three changed ones, which often have the same.
  [[gnu::always_inline]] void renew_above(std::size_t left, std::size_t at, std::size_t gone) {
    for (std::size_t k = 1; k < n_levels_; ++k) {
      left /= kBlock;
      at /= kBlock;
      gone /= kBlock;
      renew(k, at);
      if (left != at) renew(k, left);
      if (gone != at) renew(k, gone);
    }
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
  std::size_t n_live_words_;
  std::size_t n_levels_ = 0;
  Symbol* levels_[kMaxLevels];  // from the pairs to the least of all
  Symbol* symbols_;
  std::uint64_t* live_;
};

[[gnu::always_inline]] inline void merge_all(Word& word) {
  while (word.merge_one()) {
  }
}

void merge_all_scalar(Word& word) {
  merge_all(word);
}
#if defined(__x86_64__)
BYTESTRIDE_TARGET_AVX2 void merge_all_avx2(Word& word) {
  merge_all(word);
}
BYTESTRIDE_TARGET_AVX512 void merge_all_avx512(Word& word) {
  merge_all(word);
}
#endif

void merge_all_by(Backend backend, Word& word) {
  switch (backend) {
#if defined(__x86_64__)
    case Backend::avx2:
      return merge_all_avx2(word);
    case Backend::avx512:
      return merge_all_avx512(word);
#endif
    default:
      return merge_all_scalar(word);
  }
}

}  // namespace

std::size_t merge_by_blocks(const MergeTable& merges, ByteSpan text, TokenId* out,
                            BlockScratch& scratch) {
  Word word(merges, text, scratch);
  merge_all_by(backend(), word);
  return word.write_ids(out);
}

}  // namespace bytestride
