#include "segment/added_tokens.hpp"

#include <cstring>

#include "base/error.hpp"

namespace bytestride {

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), nodes_(1, Node{{}, kNone}) {
  for (std::size_t index = 0; index < tokens_.size(); ++index) {
    const std::string& content = tokens_[index].content;
    if (content.empty()) {
      throw InvalidArgument("added token " + std::to_string(tokens_[index].id) +
                            " has an empty text; remove it or give it one");
    }
    std::uint32_t at = 0;
    for (const char byte : content) {
      const Node* next = child(nodes_[at], byte);
      if (next == nullptr) {
        const auto target = static_cast<std::uint32_t>(nodes_.size());
        nodes_[at].edges.push_back({static_cast<unsigned char>(byte), target});
        nodes_.push_back(Node{{}, kNone});
        at = target;
      } else {
        at = static_cast<std::uint32_t>(next - nodes_.data());
      }
    }
    if (nodes_[at].token != kNone) {
      throw InvalidArgument("added token '" + content + "' is given twice; keep one of them");
    }
    nodes_[at].token = index;
  }
}

const AddedTokens::Node* AddedTokens::child(const Node& node, char byte) const {
  for (const Edge& edge : node.edges) {
    if (edge.byte == static_cast<unsigned char>(byte)) return &nodes_[edge.target];
  }
  return nullptr;
}

std::size_t AddedTokens::index_of(ByteSpan content) const {
  const Node* node = nodes_.data();
  for (const char byte : content) {
    node = child(*node, byte);
    if (node == nullptr) return tokens_.size();
  }
  return node->token == kNone ? tokens_.size() : node->token;
}

bool AddedTokens::longest_at(ByteSpan text, std::size_t begin, const AddedTokenSet& wanted,
                             Match& match) const {
  const Node* node = nodes_.data();
  bool found = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    node = child(*node, text[i]);
    if (node == nullptr) break;
    if (node->token != kNone && wanted.contains(node->token)) {
      match = {begin, i + 1, node->token};
      found = true;
    }
  }
  return found;
}

bool AddedTokens::find(ByteSpan text, std::size_t from, const AddedTokenSet& wanted,
                       Match& match) const {
  if (wanted.empty()) return false;
  for (std::size_t i = wanted.next_candidate(text, from); i < text.size();
       i = wanted.next_candidate(text, i + 1)) {
    if (longest_at(text, i, wanted, match)) return true;
  }
  return false;
}

void AddedTokenSet::add(const AddedTokens& tokens, std::size_t index) {
  members_[index] = true;
  const char first = tokens.all()[index].content[0];
  bool& starts = starts_with_[static_cast<unsigned char>(first)];
  if (!starts) {
    starts = true;
    first_byte_ = first;
    ++n_first_bytes_;
  }
}

std::size_t AddedTokenSet::next_candidate(ByteSpan text, std::size_t from) const {
  if (from >= text.size()) return text.size();
  if (n_first_bytes_ == 1) {
    const void* at = std::memchr(text.data() + from, first_byte_, text.size() - from);
    return at == nullptr ? text.size()
                         : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
  }
  while (from < text.size() && !starts_with_[static_cast<unsigned char>(text[from])]) ++from;
  return from;
}

}  // namespace bytestride
