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

// Counts every pair of every word anew for each merge. Ties go to the smaller (left, right).
inline std::vector<NaivelyLearned> train_naively(const std::map<std::string, std::uint64_t>& words,
                                                 const std::array<TokenId, 256>& base_ids,
                                                 std::size_t n_merges) {
  std::vector<std::pair<std::vector<TokenId>, std::uint64_t>> spelled;
  for (const auto& [word, count] : words) {
    std::vector<TokenId> ids;
    for (const char c : word) ids.push_back(base_ids[static_cast<unsigned char>(c)]);
    spelled.push_back({ids, count});
  }
  std::vector<NaivelyLearned> learned;
  while (learned.size() < n_merges) {
    std::map<Pair, std::uint64_t> counts;
    for (const auto& [ids, count] : spelled) {
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) counts[{ids[i], ids[i + 1]}] += count;
    }
    NaivelyLearned best{{0, 0}, 0};
    for (const auto& [pair, count] : counts) {
      if (count > best.count) best = {pair, count};
    }
    if (best.count == 0) break;
    const auto product = static_cast<TokenId>(256 + learned.size());
    learned.push_back(best);
    for (auto& entry : spelled) {
      std::vector<TokenId> merged;
      const std::vector<TokenId>& ids = entry.first;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool here =
            i + 1 < ids.size() && ids[i] == best.pair.left && ids[i + 1] == best.pair.right;
        merged.push_back(here ? product : ids[i]);
        i += here ? 1 : 0;
      }
      entry.first = std::move(merged);
    }
  }
  return learned;
}

}  // namespace bytestride::testing
