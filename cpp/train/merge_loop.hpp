// The merge loop: the most frequent pair becomes a token, again and again, exactly as if all pairs
// were recounted each time; ties go to the smaller (left id, right id).
//
// Layout. All different words lie side by side in one array with a cell per byte and a separator
// between words, the frequent words first. A token of n bytes has its id in its first and its last
// cell, so both neighbours of a token are one load away, and no word is ever rescanned however long
// it is. A word's count is a falling step function of its position. Each pair has the ascending
// list of the positions where it was made; a merge walks its list and skips what has changed since.
//
// A pair's count never rises after the step that made it (all its occurrences appear when the
// younger of its two tokens does). Hence lists are written once, and a heap whose stale entries are
// put back with their present count always shows the true maximum. Cost: O(bytes) to build, then
// the number of positions that change, times log for the heap.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <vector>

#include "base/types.hpp"
#include "train/pair_map.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

class MergeLoop {
 public:
  struct Learned {
    Pair pair;
    std::uint64_t count;  // of the pair before the merge; in runs every position counts
  };

  // base_ids[b] is the id of byte b, a permutation of 0..255. The words are copied.
  MergeLoop(const WordCounts& words, const std::array<TokenId, 256>& base_ids);

  // Learns up to n_merges more; the next token's id is 256 + learned().size(). Returns how many it
  // learned: fewer means that no pair is left.
  std::size_t run(std::size_t n_merges);

  const std::vector<Learned>& learned() const { return learned_; }

 private:
  using Position = std::uint32_t;

  struct PairState {
    std::uint64_t count;
    std::size_t first_position;  // index of its list in positions_
    std::uint32_t n_positions;
  };
  struct Candidate {
    std::uint64_t count;
    Pair pair;
    std::uint32_t number;

    // The lesser candidate in the heap's sense merges later.
    friend bool operator<(const Candidate& a, const Candidate& b) {
      return a.count != b.count ? a.count < b.count : a.pair > b.pair;
    }
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
  };

  void lay_out(const WordCounts& words, const std::array<TokenId, 256>& base_ids);
  void collect_base_pairs();
  std::uint64_t weight_at(Position position, std::size_t& step) const;
  void merge(std::uint32_t number, Pair pair, TokenId product);
  void replace_occurrences(const PairState& state, Pair pair, TokenId product);
  void settle(NeighbourChanges& changes, Pair merged, TokenId product, bool neighbour_is_left);
  void add_pair(Pair pair, std::uint64_t count, std::size_t first_position,
                std::uint32_t n_positions);

  std::vector<TokenId> cells_;
  std::vector<std::uint32_t> n_bytes_;  // of each token
  std::vector<Position> step_starts_;   // where the words' count falls
  std::vector<std::uint64_t> step_weights_;
  PairMap numbers_;
  std::vector<PairState> pairs_;
  std::vector<Position> positions_;
  std::priority_queue<Candidate> candidates_;
  NeighbourChanges left_;
  NeighbourChanges right_;
  std::vector<std::uint32_t> list_of_neighbour_;
  std::vector<Learned> learned_;
};

}  // namespace bytestride
