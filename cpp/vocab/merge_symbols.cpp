#include "vocab/merge_symbols.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::uint32_t kEnd = 0xFFFFFFFFu;

// Sorted by rank, then by position: the smallest is the next merge, and the leftmost on ties.
constexpr std::uint64_t heap_entry(std::uint32_t rank, std::uint32_t position) {
  return (std::uint64_t{rank} << 32) | position;
}

}  // namespace

std::size_t merge_by_scan(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          std::size_t stop_at) {
  BYTESTRIDE_ASSERT(n <= kMaxScannedSymbols);
  Merge merges[kMaxScannedSymbols];  // merges[i]: of symbols i and i + 1
  for (std::size_t i = 0; i + 1 < n; ++i) merges[i] = pairs.find(symbols[i], symbols[i + 1]);
  while (n > stop_at && n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == kNoRank) break;
    symbols[best] = merges[best].product;
    std::copy(symbols + best + 2, symbols + n, symbols + best + 1);
    std::copy(merges + best + 1, merges + n - 1, merges + best);
    --n;
    if (best > 0) merges[best - 1] = pairs.find(symbols[best - 1], symbols[best]);
    if (best + 1 < n) merges[best] = pairs.find(symbols[best], symbols[best + 1]);
  }
  return n;
}

std::size_t merge_by_heap(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          MergeScratch& scratch, std::size_t stop_at) {
  if (n < 2) return n;
  // Named one by one: a lambda may not capture structured bindings in clang before 16.
  auto& previous = scratch.previous;
  auto& next = scratch.next;
  auto& merges = scratch.merges;
  auto& heap = scratch.heap;
  previous.resize(n);
  next.resize(n);
  merges.assign(n, Merge{kNoRank, kNoToken});
  heap.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const auto position = static_cast<std::uint32_t>(i);
    previous[i] = i == 0 ? kEnd : position - 1;
    next[i] = i + 1 == n ? kEnd : position + 1;
    if (i + 1 == n) break;
    merges[i] = pairs.find(symbols[i], symbols[i + 1]);
    if (merges[i].rank != kNoRank) heap.push_back(heap_entry(merges[i].rank, position));
  }
  const auto later = std::greater<>{};
  std::make_heap(heap.begin(), heap.end(), later);
  const auto renew = [&](std::uint32_t i) {
    merges[i] = pairs.find(symbols[i], symbols[next[i]]);
    if (merges[i].rank == kNoRank) return;
    heap.push_back(heap_entry(merges[i].rank, i));
    std::push_heap(heap.begin(), heap.end(), later);
  };
  std::size_t left = n;
  while (left > stop_at && !heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const std::uint64_t entry = heap.back();
    heap.pop_back();
    const auto i = static_cast<std::uint32_t>(entry);
    if (merges[i].rank != entry >> 32) continue;  // a neighbour has merged since
    const std::uint32_t gone = next[i];
    symbols[i] = merges[i].product;
    merges[gone].rank = kNoRank;
    merges[i].rank = kNoRank;
    next[i] = next[gone];
    --left;
    if (next[i] != kEnd) {
      previous[next[i]] = i;
      renew(i);
    }
    if (previous[i] != kEnd) renew(previous[i]);
  }
  std::size_t written = 0;
  for (std::uint32_t i = 0; i != kEnd; i = next[i]) symbols[written++] = symbols[i];
  return written;
}

std::size_t merge_symbols(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          MergeScratch& scratch, std::size_t stop_at) {
  return n <= kMaxScannedSymbols ? merge_by_scan(pairs, symbols, n, stop_at)
                                 : merge_by_heap(pairs, symbols, n, scratch, stop_at);
}

}  // namespace bytestride
