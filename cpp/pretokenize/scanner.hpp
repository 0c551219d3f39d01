// The scanner: follows a Grammar through well- or ill-formed UTF-8, one pretoken at a time.
//
// It is the regular expression read by hand: each function below is one alternative, tried in the
// pattern's order, and states the part of the pattern that it stands for. What follows a boundary
// depends on nothing before it, so scanning may start at any boundary. Linear: no alternative gives
// back more than it keeps, so a byte is looked at a bounded number of times. The Grammar is a
// template argument: each published pattern compiles to its own loop.
#pragma once

#include <array>
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
// Beyond CharClass, for the grammars that tell them apart.
inline constexpr unsigned kSymbol = 1u << 8;      // \p{P} and \p{S}, instead of kOther
inline constexpr unsigned kRunWord = 1u << 9;     // of what G.runs is made of: Han, or L and M,
inline constexpr unsigned kRunSymbol = 1u << 10;  // P and S,
inline constexpr unsigned kRunOther = 1u << 11;   // the rest
inline constexpr unsigned kRun = kRunWord | kRunSymbol | kRunOther;

// Class bits of a character in a grammar; more than one only for Han that is no letter.
template <Grammar G>
unsigned classes_of(char32_t c) {
  if constexpr (G.numeric_17) {
    if (is_numeric(c)) return kNumber;
  }
  unsigned classes = bit(char_class(c));
  if constexpr (G.only_symbols) {
    const unsigned category = class_byte(c) & kCategoryBits;
    if (category >= 11 && category <= 21) classes = kSymbol;
  }
  if constexpr (G.runs == Runs::han) {
    if (class_byte(c) & kHanBit) {
      return kRunWord | (classes & kLetter ? 0 : classes & kMark ? kOther : classes);
    }
  }
  if constexpr (G.runs == Runs::chinese_and_kana) {
    if ((c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF)) {
      return classes & (kLetter | kMark) ? kRunWord : classes & kSymbol ? kRunSymbol : kRunOther;
    }
  }
  return classes;
}

template <Grammar G>
constexpr std::array<std::uint16_t, 128> ascii_classes() {
  std::array<std::uint16_t, 128> classes{};
  for (unsigned c = 0; c < 128; ++c) {
    const unsigned of_all = bit(detail::kAsciiClasses[c]);
    const bool is_symbol = G.only_symbols && of_all == kOther && c > ' ' && c < 0x7F;
    classes[c] = static_cast<std::uint16_t>(is_symbol ? kSymbol : of_all);
  }
  return classes;
}
template <Grammar G>
inline constexpr std::array<std::uint16_t, 128> kAsciiClassesOf = ascii_classes<G>();

struct Char {
  unsigned class_bit;
  std::uint32_t length;
};

// Precondition: p < end.
template <Grammar G>
Char char_at(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 128) return {kAsciiClassesOf<G>[byte], 1};
  const DecodedChar c = decode_utf8(p, end);
  return {c.ok ? classes_of<G>(c.code_point) : kOther, c.length};
}

template <Grammar G>
unsigned class_at(const char* p, const char* end) {
  return p < end ? char_at<G>(p, end).class_bit : 0;
}

// The end of the run of characters whose class is in Classes.
template <Grammar G, unsigned Classes>
const char* skip(const char* p, const char* end) {
  while (p < end) {
    const Char c = char_at<G>(p, end);
    if (!(c.class_bit & Classes)) break;
    p += c.length;
  }
  return p;
}

// Characters of words that tell no cases apart.
template <Grammar G>
inline constexpr unsigned kWord = G.letters == Letters::plain ? kLetter : kLetter | kMark;

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
template <Grammar G>
const char* upper_then_lower(const char* q, const char* end) {
  const char* after_last_both = nullptr;
  while (q < end) {
    const Char c = char_at<G>(q, end);
    if (!(c.class_bit & kUpperLike)) break;
    q += c.length;
    if (c.class_bit & kBothCases) after_last_both = q;
  }
  if (class_at<G>(q, end) & bit(CharClass::lower)) return skip<G, kLowerLike>(q, end);
  return after_last_both;
}

// [upper-like]+[lower-like]* at q, or nullptr.
template <Grammar G>
const char* upper_only(const char* q, const char* end) {
  const char* upper_end = skip<G, kUpperLike>(q, end);
  return upper_end == q ? nullptr : skip<G, kLowerLike>(upper_end, end);
}

// A word with its prefix and trailing contraction: its end, or nullptr where none starts at p.
template <Grammar G>
const char* word_end(const char* p, const char* end) {
  const Char first = char_at<G>(p, end);
  const char* const second = p + first.length;
  const bool has_prefix =
      G.prefix == Prefix::space
          ? *p == ' '
          : !(first.class_bit & (kNewline | kLetter | kNumber | kSymbol | kRun));
  if constexpr (G.letters != Letters::cased) {
    if (first.class_bit & kWord<G>) return skip<G, kWord<G>>(second, end);
    if (has_prefix && (class_at<G>(second, end) & kWord<G>)) return skip<G, kWord<G>>(second, end);
    return nullptr;
  } else {
    // A mark can be the prefix or part of the word; the pattern tries the prefix first.
    const char* found = has_prefix ? upper_then_lower<G>(second, end) : nullptr;
    if (found == nullptr) found = upper_then_lower<G>(p, end);
    if (found == nullptr && has_prefix) found = upper_only<G>(second, end);
    if (found == nullptr) found = upper_only<G>(p, end);
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
    return class_at<G>(digits, end) & kNumber ? skip<G, kNumber>(digits, end) : nullptr;
  } else {
    const char* q = p;
    for (unsigned n = 0; n < G.max_digits && q < end; ++n) {
      const Char c = char_at<G>(q, end);
      if (!(c.class_bit & kNumber)) break;
      q += c.length;
    }
    return q == p ? nullptr : q;
  }
}

// [!-/:-@\[-`{-~][A-Za-z]+: the end, or nullptr.
inline const char* led_letters_end(const char* p, const char* end) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto first = static_cast<unsigned char>(*p);
  if (first >= 128 || kAsciiClassesOf<kDeepSeekV3>[first] != kSymbol) return nullptr;
  const char* q = p + 1;
  while (q < end && is_letter(*q)) ++q;
  return q == p + 1 ? nullptr : q;
}

// ` ?[^\s\p{L}\p{N}]+[\r\n/]*`: the end, or nullptr. Marks belong to it unless words own them.
template <Grammar G>
const char* punctuation_end(const char* p, const char* end) {
  constexpr unsigned kPunctuation = G.only_symbols                     ? kSymbol
                                    : G.letters == Letters::with_marks ? kOther
                                                                       : kOther | kMark;
  const char* q = *p == ' ' ? p + 1 : p;
  if (!(class_at<G>(q, end) & kPunctuation)) return nullptr;
  q = skip<G, kPunctuation>(q, end);
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
    const Char c = char_at<G>(q, end);
    if (!(c.class_bit & kWhite)) break;
    last_start = q;
    q += c.length;
    if (c.class_bit & kNewline) after_newline = q;
  }
  if (G.whole_run_at_end && q == end) return q;
  if (G.cuts_after_newline && after_newline != nullptr) return after_newline;
  // A run before something else leaves its last character to it, unless it has no other.
  const bool is_last = q == end || (G.isolates_first && (class_at<G>(q, end) & (kNumber | kRun)));
  return is_last || last_start == p ? q : last_start;
}

// Up to the next match, from a character on that is in none (Unmatched): a match may begin with one
// such character before a word (Word). Precondition: Unmatched at p, and no Word after it.
template <Grammar G, unsigned Unmatched, unsigned Word>
const char* unmatched_end(const char* p, const char* end) {
  const char* q = p;
  const char* last_start = p;
  while (q < end) {
    const Char c = char_at<G>(q, end);
    if (!(c.class_bit & Unmatched)) return c.class_bit & Word ? last_start : q;
    last_start = q;
    q += c.length;
  }
  return q;
}

// [\p{Han}]+, or a pretoken of Chinese or kana: the end, or nullptr.
template <Grammar G>
const char* run_end(const char* p, const char* end) {
  const Char first = char_at<G>(p, end);
  if (first.class_bit & kRunWord) return skip<G, kRunWord>(p, end);
  if constexpr (G.runs == Runs::chinese_and_kana) {
    if (first.class_bit & kRunSymbol) return skip<G, kRunSymbol>(p, end);
    if (first.class_bit & kRunOther) {
      const char* const word_end = skip<G, kRunWord>(p + first.length, end);
      if (word_end != p + first.length) return word_end;
      return unmatched_end<G, kRunOther, kRunWord>(p, end);
    }
  }
  return nullptr;
}

// The end of the pretoken that starts at p. Precondition: p < end.
template <Grammar G>
const char* pretoken_end(const char* p, const char* end) {
  if constexpr (G.runs != Runs::none) {
    if (const char* found = run_end<G>(p, end)) return found;
  }
  if constexpr (G.contraction == Contraction::leading_exact ||
                G.contraction == Contraction::leading_any_case) {
    constexpr bool kAnyCase = G.contraction == Contraction::leading_any_case;
    const std::size_t length = contraction_length<kAnyCase>(p, end);
    if (length != 0) return p + length;
  }
  if constexpr (G.symbol_leads) {
    if (const char* found = led_letters_end(p, end)) return found;
  }
  if (const char* found = word_end<G>(p, end)) return found;
  if (const char* found = number_end<G>(p, end)) return found;
  if (const char* found = punctuation_end<G>(p, end)) return found;
  if constexpr (G.only_symbols) {
    if (class_at<G>(p, end) & kOther) return unmatched_end<G, kOther, kWord<G>>(p, end);
  }
  return white_space_end<G>(p, end);
}

}  // namespace bytestride::scanner
