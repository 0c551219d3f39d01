// Byte-pair merging of one word: the lowest-ranked adjacent pair first, the leftmost on ties, until
// no pair merges.
//
// Two twins give the same answer: a scan for the minimum, O(n^2) and the fastest for short words,
// and a heap over a linked list, O(n log n), for the rest. Symbols are the caller's and change in
// place; scratch grows with the longest word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vocab/pair_table.hpp"

namespace bytestride {

struct MergeScratch {
  std::vector<std::uint32_t> previous;
  std::vector<std::uint32_t> next;
  std::vector<Merge> merges;
  std::vector<std::uint64_t> heap;
};

// Longest word for which the scan is faster.
inline constexpr std::size_t kMaxScannedSymbols = 48;

// Merges until no pair merges or only `stop_at` symbols are left; returns how many are left.
// Precondition: n < 2^32 - 1.
std::size_t merge_symbols(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          MergeScratch& scratch, std::size_t stop_at = 1);

// The twins themselves, for tests. Precondition of the scan: n <= kMaxScannedSymbols.
std::size_t merge_by_scan(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          std::size_t stop_at = 1);
std::size_t merge_by_heap(const PairTable& pairs, TokenId* symbols, std::size_t n,
                          MergeScratch& scratch, std::size_t stop_at = 1);

}  // namespace bytestride
