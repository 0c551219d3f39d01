// Where a text may be cut so that its parts, split one by one, give the pretokens of the whole.
//
// Two places are a boundary in every grammar of pretokenize/, whatever surrounds them:
//   between a newline that follows a visible ASCII character and an ASCII letter or digit: no rule
//   goes on from a newline to either. (Of a longer run of white space GPT-2's rule gives the last
//   character back, but not at the end of a text, so there a cut would show.)
//   between a letter of any script and white space, a comma, a bracket or the like: nothing follows
//   a letter within a pretoken but letters, marks and contractions; in patterns by script (Han,
//   Kana) also a few signs of that script, which are left out. Signs that stand in the names of
//   special tokens (|, >, _) are left out too.
// Both sides are inert in NFC. An added token that could tell (segment/token_cuts.hpp), or a
// pattern outside the grammars, forbids cutting (TextSplitter::may_cut).
#pragma once

#include <cstddef>

#include "documents/document.hpp"

namespace bytestride {

// The first safe cut at or after unit `from`, or n_units where there is none. Cost: the distance.
std::size_t find_safe_cut(const DocumentView& document, std::size_t from);

// The last safe cut before the end of `text`, or 0. Cost: the distance from the end.
std::size_t find_last_safe_cut(ByteSpan text);

// Whether an occurrence of `content` somewhere could have a safe cut strictly inside it.
bool may_span_safe_cut(ByteSpan content);

// The two sides of a cut of the second kind. Precondition: code_point <= 0x10FFFF.
bool is_letter_before_cut(char32_t code_point);
bool may_follow_letter_cut(char32_t code_point);

}  // namespace bytestride
