// The scanner: follows a Grammar through well- or ill-formed UTF-8, one pretoken at a time.
//
// It is the regular expression read by hand: each function below is one alternative, tried in the
// pattern's order, and states the part of the pattern that it stands for. What follows a boundary
// depends on nothing before it, so scanning may start at any boundary. Linear: no alternative gives
// back more than it keeps, so a byte is looked at a bounded number of times. The Grammar is a
// template argument: each published pattern compiles to its own loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pretokenize/grammar.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride::scanner {

constexpr unsigned bit(CharClass c) {
  return 1u << static_cast<unsigned>(c);
}

inline constexpr unsigned kLetter =
    bit(CharClass::upper) | bit(CharClass::lower) | bit(CharClass::caseless);
inline constexpr unsigned kMark = bit(CharClass::mark);
inline constexpr unsigned kNumber = bit(CharClass::number);
inline constexpr unsigned kNewline = bit(CharClass::newline);
inline constexpr unsigned kWhite = kNewline | bit(CharClass::space);
inline constexpr unsigned kOther = bit(CharClass::other);
// In o200k's words a caseless letter or a mark counts as both upper and lower.
inline constexpr unsigned kUpperLike = bit(CharClass::upper) | bit(CharClass::caseless) | kMark;
inline constexpr unsigned kLowerLike = bit(CharClass::lower) | bit(CharClass::caseless) | kMark;
inline constexpr unsigned kBothCases = bit(CharClass::caseless) | kMark;

struct Char {
  unsigned class_bit;
  std::uint32_t length;
};

// Precondition: p < end.
inline Char char_at(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 128) return {bit(detail::kAsciiClasses[byte]), 1};
  const DecodedChar c = decode_utf8(p, end);
  return {c.ok ? bit(char_class(c.code_point)) : kOther, c.length};
}

inline unsigned class_at(const char* p, const char* end) {
  return p < end ? char_at(p, end).class_bit : 0;
}

// The end of the run of characters whose class is in Classes.
template <unsigned Classes>
const char* skip(const char* p, const char* end) {
  while (p < end) {
    const Char c = char_at(p, end);
    if (!(c.class_bit & Classes)) break;
    p += c.length;
  }
  return p;
}

// '(?:[sdmt]|ll|ve|re), under (?i:...) if AnyCase: its length at p, or 0.
template <bool AnyCase>
std::size_t contraction_length(const char* p, const char* end) {
  const std::ptrdiff_t left = end - p;
  if (left < 2 || *p != '\'') return 0;
  const auto lower = [](char c) { return AnyCase && c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; };
  const char first = lower(p[1]);
  if (first == 's' || first == 'd' || first == 'm' || first == 't') return 2;
  if (left < 3) return 0;
  // U+017F, the long s, is the one other character that folds to a letter of the list.
  if (AnyCase && p[1] == '\xC5' && p[2] == '\xBF') return 3;
  const char second = lower(p[2]);
  const bool two = (first == 'l' && second == 'l') || (first == 'v' && second == 'e') ||
                   (first == 'r' && second == 'e');
  return two ? 3 : 0;
}

// [upper-like]*[lower-like]+ at q, or nullptr. The greedy first part may have taken the characters
// that count as both: it then gives back from the last of those on.
inline const char* upper_then_lower(const char* q, const char* end) {
  const char* after_last_both = nullptr;
  while (q < end) {
    const Char c = char_at(q, end);
    if (!(c.class_bit & kUpperLike)) break;
    q += c.length;
    if (c.class_bit & kBothCases) after_last_both = q;
  }
  if (class_at(q, end) & bit(CharClass::lower)) return skip<kLowerLike>(q, end);
  return after_last_both;
}

// [upper-like]+[lower-like]* at q, or nullptr.
inline const char* upper_only(const char* q, const char* end) {
  const char* upper_end = skip<kUpperLike>(q, end);
  return upper_end == q ? nullptr : skip<kLowerLike>(upper_end, end);
}

// A word with its prefix and trailing contraction: its end, or nullptr where none starts at p.
template <Grammar G>
const char* word_end(const char* p, const char* end) {
  const Char first = char_at(p, end);
  const char* const second = p + first.length;
  const bool has_prefix =
      G.prefix == Prefix::space ? *p == ' ' : !(first.class_bit & (kNewline | kLetter | kNumber));
  if constexpr (G.letters != Letters::cased) {
    constexpr unsigned kWord = G.letters == Letters::plain ? kLetter : kLetter | kMark;
    if (first.class_bit & kWord) return skip<kWord>(second, end);
    if (has_prefix && (class_at(second, end) & kWord)) return skip<kWord>(second, end);
    return nullptr;
  } else {
    // A mark can be the prefix or part of the word; the pattern tries the prefix first.
    const char* found = has_prefix ? upper_then_lower(second, end) : nullptr;
    if (found == nullptr) found = upper_then_lower(p, end);
    if (found == nullptr && has_prefix) found = upper_only(second, end);
    if (found == nullptr) found = upper_only(p, end);
    if constexpr (G.contraction == Contraction::trailing_any_case) {
      if (found != nullptr) found += contraction_length<true>(found, end);
    }
    return found;
  }
}

// \p{N}{1,max} or, without a maximum, ` ?\p{N}+`: the end, or nullptr.
template <Grammar G>
const char* number_end(const char* p, const char* end) {
  if constexpr (G.max_digits == 0) {
    const char* digits = *p == ' ' ? p + 1 : p;
    return class_at(digits, end) & kNumber ? skip<kNumber>(digits, end) : nullptr;
  } else {
    const char* q = p;
    for (unsigned n = 0; n < G.max_digits && q < end; ++n) {
      const Char c = char_at(q, end);
      if (!(c.class_bit & kNumber)) break;
      q += c.length;
    }
    return q == p ? nullptr : q;
  }
}

// ` ?[^\s\p{L}\p{N}]+[\r\n/]*`: the end, or nullptr. Marks belong to it unless words own them.
template <Grammar G>
const char* punctuation_end(const char* p, const char* end) {
  constexpr unsigned kPunctuation = G.letters == Letters::with_marks ? kOther : kOther | kMark;
  const char* q = *p == ' ' ? p + 1 : p;
  if (!(class_at(q, end) & kPunctuation)) return nullptr;
  q = skip<kPunctuation>(q, end);
  if constexpr (G.tail != PunctuationTail::none) {
    while (q < end && (*q == '\r' || *q == '\n' ||
                       (G.tail == PunctuationTail::newlines_and_slashes && *q == '/'))) {
      ++q;
    }
  }
  return q;
}

// \s++$ | \s*[\r\n]+ | \s+(?!\S) | \s. Precondition: white space at p.
template <Grammar G>
const char* white_space_end(const char* p, const char* end) {
  const char* q = p;
  const char* last_start = p;
  const char* after_newline = nullptr;
  while (q < end) {
    const Char c = char_at(q, end);
    if (!(c.class_bit & kWhite)) break;
    last_start = q;
    q += c.length;
    if (c.class_bit & kNewline) after_newline = q;
  }
  if (G.whole_run_at_end && q == end) return q;
  if (G.cuts_after_newline && after_newline != nullptr) return after_newline;
  // A run before something else leaves its last character to it, unless it has no other.
  return q == end || last_start == p ? q : last_start;
}

// The end of the pretoken that starts at p. Precondition: p < end.
template <Grammar G>
const char* pretoken_end(const char* p, const char* end) {
  if constexpr (G.contraction == Contraction::leading_exact ||
                G.contraction == Contraction::leading_any_case) {
    constexpr bool kAnyCase = G.contraction == Contraction::leading_any_case;
    const std::size_t length = contraction_length<kAnyCase>(p, end);
    if (length != 0) return p + length;
  }
  if (const char* found = word_end<G>(p, end)) return found;
  if (const char* found = number_end<G>(p, end)) return found;
  if (const char* found = punctuation_end<G>(p, end)) return found;
  return white_space_end<G>(p, end);
}

}  // namespace bytestride::scanner
