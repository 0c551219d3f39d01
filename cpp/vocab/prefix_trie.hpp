// The longest token that a text begins with: a trie in a double array.
//
// A node's child for byte b stands at slot base ^ b and says so: it holds b, and as no two nodes
// have one base, that is proof enough. So the children that a text may ask for lie within a few
// cache lines, also those that are not there; a hash of edges took twice the time on random
// letters, for each miss of it was a line of its own. A node also holds the longest token on the
// way to it, so that a walk keeps nothing but the node it is at. Cost: one load a byte, and one
// more. Immutable once built; 8 bytes a node.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

class PrefixTrie {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  PrefixTrie() = default;
  PrefixTrie(PrefixTrie&&) = default;
  PrefixTrie& operator=(PrefixTrie&&) = default;
  // Token i has the bytes tokens[i]; the first 256 are the single bytes in order, and all differ.
  // `shorter` gets, for each token, the longest other one that it begins with, or kNone. Where the
  // tokens need more than 2^23 slots, ok() is false and nothing may be looked up.
  PrefixTrie(std::span<const ByteSpan> tokens, std::span<std::uint32_t> shorter);

  bool ok() const { return ok_; }
  // What the nodes take.
  std::size_t n_bytes() const { return n_nodes_ * sizeof(Node); }
  // Copies the nodes to n_bytes() of memory that outlives the trie, and lets go of its own.
  void move_to(void* memory);

  // The longest token at p. Adds the number of bytes looked at to `steps`. Precondition: p < end.
  std::uint32_t longest(const char* p, const char* end, std::size_t& steps) const {
    const char* const begin = p;
    Node at = firsts_[byte_at(p)];
    while (++p < end) {
      const Node child = nodes_[base_of(at) ^ byte_at(p)];
      if (!is_child(child, byte_at(p))) break;
      at = child;
    }
    steps += static_cast<std::size_t>(p - begin);
    return at.token;
  }

  // The token of these two bytes, or what is below 256.
  std::uint32_t token_of_two(std::uint32_t first, std::uint32_t second) const {
    const Node child = nodes_[base_of(firsts_[first]) ^ second];
    return is_child(child, second) ? child.token : first;
  }

 private:
  // link: base << 9 | 1 << 8 | the byte that leads here; 0 in a free slot. Base 0 is that of all
  // leaves: its 256 slots stay free.
  struct Node {
    std::uint32_t link;
    std::uint32_t token;
  };
  static constexpr unsigned kBaseShift = 9;
  static constexpr std::uint32_t kUsed = 1u << 8;
  static constexpr std::size_t kMaxSlots = std::size_t{1} << 23;

  static std::uint32_t byte_at(const char* p) { return static_cast<unsigned char>(*p); }
  static std::uint32_t base_of(Node node) { return node.link >> kBaseShift; }
  static bool is_child(Node node, std::uint32_t byte) {
    return (node.link & (2 * kUsed - 1)) == (kUsed | byte);
  }

  class Builder;

  bool ok_ = false;
  std::array<Node, 256> firsts_{};
  std::vector<Node> own_;
  const Node* nodes_ = nullptr;
  std::size_t n_nodes_ = 0;
};

}  // namespace bytestride
