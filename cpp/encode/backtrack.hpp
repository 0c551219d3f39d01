// Long words left to right: the longest token that may follow the last one, and a step back where
// none may. The twin of merge_symbols, for any vocabulary, and linear where that is O(n log n).
//
// Exact: what merging gives is the only row of tokens that spells the word and in which each two
// neighbours are what merging gives for their own bytes (proof in backtrack.cpp). A search for such
// a row cannot find another one, and needs no position twice.
// Cost: some tens of nanoseconds a token; next to nothing for a token that follows two of its kind.
// A word that asks for more than kMaxStepsPerByte is merged after all, so that no vocabulary makes
// it slow. Immutable once built; about 60 bytes a token. Scratch is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory.hpp"
#include "vocab/merge_symbols.hpp"
#include "vocab/prefix_trie.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

struct BacktrackScratch {
  std::vector<std::uint64_t> dead;
  std::vector<std::uint64_t> answers;
  MergeScratch merge;
};

class Backtracker {
 public:
  static constexpr std::size_t kMaxStepsPerByte = 32;

  // Keeps a reference to the vocabulary, which must live as long.
  explicit Backtracker(const Vocab& vocab);

  // False for a vocabulary whose prefixes do not fit the trie (some millions of tokens): encode
  // then merges.
  bool usable() const { return usable_; }
  std::size_t n_bytes() const { return memory_.n_bytes() + ids_.size() * 8; }

  // The ids of one word into `out`, which has room for word.size() of them. Returns how many.
  // Precondition: word.size() < 2^32 - 1.
  std::size_t encode(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const;

  // The search alone, for tests: 0 where the word is empty or takes too many steps; `out` then
  // holds nothing of use. Precondition: usable().
  std::size_t search(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const;

 private:
  // Tokens are numbered: the bytes, then the products of merges in rank order. So a number is a
  // rank as well.
  struct Token {
    std::uint32_t left, right;  // what it is made of
    std::uint32_t time;         // the highest rank that its making takes
    std::uint32_t length;
    // Of the tokens that it is the left part of, and the right part: the least time, and the other
    // part as one bit of 32. Most pairs that do not merge are told by these alone.
    std::uint32_t first_as_left, first_as_right;
    std::uint32_t right_partners, left_partners;
  };

  struct Positions;
  class Answers;

  void number_tokens(std::vector<Token>& tokens, std::vector<ByteSpan>& spellings);
  static void time_tokens(std::vector<Token>& tokens);
  static void note_partners(std::vector<Token>& tokens);
  void settle(const std::vector<Token>& tokens);

  std::uint32_t product_of(std::uint32_t a, std::uint32_t b) const;
  bool comes_first(std::uint32_t product, std::uint32_t above_a, std::uint32_t above_b) const;
  bool may_follow(std::uint32_t a, std::uint32_t b, std::size_t& steps) const;

  const Vocab* vocab_;
  HashSeed seed_;
  bool usable_ = false;
  PrefixTrie trie_;
  // Tokens, the trie's nodes and the pairs lie in one block, to share its huge pages.
  Pages memory_;
  const Token* tokens_ = nullptr;
  const std::uint32_t* pairs_ = nullptr;  // open addressing: a part of the hash, and the product
  std::size_t pair_mask_ = 0;
  unsigned product_bits_ = 0;
  std::vector<std::uint32_t> shorter_;  // the longest token that a token begins with
  std::vector<TokenId> ids_;
};

}  // namespace bytestride
