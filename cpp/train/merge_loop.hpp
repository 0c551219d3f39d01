// The merge loop: the most frequent pair becomes a token, again and again, exactly as if all pairs
// were recounted each time; ties go as the rules say (merge_rules.hpp).
//
// A pair's count never rises after the step that made it: all its occurrences appear when the
// younger of its two tokens does. Three things follow.
//
//   lists      each pair's positions (word_cells.hpp) are written once, ascending; a merge walks
//              its list and skips what has changed since
//   heap       entries are put back with their present count where that has fallen, so that the
//              top is the true maximum
//   threshold  a pair that is rarer than the threshold when it is made is forgotten at once: no
//              list, no entry. As long as what merges is not rarer than that, nothing is missed;
//              when nothing else is left, all pairs are collected anew with a lower threshold
//
// Cost: O(bytes) for each collection (there are few), then the number of positions that change,
// times log for the heap. Memory: 4 bytes a cell, 4 a position of the pairs that are kept.
#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/types.hpp"
#include "train/merge_rules.hpp"
#include "train/pair_map.hpp"
#include "train/position_lists.hpp"
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

  // The words are copied. n_expected: about how many tokens will be learned; it is a hint for the
  // first threshold, and changes no result. Throws InvalidArgument for rules that contradict
  // themselves or the words.
  MergeLoop(const WordCounts& words, MergeRules rules, std::size_t n_expected);
  MergeLoop(const MergeLoop&) = delete;  // the heap's order looks into its loop
  MergeLoop& operator=(const MergeLoop&) = delete;

  // Merges pairs in this order, whatever their counts, into tokens of these ids: what was learned
  // before. Precondition: nothing was run yet. Throws InvalidArgument for a pair of unknown tokens
  // or a product with other bytes than an existing token's.
  void replay(std::span<const Pair> pairs, std::span<const TokenId> products);

  // Learns merges until there are n_tokens new tokens more. Returns how many there are: fewer means
  // that no pair is left that may merge.
  std::size_t run(std::size_t n_tokens);

  // All merges, replayed ones too.
  const std::vector<Learned>& learned() const { return learned_; }

 private:
  using Position = WordCells::Position;

  struct PairState {
    std::uint64_t count;
    Position* positions;
    std::uint32_t n_positions;
    std::uint32_t n_passed;  // at the front of the list, which have changed
  };
  struct Candidate {
    std::uint64_t count;
    Pair pair;
    std::uint32_t number;
    Position first;  // where the pair stands first; only for TieBreak::first_seen
  };
  // Whether one candidate merges later than another.
  struct Later {
    const MergeLoop* loop;
    bool operator()(const Candidate& a, const Candidate& b) const;
  };
  // What one merge changes beside one kind of neighbour: dense by neighbour id, so that a pair is
  // looked up once per neighbour and not once per occurrence.
  struct NeighbourChanges {
    struct Event {
      TokenId neighbour;
      Position position;
    };
    std::vector<std::uint64_t> lost;    // of the old pair with the neighbour
    std::vector<std::uint64_t> gained;  // of the new pair
    std::vector<std::uint32_t> n_positions;
    std::vector<TokenId> touched;
    std::vector<Event> events;

    void make_room(TokenId id);
    void add(TokenId neighbour, std::uint64_t weight, Position position);
    void clear();
  };

  // The token that a merge makes, and whether another merge made it before.
  struct Product {
    TokenId id;
    bool was_made;
  };

  bool may_pair(TokenId left, TokenId right) const;
  void collect_pairs(std::uint64_t threshold);
  void add_pair(Pair pair, std::uint64_t count, Position* positions);
  Position first_place(Pair pair, PairState& state) const;
  bool is_stale(Candidate& candidate);
  Product product_of(Pair pair);
  // Both return how many occurrences there were.
  std::uint64_t merge(Pair pair, Product product);
  std::uint64_t replace_occurrences(const PairState& state, Pair pair, TokenId product);
  void settle(NeighbourChanges& changes, Pair merged, TokenId product, bool neighbour_is_left);

  MergeRules rules_;
  std::unordered_map<std::string, TokenId> existing_;
  WordCells cells_;
  std::vector<std::string> tokens_;  // the bytes of each id; none where no merge made it yet
  std::vector<std::uint32_t> n_bytes_;
  std::uint64_t first_threshold_;
  std::uint64_t threshold_ = 0;  // 0: pairs were not collected yet
  PairMap numbers_;
  std::vector<PairState> pairs_;
  PositionLists lists_;
  std::priority_queue<Candidate, std::vector<Candidate>, Later> candidates_;
  NeighbourChanges left_;
  NeighbourChanges right_;
  std::vector<std::uint32_t> list_of_neighbour_;
  std::vector<Learned> learned_;
};

}  // namespace bytestride
