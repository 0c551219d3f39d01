// The merge loop: the most frequent pair becomes a token, again and again, exactly as if all pairs
// were recounted each time; ties go as the rules say (merge_rules.hpp).
//
// A pair's count never rises after the step that made it: all its occurrences appear when the
// younger of its two symbols does. Three things follow.
//
//   lists      each pair's positions (word_cells.hpp) are written once, ascending; a merge walks
//              its list and skips what has changed since
//   threshold  a pair that is rarer than the threshold when it is made is forgotten at once. As
//              long as what merges is not rarer, nothing is missed; when nothing else is left, all
//              pairs are collected anew with a lower threshold
//   heap       of the pairs above a level only, which is lowered when they are used up; entries are
//              put back with their present count where that has fallen
//
// Cost: O(bytes) for each collection (there are few), then the number of positions that change.
// Memory: 2 to 4 bytes a cell, up to 8 a position of the pairs that are kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/types.hpp"
#include "train/merge_rules.hpp"
#include "train/pair_map.hpp"
#include "train/position_lists.hpp"
#include "train/token_tree.hpp"
#include "train/word_cells.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

class MergeLoop {
 public:
  struct Learned {
    Pair pair;
    TokenId product;
    std::uint64_t count;     // of the pair before the merge; in runs every position counts
    std::uint64_t n_merged;  // how many occurrences became the product: so many tokens fewer
  };

  // The words are copied. n_expected: about how many tokens will be learned, from which the first
  // threshold is guessed, unless it is given; neither changes a result. Throws InvalidArgument for
  // rules that contradict themselves or the words.
  MergeLoop(const WordCounts& words, MergeRules rules, std::size_t n_expected,
            std::uint64_t first_threshold = 0);

  // Merges pairs in this order, whatever their counts, into tokens of these ids: what was learned
  // before. Throws InvalidArgument, and then has merged nothing, for a pair of unknown tokens, a
  // product whose bytes or id are another token's, or after run().
  void replay(std::span<const Pair> pairs, std::span<const TokenId> products);

  // Learns merges until there are n_tokens new tokens more. Returns how many there are: fewer means
  // that no pair is left that may merge.
  std::size_t run(std::size_t n_tokens);

  // All merges, replayed ones too.
  const std::vector<Learned>& learned() const { return learned_; }

 private:
  using Position = WordCells::Position;
  static constexpr Symbol kNoSymbol = 0xFFFFFFFFu;

  struct PairState {
    std::uint64_t count;
    Pair pair;  // of symbols
    Position* positions;
    std::uint32_t n_positions;
    std::uint32_t n_passed;  // at the front of the list, which have changed
  };
  struct Candidate {
    std::uint64_t count;
    std::uint64_t key;  // the smaller one merges first
    std::uint32_t number;
  };
  // What changes beside one kind of neighbour: dense by its symbol, so that a pair is looked up
  // once per neighbour and not once per occurrence.
  struct Neighbours {
    struct Change {
      std::uint64_t lost;    // of the old pair with the neighbour
      std::uint64_t gained;  // of the new pair
      std::uint32_t n_positions;
      std::uint32_t number;  // of the new pair
    };
    struct Event {
      Symbol neighbour;
      Position position;
    };
    std::vector<Change> of;
    std::vector<Symbol> touched;
    std::vector<Event> events;  // the first n_events are in use
    std::size_t n_events = 0;

    void make_room(std::size_t n_symbols, std::size_t n_events_at_most);
    void add(Symbol neighbour, std::uint64_t weight, Position position);
    void clear();
  };
  // A token whose id was given.
  struct Known {
    TokenId id;
    Symbol symbol;  // kNoSymbol until a merge makes it
  };

  void know(std::string bytes, TokenId id);
  Symbol product_of(Pair pair);
  bool is_kept(Pair pair, std::uint64_t count) const;

  void collect_pairs(std::uint64_t threshold);
  template <typename Cell>
  void collect_from(const Cell* cells);
  std::uint32_t add_pair(Pair pair, std::uint64_t count, Position* positions);

  bool merges_later(const Candidate& a, const Candidate& b) const;
  Candidate candidate_of(std::uint32_t number);
  Position first_place(PairState& state) const;
  void push(Candidate candidate);
  Candidate pop();
  bool refill();

  void merge(std::uint32_t number, Symbol product);
  template <typename Cell>
  std::uint64_t replace_occurrences(Cell* cells, const PairState& state, Symbol product);
  void settle(Neighbours& side, Symbol old, Symbol product, bool neighbour_is_left);

  MergeRules rules_;
  WordCells cells_;
  TokenTree tree_;
  std::vector<TokenId> ids_;  // of each symbol
  std::unordered_map<std::string, Known> known_;
  std::unordered_set<TokenId> given_ids_;
  std::size_t longest_known_ = 0;
  std::uint64_t first_threshold_;
  std::uint64_t threshold_ = 0;  // 0: pairs were not collected yet
  std::uint64_t level_ = 0;      // the heap holds the pairs that had so many when it was filled
  bool is_replaying_ = false;
  PairMap replayed_;
  PairMap numbers_;
  std::vector<PairState> pairs_;
  PositionLists lists_;
  std::vector<Candidate> candidates_;
  Neighbours left_;
  Neighbours right_;
  std::vector<Learned> learned_;
};

}  // namespace bytestride
