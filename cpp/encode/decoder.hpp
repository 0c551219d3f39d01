// Ids to bytes: one table by id over the tokens of the vocabulary and the added tokens.
//
// Two passes, the length first, so that the output is allocated once. Immutable; the bytes are the
// vocabulary's and the added tokens', which must outlive it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "segment/added_tokens.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

class Decoder {
 public:
  // An added token's text goes before a token's bytes of the same id, and the first of several
  // added tokens before the others. Throws InvalidArgument for an
  // added token above kMaxTokenId.
  Decoder(const Vocab& vocab, const AddedTokens& added);

  // One more than the largest id.
  std::size_t n_ids() const { return by_id_.size(); }
  // Throws NotFound.
  ByteSpan token_bytes(std::int64_t id) const;
  // Throws NotFound, naming the position of the first id that is no token's.
  template <typename Id>
  std::string decode(std::span<const Id> ids) const;

 private:
  [[noreturn]] void throw_unknown(const std::string& id_and_place) const;

  std::vector<ByteSpan> by_id_;  // data() is nullptr where no token has the id
};

}  // namespace bytestride
