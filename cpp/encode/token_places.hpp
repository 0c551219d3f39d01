// Where each token of a text lies in it: derived from the lengths of the tokens, the matches of the
// added ones, and the alignment of the normalised text with the text; nothing is kept for it while
// encoding.
//
// Tokens cover each segment between added tokens without gaps, so that a token begins where the one
// before it ends, and begins never descend. Only an added token that begins in white space which
// the one before took lies within that one's place. Cost: linear in the text, but O(log n) for each
// place of a text that the normaliser changes n times; memory 24 bytes a token, and for a
// normaliser a copy of what it changes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "encode/encoder.hpp"

namespace bytestride {

struct TokenPlace {
  static constexpr std::size_t kNone = ~std::size_t{0};

  // Bytes of the text. Where the normaliser changed it, those of the characters that the token's
  // bytes stand for (unicode/normalise.hpp). A space that was put before a piece has the place of
  // the piece's first character; an added token has that of the white space it takes, too.
  std::size_t begin;
  std::size_t end;
  // Where the text may be cut behind this token, or kNone inside of a character, behind a space
  // that was put, and where the next token begins before this one's end. What is before the cut,
  // normalised alone, is what all tokens up to this one stand for.
  std::size_t cut;
};

// `ids` are those that `encoder` gives for the text, which is well-formed UTF-8, or the first of
// them; `wanted` the added tokens that it looked for.
std::vector<TokenPlace> token_places(const Encoder& encoder, ByteSpan text,
                                     const AddedTokenSet& wanted, std::span<const TokenId> ids);

}  // namespace bytestride
