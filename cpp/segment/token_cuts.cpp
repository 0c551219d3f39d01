#include "segment/token_cuts.hpp"

#include "documents/safe_cut.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

bool is_letter_or_number(char32_t c) {
  return char_class(c) <= CharClass::number && char_class(c) != CharClass::mark;
}

// Whether a letter or number stands behind a newline. Where it is not ASCII its decomposed form may
// begin with one that is, so that a cut in the raw text vanishes from the normalised one.
bool has_newline_and_letter(ByteSpan text) {
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] != '\n') continue;
    const char* const next = text.data() + at + 1;
    if (is_letter_or_number(decode_utf8(next, text.data() + text.size()).code_point)) return true;
  }
  return false;
}

}  // namespace

// White space that a token takes never reaches over a cut, but from the token to it: before a cut
// stands a letter or the last of a run of newlines, and after that one no white space.
bool may_show_cut(const AddedToken& token, ByteSpan matched) {
  if (may_span_safe_cut(matched)) return true;
  if (token.normalized && has_newline_and_letter(matched)) return true;
  const char* const begin = matched.data();
  const char* const end = begin + matched.size();
  const char32_t first = decode_utf8(begin, end).code_point;
  const char32_t last = decode_last_utf8(begin, end).code_point;
  // Ends before a cut that white space follows; starts after a cut that a newline precedes.
  if (token.rstrip && is_letter_before_cut(last)) return true;
  if (token.lstrip && is_letter_or_number(first)) return true;
  // Starts after a letter; ends with the newline that a letter or digit follows. (What follows a
  // letter is no word character, and a newline is none.)
  return token.single_word && (may_follow_letter_cut(first) || last == '\n');
}

}  // namespace bytestride
