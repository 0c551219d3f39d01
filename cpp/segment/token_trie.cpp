#include "segment/token_trie.hpp"

namespace bytestride {

bool TokenTrie::add(ByteSpan text, std::size_t index) {
  std::size_t at = 0;
  for (const char byte : text) {
    const Node* next = child(nodes_[at], byte);
    if (next == nullptr) {
      const std::size_t target = nodes_.size();
      nodes_[at].edges.push_back(
          {static_cast<unsigned char>(byte), static_cast<std::uint32_t>(target)});
      nodes_.emplace_back();
      at = target;
    } else {
      at = static_cast<std::size_t>(next - nodes_.data());
    }
  }
  if (nodes_[at].index != kNone) return false;
  nodes_[at].index = index;
  return true;
}

std::size_t TokenTrie::find(ByteSpan text) const {
  const Node* node = nodes_.data();
  for (const char byte : text) {
    node = child(*node, byte);
    if (node == nullptr) return kNone;
  }
  return node->index;
}

}  // namespace bytestride
