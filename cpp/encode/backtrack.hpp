#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vocab/merge_symbols.hpp"
#include "vocab/prefix_trie.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

struct BacktrackScratch {
  std::vector<std::uint64_t> dead;
  MergeScratch merge;
};

class Backtracker {
 public:
  explicit Backtracker(const Vocab& vocab);

  bool usable() const { return usable_; }
  std::size_t n_bytes() const;

  std::size_t encode(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const;

  std::size_t search(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const;

 private:
  struct Token {
    std::uint32_t left, right;
    std::uint32_t least_as_left, least_as_right;
    std::uint32_t length;
    std::uint32_t shorter;
    TokenId id;
    std::uint32_t time;
  };
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  std::uint32_t product_of(std::uint32_t a, std::uint32_t b) const;
  bool wins_tie(std::uint32_t product, std::uint32_t above_a, std::uint32_t above_b) const;
  bool may_follow(std::uint32_t a, std::uint32_t b, std::size_t& steps) const;

  bool usable_ = false;
  HashSeed seed_;
  PrefixTrie trie_;
  PageArray<Token> tokens_;
  std::size_t n_tokens_ = 0;
  std::vector<std::uint32_t> pairs_;
  std::size_t pair_mask_ = 0;
  unsigned product_bits_ = 0;
  const Vocab* vocab_;
};

}  // namespace bytestride
