// Slow twins, as a textbook has them: no table, no heap, everything looked at again each time.
// Shared with the fuzz targets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "train/merge_rules.hpp"
#include "vocab/pair_table.hpp"

namespace bytestride::testing {

using PairMerges = std::map<Pair, Merge>;

inline PairTable table_of(const PairMerges& merges) {
  PairTable table(merges.size());
  for (const auto& [pair, merge] : merges) table.insert(pair, merge);
  return table;
}

// The lowest-ranked pair, the leftmost on ties, merges; again, until none does.
inline std::vector<TokenId> merge_naively(const PairMerges& merges, std::vector<TokenId> symbols,
                                          std::size_t stop_at = 1) {
  while (symbols.size() > stop_at) {
    Merge best{kNoRank, kNoToken};
    std::size_t best_at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = merges.find({symbols[i], symbols[i + 1]});
      if (found == merges.end() || found->second.rank >= best.rank) continue;
      best = found->second;
      best_at = i;
    }
    if (best.rank == kNoRank) break;
    symbols[best_at] = best.product;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
  return symbols;
}

// tiktoken's rule, by bytes: of all neighbours that are a token together, the lowest id first.
inline std::vector<TokenId> encode_by_bytes(const std::map<std::string, TokenId>& tokens,
                                            std::string_view word) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  while (true) {
    TokenId best = kNoToken;
    std::size_t best_at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = tokens.find(parts[i] + parts[i + 1]);
      if (found == tokens.end() || found->second >= best) continue;
      best = found->second;
      best_at = i;
    }
    if (best == kNoToken) break;
    parts[best_at] += parts[best_at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& part : parts) ids.push_back(tokens.at(part));
  return ids;
}

struct NaivelyLearned {
  Pair pair;
  std::uint64_t count;

  friend bool operator==(const NaivelyLearned&, const NaivelyLearned&) = default;
};

// Counts every pair of every word anew for each merge. Words stand in the order in which they were
// seen first; merges until there are n_tokens new tokens.
class NaiveTrainer {
 public:
  NaiveTrainer(const std::vector<std::pair<std::string, std::uint64_t>>& words,
               const MergeRules& rules)
      : rules_(rules), next_id_(rules.next_id) {
    for (const auto& [word, count] : words) {
      if (count == 0) continue;  // it stands nowhere
      std::vector<TokenId> ids;
      for (const char c : word) ids.push_back(rules.base_ids[static_cast<unsigned char>(c)]);
      spelled_.push_back({ids, count});
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      bytes_[rules.base_ids[byte]] = std::string(1, static_cast<char>(byte));
    }
    for (const auto& [bytes, id] : rules.existing) ids_[bytes] = id;
  }

  std::vector<NaivelyLearned> run(std::size_t n_tokens) {
    std::vector<NaivelyLearned> learned;
    for (std::size_t n_new = 0; n_new < n_tokens;) {
      const NaivelyLearned best = most_frequent();
      if (best.count < std::max<std::uint64_t>(rules_.min_count, 1)) break;
      const std::string bytes = bytes_[best.pair.left] + bytes_[best.pair.right];
      const auto [known, is_new] = ids_.insert({bytes, next_id_});
      next_id_ += is_new;
      n_new += is_new;
      bytes_[known->second] = bytes;
      replace(best.pair, known->second);
      learned.push_back(best);
    }
    return learned;
  }

  // Tokens that merges made that are to be replayed.
  void know(const std::map<std::string, TokenId>& tokens) {
    for (const auto& [bytes, id] : tokens) {
      ids_[bytes] = id;
      bytes_[id] = bytes;
      next_id_ = std::max(next_id_, id + 1);
    }
  }
  void replace(Pair pair, TokenId product) {
    for (auto& entry : spelled_) {
      std::vector<TokenId> merged;
      const std::vector<TokenId>& ids = entry.first;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool here = i + 1 < ids.size() && ids[i] == pair.left && ids[i + 1] == pair.right;
        merged.push_back(here ? product : ids[i]);
        i += here ? 1 : 0;
      }
      entry.first = std::move(merged);
    }
  }

 private:
  NaivelyLearned most_frequent() {
    std::map<Pair, std::uint64_t> counts;
    std::vector<Pair> in_order;  // of first occurrence
    for (const auto& [ids, count] : spelled_) {
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        const Pair pair{ids[i], ids[i + 1]};
        const std::size_t n_bytes = bytes_[pair.left].size() + bytes_[pair.right].size();
        if (n_bytes > 2 && n_bytes >= rules_.max_token_bytes) continue;
        if (counts.insert({pair, 0}).second) in_order.push_back(pair);
        counts[pair] += count;
      }
    }
    NaivelyLearned best{{0, 0}, 0};
    for (const Pair& pair : in_order) {
      const std::uint64_t count = counts[pair];
      if (count > best.count ||
          (count == best.count && count != 0 && goes_first(pair, best.pair))) {
        best = {pair, count};
      }
    }
    return best;
  }

  bool goes_first(Pair a, Pair b) {
    switch (rules_.tie_break) {
      case TieBreak::smaller_ids:
        return a < b;
      case TieBreak::greater_bytes:
        return std::pair(bytes_[a.left], bytes_[a.right]) >
               std::pair(bytes_[b.left], bytes_[b.right]);
      default:
        return false;  // b was seen before a
    }
  }

  const MergeRules& rules_;
  TokenId next_id_;
  std::map<TokenId, std::string> bytes_;
  std::map<std::string, TokenId> ids_;
  std::vector<std::pair<std::vector<TokenId>, std::uint64_t>> spelled_;
};

// All merges of the plain rules: ties go to the smaller ids.
inline std::vector<NaivelyLearned> train_naively(const std::map<std::string, std::uint64_t>& words,
                                                 const std::array<TokenId, 256>& base_ids,
                                                 std::size_t n_merges) {
  MergeRules rules;
  rules.base_ids = base_ids;
  return NaiveTrainer({words.begin(), words.end()}, rules).run(n_merges);
}

}  // namespace bytestride::testing
