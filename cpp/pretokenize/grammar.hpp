// A split grammar as data: the published patterns differ in these choices, and in nothing else.
//
// A Grammar says what the alternatives of the regular expression are; scanner.hpp follows them. The
// texts a grammar is known by stand in grammar.cpp; any other pattern is not of this family. Two of
// the texts are ours: they are what a sequence of splits amounts to, written as one expression.
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
  space,     // one ' ' before a word
  any_char,  // one character that is no CR, LF, letter or number
  no_symbol  // one character that is no CR, LF, letter, number, punctuation or symbol
};

enum class PunctuationTail : std::uint8_t { none, newlines, newlines_and_slashes };

enum class Runs : std::uint8_t {
  none,
  han,              // [\p{Han}]+ before any other rule, so that words have no Han letters
  chinese_and_kana  // [\u4E00-\u9FA5\u3040-\u30FF] is cut off from all else, and follows the same
                    // rules: words, symbols, what is matched by none
};

struct Grammar {
  Contraction contraction;
  Letters letters;
  Prefix prefix;
  std::uint8_t max_digits;  // 0: numbers have no bound and take a space before them
  PunctuationTail tail;
  bool cuts_after_newline;  // \s*[\r\n]+ : white space ends after its last newline
  bool whole_run_at_end;    // \s++$ comes before that rule
  Runs runs = Runs::none;
  bool numeric_17 = false;      // numbers are those of tokenizers' Digits (unicode/classes.hpp)
  bool isolates_first = false;  // numbers and runs are cut out first: they end a text's white space
  bool symbol_leads = false;    // [!-/:-@\[-`{-~][A-Za-z]+ before any word
  bool only_symbols = false;  // ` ?[\p{P}\p{S}]+`, and what is no symbol either is matched by none
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
inline constexpr Grammar kKimiK2{Contraction::trailing_any_case,
                                 Letters::cased,
                                 Prefix::any_char,
                                 3,
                                 PunctuationTail::newlines,
                                 true,
                                 false,
                                 Runs::han};
inline constexpr Grammar kDeepSeekV3{.contraction = Contraction::none,
                                     .letters = Letters::with_marks,
                                     .prefix = Prefix::no_symbol,
                                     .max_digits = 3,
                                     .tail = PunctuationTail::newlines,
                                     .cuts_after_newline = true,
                                     .whole_run_at_end = false,
                                     .runs = Runs::chinese_and_kana,
                                     .isolates_first = true,
                                     .symbol_leads = true,
                                     .only_symbols = true};
inline constexpr Grammar kStarCoder{.contraction = Contraction::leading_exact,
                                    .letters = Letters::plain,
                                    .prefix = Prefix::space,
                                    .max_digits = 1,
                                    .tail = PunctuationTail::none,
                                    .cuts_after_newline = false,
                                    .whole_run_at_end = false,
                                    .numeric_17 = true,
                                    .isolates_first = true};

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
  ScanFunction follow;  // the same, by character: sooner done with a few words
};

// All texts we know; the first of a name is the one that we write.
std::span<const KnownPattern> known_patterns();

// The entry with exactly this text, or nullptr.
const KnownPattern* find_known_pattern(std::string_view pattern);

}  // namespace bytestride
