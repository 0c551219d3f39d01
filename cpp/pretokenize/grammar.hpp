// A split grammar as data: the published patterns differ in seven choices, and in nothing else.
//
// A Grammar says what the alternatives of the regular expression are; scanner.hpp follows them. The
// texts a grammar is known by stand in grammar.cpp; any other pattern is not of this family.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bytestride {

enum class Contraction : std::uint8_t {
  none,
  leading_exact,     // '(?:[sdmt]|ll|ve|re) before any other rule, as written
  leading_any_case,  // the same under (?i:...), where `s` is also U+017F
  trailing_any_case  // (?i:...)? at the end of a word
};

enum class Letters : std::uint8_t {
  plain,       // \p{L}+
  with_marks,  // [\p{L}\p{M}]+
  cased        // upper* lower+ | upper+ lower*, where caseless letters and marks are both
};

enum class Prefix : std::uint8_t {
  space,    // one ' ' before a word
  any_char  // one character that is no CR, LF, letter or number
};

enum class PunctuationTail : std::uint8_t { none, newlines, newlines_and_slashes };

struct Grammar {
  Contraction contraction;
  Letters letters;
  Prefix prefix;
  std::uint8_t max_digits;  // 0: numbers have no bound and take a space before them
  PunctuationTail tail;
  bool cuts_after_newline;  // \s*[\r\n]+ : white space ends after its last newline
  bool whole_run_at_end;    // \s++$ comes before that rule
};

inline constexpr Grammar kGpt2{Contraction::leading_exact, Letters::plain, Prefix::space, 0,
                               PunctuationTail::none,      false,          false};
inline constexpr Grammar kCl100k{Contraction::leading_any_case,
                                 Letters::plain,
                                 Prefix::any_char,
                                 3,
                                 PunctuationTail::newlines,
                                 true,
                                 true};
inline constexpr Grammar kLlama3{Contraction::leading_any_case,
                                 Letters::plain,
                                 Prefix::any_char,
                                 3,
                                 PunctuationTail::newlines,
                                 true,
                                 false};
inline constexpr Grammar kQwen2{Contraction::leading_any_case,
                                Letters::plain,
                                Prefix::any_char,
                                1,
                                PunctuationTail::newlines,
                                true,
                                false};
inline constexpr Grammar kQwen35{Contraction::leading_any_case,
                                 Letters::with_marks,
                                 Prefix::any_char,
                                 1,
                                 PunctuationTail::newlines,
                                 true,
                                 false};
inline constexpr Grammar kO200k{Contraction::trailing_any_case,
                                Letters::cased,
                                Prefix::any_char,
                                3,
                                PunctuationTail::newlines_and_slashes,
                                true,
                                false};
inline constexpr Grammar kTekken{Contraction::none,
                                 Letters::cased,
                                 Prefix::any_char,
                                 1,
                                 PunctuationTail::newlines_and_slashes,
                                 true,
                                 false};

// Ends of up to `capacity` pretokens from `position` on, as distances from there; returns how many.
// Fewer than capacity means the end of the text. A pretoken is never empty; one that ends 2^32 - 1
// bytes or more from position is left for the next call, and throws InvalidArgument if it is the
// first. Precondition: position <= text.size().
using ScanFunction = std::size_t (*)(std::string_view text, std::size_t position,
                                     std::uint32_t* ends, std::size_t capacity);

struct KnownPattern {
  std::string_view name;     // of the grammar
  std::string_view pattern;  // a regular expression text that means it
  ScanFunction scan;
};

// All texts we know; the first of a name is the one that we write.
std::span<const KnownPattern> known_patterns();

// The entry with exactly this text, or nullptr.
const KnownPattern* find_known_pattern(std::string_view pattern);

}  // namespace bytestride
