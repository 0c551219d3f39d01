// Texts by their bytes: which of them begin at a place. Built once, then read by any thread.
//
// A walk costs one step a byte, each through the few edges of a node, and is no longer than the
// longest text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

class TokenTrie {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // False, and nothing is added, where the text is there already. Precondition: it is not empty.
  bool add(ByteSpan text, std::size_t index);
  // The index of exactly this text, or kNone.
  std::size_t find(ByteSpan text) const;

  // The longest text that stands at `begin` and has an index with is_wanted(index): that index and
  // the text's end. kNone where there is none.
  struct Longest {
    std::size_t index;
    std::size_t end;
  };
  template <typename IsWanted>
  Longest longest_at(ByteSpan text, std::size_t begin, IsWanted&& is_wanted) const {
    Longest longest{kNone, begin};
    const Node* node = nodes_.data();
    for (std::size_t i = begin; i < text.size(); ++i) {
      node = child(*node, text[i]);
      if (node == nullptr) break;
      if (node->index != kNone && is_wanted(node->index)) longest = {node->index, i + 1};
    }
    return longest;
  }

 private:
  struct Edge {
    unsigned char byte;
    std::uint32_t target;
  };
  struct Node {
    std::vector<Edge> edges;
    std::size_t index = kNone;  // of the text that ends here
  };

  const Node* child(const Node& node, char byte) const {
    for (const Edge& edge : node.edges) {
      if (edge.byte == static_cast<unsigned char>(byte)) return &nodes_[edge.target];
    }
    return nullptr;
  }

  std::vector<Node> nodes_ = std::vector<Node>(1);
};

}  // namespace bytestride
