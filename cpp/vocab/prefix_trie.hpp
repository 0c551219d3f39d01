// The longest token that a text begins with: a trie walked two bytes at a time.
//
// Nodes stand at even depths. The first two bytes index a dense array; further steps are edges
// (node, two bytes) -> node and (node, last byte) -> token in one open-addressing table, at most
// half full, 8 bytes an edge. A token's node has the token's number; the nodes that are no token
// are numbered behind them and know the longest token above them. So a walk keeps nothing but the
// node it is at. Cost: a probe for every two bytes, and none where a node has no such edge.
// Immutable once built; cl100k takes 4.3 MiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"

namespace bytestride {

class PrefixTrie {
 public:
  // Nodes have 22 bits in an edge.
  static constexpr std::uint32_t kMaxNodes = std::uint32_t{1} << 22;
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  PrefixTrie() = default;
  // Token i has the bytes tokens[i]; the first 256 are the single bytes in order, all differ. Where
  // the tokens need more than kMaxNodes nodes, ok() is false and nothing may be looked up.
  explicit PrefixTrie(const std::vector<ByteSpan>& tokens);

  bool ok() const { return ok_; }
  // The longest token that is a proper prefix of token i, or kNone.
  const std::vector<std::uint32_t>& shorter() const { return shorter_; }
  std::size_t n_bytes() const;

  // The longest token at p. Adds the number of probes to `steps`. Precondition: p < end.
  std::uint32_t longest(const char* p, const char* end, std::size_t& steps) const {
    if (end - p < 2) return static_cast<unsigned char>(*p);
    std::uint32_t at = roots_[pair_at(p)];
    p += 2;
    while (at & kHasTwo) {
      if (end - p < 2) break;
      ++steps;
      const std::uint32_t next = find(edge_key(at >> kFlagBits, pair_at(p)));
      if (next == kNone) break;
      at = next;
      p += 2;
    }
    if ((at & kHasOne) && p < end) {
      ++steps;
      const std::uint32_t token = find(edge_key(at >> kFlagBits, kLastByte | byte_at(p)));
      if (token != kNone) return token >> kFlagBits;
    }
    const std::uint32_t node = at >> kFlagBits;
    return node < n_tokens_ ? node : best_[node - n_tokens_];
  }

 private:
  // What an edge leads to: a node and whether edges of two bytes and of one leave it.
  static constexpr unsigned kFlagBits = 2, kTargetBits = 24;
  static constexpr std::uint32_t kHasTwo = 1, kHasOne = 2;
  static constexpr std::uint32_t kLastByte = 1u << 16;

  static std::uint32_t byte_at(const char* p) { return static_cast<unsigned char>(*p); }
  static std::uint32_t pair_at(const char* p) { return byte_at(p) | byte_at(p + 1) << 8; }
  static std::uint64_t edge_key(std::uint32_t node, std::uint32_t bytes) {
    return std::uint64_t{node} << 17 | bytes;
  }

  std::uint32_t find(std::uint64_t key) const {
    std::size_t i = hash_u64(key, seed_) & mask_;
    while (edges_[i] >> kTargetBits != key) {
      if (edges_[i] == 0) return kNone;
      i = (i + 1) & mask_;
    }
    return static_cast<std::uint32_t>(edges_[i]) & ((1u << kTargetBits) - 1);
  }

  void grow(std::size_t n_slots);
  std::size_t slot_of(std::uint64_t key) const;
  bool add_token(ByteSpan bytes, std::uint32_t token);

  HashSeed seed_{};
  bool ok_ = false;
  std::uint32_t n_tokens_ = 0;
  PageArray<std::uint32_t> roots_;  // by the first two bytes; never empty, for each byte is a token
  PageArray<std::uint64_t> edges_;  // key << 24 | target; 0: none (a parent is never node 0)
  std::size_t mask_ = 0;
  std::size_t n_edges_ = 0;
  std::vector<std::uint32_t> best_;  // of the nodes that are no token
  std::vector<std::uint32_t> shorter_;
};

}  // namespace bytestride
