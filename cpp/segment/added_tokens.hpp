// Added tokens: texts that become one id before any splitting, such as <|endoftext|>.
//
// They are found leftmost first, and the longest where several start at one place. Which of them a
// call looks for is a set (AddedTokenSet): non-special ones always, special ones when allowed.
// Immutable after construction. A search costs one pass over the text for the first bytes plus, at
// each of those, a walk down a trie that is no deeper than the longest token.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

struct AddedToken {
  std::string content;  // UTF-8, not empty
  TokenId id;
  bool special;
};

class AddedTokenSet;

class AddedTokens {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
    std::size_t index;  // of the token, in all()
  };

  // Throws InvalidArgument for an empty or repeated content.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  const std::vector<AddedToken>& all() const { return tokens_; }
  // The index of the token with this content, or size() of all() where there is none.
  std::size_t index_of(ByteSpan content) const;

  // The first match at or after `from` among the tokens in `wanted`; false where there is none.
  bool find(ByteSpan text, std::size_t from, const AddedTokenSet& wanted, Match& match) const;

 private:
  struct Edge {
    unsigned char byte;
    std::uint32_t target;
  };
  struct Node {
    std::vector<Edge> edges;
    std::size_t token;  // index of the token that ends here, or kNone
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  const Node* child(const Node& node, char byte) const;
  bool longest_at(ByteSpan text, std::size_t begin, const AddedTokenSet& wanted,
                  Match& match) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
};

// A subset of the tokens of one AddedTokens, with the bytes that they start with.
class AddedTokenSet {
 public:
  AddedTokenSet() = default;
  explicit AddedTokenSet(const AddedTokens& tokens) : members_(tokens.all().size()) {}

  void add(const AddedTokens& tokens, std::size_t index);
  bool contains(std::size_t index) const { return members_[index]; }
  bool empty() const { return n_first_bytes_ == 0; }
  // The next position that a member could start at, or text.size().
  std::size_t next_candidate(ByteSpan text, std::size_t from) const;

 private:
  std::vector<bool> members_;
  std::array<bool, 256> starts_with_{};
  int n_first_bytes_ = 0;
  char first_byte_ = 0;  // the one there is, if n_first_bytes_ is 1
};

// What a call does with added tokens in its text: those wanted become their id, those refused are
// an error, the rest is ordinary text.
struct AddedTokenPolicy {
  const AddedTokenSet& wanted;
  const AddedTokenSet& refused;
};

}  // namespace bytestride
