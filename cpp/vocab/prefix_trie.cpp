#include "vocab/prefix_trie.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace bytestride {

PrefixTrie::PrefixTrie(const std::vector<ByteSpan>& tokens)
    : seed_(process_hash_seed()),
      n_tokens_(static_cast<std::uint32_t>(tokens.size())),
      roots_(1 << 16),
      shorter_(tokens.size(), kNone) {
  if (tokens.size() >= kMaxNodes) return;
  for (std::uint32_t pair = 0; pair < 1 << 16; ++pair) roots_[pair] = (pair & 0xFF) << kFlagBits;
  grow(std::bit_ceil(2 * tokens.size() + 2));
  // Shortest first: then a token's node is made as that token's, and all its prefixes are there.
  std::vector<std::uint32_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&tokens](std::uint32_t a, std::uint32_t b) {
    return tokens[a].size() < tokens[b].size();
  });
  for (const std::uint32_t token : order) {
    if (tokens[token].size() > 1 && !add_token(tokens[token], token)) return;
  }
  ok_ = true;
}

std::size_t PrefixTrie::slot_of(std::uint64_t key) const {
  std::size_t i = hash_u64(key, seed_) & mask_;
  while (edges_[i] != 0 && edges_[i] >> kTargetBits != key) i = (i + 1) & mask_;
  return i;
}

void PrefixTrie::grow(std::size_t n_slots) {
  const PageArray<std::uint64_t> old = std::move(edges_);
  const std::size_t n_old = mask_ == 0 ? 0 : mask_ + 1;
  edges_ = PageArray<std::uint64_t>(n_slots);
  mask_ = n_slots - 1;
  for (std::size_t i = 0; i < n_old; ++i) {
    if (old[i] != 0) edges_[slot_of(old[i] >> kTargetBits)] = old[i];
  }
}

// False where nodes run out.
bool PrefixTrie::add_token(ByteSpan bytes, std::uint32_t token) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  // At most one edge a byte is new; where edges move, no pointer to one is held.
  while (2 * (n_edges_ + bytes.size()) > mask_ + 1) grow(2 * (mask_ + 1));
  std::uint32_t* root = &roots_[pair_at(p)];
  std::uint32_t longest_above = byte_at(p);  // of the proper prefixes passed so far
  const auto new_node = [&]() -> std::uint32_t {
    best_.push_back(longest_above);
    return n_tokens_ + static_cast<std::uint32_t>(best_.size()) - 1;
  };
  p += 2;
  if (p == end) {
    *root = token << kFlagBits;
    shorter_[token] = longest_above;
    return true;
  }
  // No node of the first two bytes yet: there stands the number of a byte, which is no node.
  if (*root >> kFlagBits < 256) *root = new_node() << kFlagBits;
  std::uint32_t node = *root >> kFlagBits;
  std::size_t edge = 0;  // that led to the node
  const auto mark = [&](std::uint32_t flag) {
    if (root != nullptr) {
      *root |= flag;
    } else {
      edges_[edge] |= flag;
    }
  };
  while (true) {
    longest_above = node < n_tokens_ ? node : best_[node - n_tokens_];
    if (end - p == 1) {
      mark(kHasOne);
      const std::uint64_t key = edge_key(node, kLastByte | byte_at(p));
      edges_[slot_of(key)] = key << kTargetBits | token << kFlagBits;
      ++n_edges_;
      shorter_[token] = longest_above;
      return true;
    }
    mark(kHasTwo);
    const std::uint32_t odd = find(edge_key(node, kLastByte | byte_at(p)));
    if (odd != kNone) longest_above = odd >> kFlagBits;
    const std::uint64_t key = edge_key(node, pair_at(p));
    p += 2;
    edge = slot_of(key);
    root = nullptr;
    if (edges_[edge] == 0) {
      ++n_edges_;
      if (p == end) {
        edges_[edge] = key << kTargetBits | token << kFlagBits;
        shorter_[token] = longest_above;
        return true;
      }
      if (n_tokens_ + best_.size() >= kMaxNodes) return false;
      edges_[edge] = key << kTargetBits | new_node() << kFlagBits;
    }
    node = static_cast<std::uint32_t>(edges_[edge] >> kFlagBits) & (kMaxNodes - 1);
  }
}

std::size_t PrefixTrie::n_bytes() const {
  return (roots_.capacity() + best_.size() + shorter_.size()) * sizeof(std::uint32_t) +
         edges_.capacity() * sizeof(std::uint64_t);
}

}  // namespace bytestride
