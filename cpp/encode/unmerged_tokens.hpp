// The tokens that merging does not make from their own bytes: few or none in a published
// vocabulary. Where a pretoken that is a token becomes that token whatever merging gives, only
// these have to be looked for; of all others merging makes the same. Immutable; in the nearest
// cache.
#pragma once

#include "vocab/token_index.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

class UnmergedTokens {
 public:
  explicit UnmergedTokens(const Vocab& vocab) : vocab_(vocab), index_(ids().size()) {
    for (std::uint32_t row = 0; row < ids().size(); ++row) {
      const ByteSpan bytes = vocab_.token_bytes(ids()[row]);
      index_.insert(bytes, index_.hash(bytes), row, BytesOf{vocab_});
    }
  }

  bool empty() const { return ids().empty(); }
  // kNoToken where none of them has these bytes.
  TokenId id_of(ByteSpan bytes) const {
    const std::uint32_t row = index_.find(bytes, index_.hash(bytes), BytesOf{vocab_});
    return row == kNoRow ? kNoToken : ids()[row];
  }

 private:
  const std::vector<TokenId>& ids() const { return vocab_.unreachable(); }
  struct BytesOf {
    const Vocab& vocab;
    ByteSpan operator()(std::uint32_t row) const {
      return vocab.token_bytes(vocab.unreachable()[row]);
    }
  };

  const Vocab& vocab_;
  TokenIndex index_;
};

}  // namespace bytestride
