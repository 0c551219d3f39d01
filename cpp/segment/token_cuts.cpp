#include "segment/token_cuts.hpp"

#include "documents/safe_cut.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {

// White space that a token takes never reaches over a cut, but from the token to it: before a cut
// stands a letter or the last of a run of newlines, and after that one no white space.
bool may_show_cut(const AddedToken& token, ByteSpan matched) {
  if (may_span_safe_cut(matched)) return true;
  const char* const begin = matched.data();
  const char* const end = begin + matched.size();
  const char32_t first = decode_utf8(begin, end).code_point;
  const char32_t last = decode_last_utf8(begin, end).code_point;
  const bool first_is_alphanumeric =
      (first >= '0' && first <= '9') || ((first | 0x20) >= 'a' && (first | 0x20) <= 'z');
  // Ends before a cut that white space follows; starts after a cut that a newline precedes.
  if (token.rstrip && is_letter_before_cut(last)) return true;
  if (token.lstrip && first_is_alphanumeric) return true;
  // Starts after a letter; ends with the newline that a letter or digit follows. (What follows a
  // letter is no word character, and a newline is none.)
  return token.single_word && (may_follow_letter_cut(first) || last == '\n');
}

}  // namespace bytestride
