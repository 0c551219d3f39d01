// Where pretokens start, 64 bytes at a time: a Grammar as algebra on class masks.
//
// The rules are those of scanner.hpp, read sideways: instead of following one pretoken, each rule
// marks its starts in a whole block. Bit i of a mask is byte i; `after(x)` is the bytes after those
// of x; a run is filled by adding its first bit to it. What a block has to know of the one before
// is carried in Carry; looking ahead takes one block, and a few runs that end later are settled
// when they do. Places that the algebra does not decide are reported (`undecided`): the scanner
// goes over those by character. The text begins with a pretoken, and none starts at or after
// `undecided` before the last start that precedes it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "pretokenize/grammar.hpp"
#include "pretokenize/scanner.hpp"
#include "pretokenize/window.hpp"

namespace bytestride {

template <Grammar G>
class Boundaries {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // Marks the starts in the window, whose first byte is at `text`.
  void find(const Window& window, const char* text, const char* text_end);

  // Starts, with one more block for those that a rule puts behind the window.
  const std::uint64_t* starts() const { return starts_; }
  // The first place that is not decided, or kNone.
  std::size_t undecided() const { return undecided_; }

 private:
  static constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  static constexpr bool kLeadingContraction =
      G.contraction == Contraction::leading_exact || G.contraction == Contraction::leading_any_case;
  static constexpr bool kTrailingContraction = G.contraction == Contraction::trailing_any_case;

  // The classes of a block as the rules see them: every byte of text is in one of these four.
  struct Classes {
    std::uint64_t letter;
    std::uint64_t number;
    std::uint64_t white;
    std::uint64_t punctuation;
    std::uint64_t newline;
    std::uint64_t tail;  // newlines that punctuation takes; in none of the four any more
  };

  // The last byte of the block before, in each mask: 0 or 1.
  struct Carry {
    std::uint64_t letter = 0, number = 0, white = 0, punctuation = 0;
    std::uint64_t newline = 0, space = 0, tail = 0;
    std::uint64_t lone_punctuation = 0, lower = 0, both_cases = 0;
    unsigned n_digits = 0;  // of the group of digits that goes on
  };

  static std::uint64_t after(std::uint64_t mask, std::uint64_t carry) { return mask << 1 | carry; }

  Classes classes_of(const Window& window, std::size_t k) const;
  std::uint64_t word_starts(const Window& window, std::size_t k, const Classes& c);
  std::uint64_t case_starts(const Window& window, std::size_t k, const Classes& c);
  std::uint64_t number_starts(const Window& window, std::size_t k, const Classes& c);
  std::uint64_t white_starts(const Window& window, std::size_t k, const Classes& c);
  void settle_open_run(std::uint64_t other_white, std::uint64_t newline);
  void apply_contractions(const Window& window, const char* text, const char* text_end);

  void leave_undecided(std::size_t k, std::uint64_t bits) {
    if (bits == 0) return;
    undecided_ =
        std::min(undecided_, k * kBlockBytes + static_cast<unsigned>(__builtin_ctzll(bits)));
  }
  void set_start(std::size_t at) {
    starts_[at / kBlockBytes] |= std::uint64_t{1} << at % kBlockBytes;
  }
  void clear_start(std::size_t at) {
    starts_[at / kBlockBytes] &= ~(std::uint64_t{1} << at % kBlockBytes);
  }

  std::uint64_t starts_[Window::kBlocks + 1];
  std::uint64_t quotes_[Window::kBlocks];  // that may begin a contraction
  std::size_t undecided_;
  std::size_t
      open_run_;  // start of white space after a newline whose end is not seen yet, or kNone
  Carry carry_;
};

// Newlines (and slashes) that go on from punctuation leave their classes here.
template <Grammar G>
typename Boundaries<G>::Classes Boundaries<G>::classes_of(const Window& window,
                                                          std::size_t k) const {
  const BlockMasks& ascii = window.ascii[k];
  Classes c;
  c.letter = ascii.upper | ascii.lower | window.caseless[k];
  if constexpr (G.letters != Letters::plain) c.letter |= window.mark[k];
  c.number = ascii.number;
  c.white = ascii.white;
  c.newline = ascii.newline;
  c.punctuation = ~(c.letter | c.number | c.white) & window.valid[k];
  c.tail = 0;
  if constexpr (G.tail != PunctuationTail::none) {
    std::uint64_t run = ascii.newline;
    if constexpr (G.tail == PunctuationTail::newlines_and_slashes) run |= ascii.slash;
    const std::uint64_t first =
        (ascii.newline & after(c.punctuation, carry_.punctuation)) | (run & carry_.tail);
    c.tail = (run & ~(run + first)) | first;
    c.punctuation &= ~c.tail;
    c.white &= ~c.tail;
    c.newline &= ~c.tail;
  }
  return c;
}

// [^\r\n\p{L}\p{N}]?\p{L}+ or ` ?\p{L}+`, ` ?[^\s\p{L}\p{N}]+`: words and punctuation. A character
// before a word belongs to it where it starts a pretoken itself: white space that is no newline
// (a run gives its last character back), or punctuation that is alone and has no space before it.
template <Grammar G>
std::uint64_t Boundaries<G>::word_starts(const Window& window, std::size_t k, const Classes& c) {
  const std::uint64_t spaced = after(window.ascii[k].space & c.white, carry_.space);
  const std::uint64_t first_letters = c.letter & ~after(c.letter, carry_.letter);
  const std::uint64_t free_punctuation =
      c.punctuation & ~after(c.punctuation, carry_.punctuation) & ~spaced;
  std::uint64_t starts = free_punctuation;
  if constexpr (G.prefix == Prefix::space) {
    starts |= first_letters & ~spaced;
  } else {
    // A character of several bytes stands before a word with its last one.
    std::uint64_t lone = free_punctuation;
    for (std::uint64_t more = window.continuation[k], i = 0; more != 0 && i < 3; ++i) {
      lone |= after(lone, carry_.lone_punctuation) & more;
    }
    const std::uint64_t before = after(lone, carry_.lone_punctuation) |
                                 after(c.white & ~c.newline, carry_.white & ~carry_.newline);
    starts |= first_letters & ~before;
    carry_.lone_punctuation = lone >> 63;
  }
  quotes_[k] = 0;
  if constexpr (kLeadingContraction) quotes_[k] = window.ascii[k].quote & free_punctuation;
  if constexpr (kTrailingContraction) {
    quotes_[k] = window.ascii[k].quote & after(c.letter, carry_.letter);
  }
  if constexpr (G.letters == Letters::cased) {
    // Whether a mark that begins a word is its first letter or the character before it depends on
    // what follows.
    leave_undecided(k, first_letters & window.mark[k]);
    starts |= case_starts(window, k, c);
  }
  return starts;
}

// Inside a run of letters: a capital after small letters starts a word; after characters of both
// cases it does if those follow small letters, or if nothing but capitals is left of the run.
template <Grammar G>
std::uint64_t Boundaries<G>::case_starts(const Window& window, std::size_t k, const Classes& c) {
  const std::uint64_t upper = window.ascii[k].upper;
  const std::uint64_t both = window.caseless[k] | window.mark[k];
  const std::uint64_t first = both & after(window.ascii[k].lower, carry_.lower);
  const std::uint64_t like_lower = window.ascii[k].lower | (both & ~(both + first)) | first;
  std::uint64_t starts = upper & after(like_lower, carry_.lower);
  const std::uint64_t open = upper & after(both & ~like_lower, carry_.both_cases);
  for (std::uint64_t left = open; left != 0; left &= left - 1) {
    const auto i = static_cast<unsigned>(__builtin_ctzll(left));
    const std::uint64_t others = ~upper >> i;
    if (others == 0) {
      leave_undecided(k, std::uint64_t{1} << i);
    } else if (!(c.letter >> (i + static_cast<unsigned>(__builtin_ctzll(others))) & 1)) {
      starts |= std::uint64_t{1} << i;
    }
  }
  carry_.lower = like_lower >> 63;
  carry_.both_cases = (both & ~like_lower) >> 63;
  return starts;
}

// \p{N}{1,max}, from the start of each run, or ` ?\p{N}+`.
template <Grammar G>
std::uint64_t Boundaries<G>::number_starts(const Window& window, std::size_t k, const Classes& c) {
  const std::uint64_t continued = after(c.number, carry_.number);
  if constexpr (G.max_digits == 0) {
    return c.number & ~continued & ~after(window.ascii[k].space & c.white, carry_.space);
  }
  const std::uint64_t digits = c.number & ~window.continuation[k];
  if constexpr (G.max_digits == 1) return digits;
  std::uint64_t starts = digits & ~continued;
  constexpr unsigned kMost = G.max_digits;
  std::uint64_t longer = c.number;  // becomes the last digits of groups that are full, and more
  for (unsigned i = 0; i < kMost; ++i) longer &= c.number >> (i + 1);
  if ((longer | (c.number & (window.continuation[k] | carry_.number | kTop))) == 0) {
    return starts;
  }
  for (std::uint64_t left = digits; left != 0; left &= left - 1) {
    const std::uint64_t bit = left & (~left + 1);
    if (!(continued & bit)) carry_.n_digits = 0;
    if (carry_.n_digits == 0) starts |= bit;
    carry_.n_digits = carry_.n_digits + 1 == kMost ? 0 : carry_.n_digits + 1;
  }
  return starts;
}

// \s*[\r\n]+ | \s+(?!\S) | \s: a run starts a pretoken, and so do the last character before
// something else and, where newlines count, the first after the last newline.
template <Grammar G>
std::uint64_t Boundaries<G>::white_starts(const Window& window, std::size_t k, const Classes& c) {
  const std::uint64_t other_white = G.cuts_after_newline ? c.white & ~c.newline : c.white;
  const std::uint64_t before_white = window.ascii[k].white >> 1 | window.ascii[k + 1].white << 63;
  std::uint64_t last = other_white & ~before_white;
  for (std::uint64_t left = last & window.continuation[k]; left != 0; left &= left - 1) {
    // The last byte of a character: its first one is meant.
    std::uint64_t bit = left & (~left + 1);
    last &= ~bit;
    while ((bit & window.continuation[k]) && bit != 1) bit >>= 1;
    last |= bit & ~window.continuation[k];
    leave_undecided(k, bit & window.continuation[k]);
  }
  std::uint64_t starts = (c.white & ~after(c.white, carry_.white)) | last;
  if constexpr (G.cuts_after_newline) {
    if (open_run_ != kNone) settle_open_run(other_white, c.newline);
    const std::uint64_t first = other_white & after(c.newline, carry_.newline);
    starts |= first;
    if (first != 0) {
      const std::uint64_t ends = (other_white + first) & ~other_white;
      for (std::uint64_t left = ends & c.newline; left != 0; left &= left - 1) {
        // This run leads to another newline, and is of one pretoken with it.
        const std::uint64_t below = first & ((left & (~left + 1)) - 1);
        starts &= ~(kTop >> __builtin_clzll(below));
      }
      const std::uint64_t last_first = kTop >> __builtin_clzll(first);
      if ((~other_white & ~(last_first - 1)) == 0) {
        open_run_ = k * kBlockBytes + 63 - static_cast<unsigned>(__builtin_clzll(first));
      }
    }
  }
  return starts;
}

template <Grammar G>
void Boundaries<G>::settle_open_run(std::uint64_t other_white, std::uint64_t newline) {
  if (other_white == ~std::uint64_t{0}) return;
  if (newline >> __builtin_ctzll(~other_white) & 1) clear_start(open_run_);
  open_run_ = kNone;
}

// '(?:[sdmt]|ll|ve|re) is a pretoken of its own, or the end of the word before it.
template <Grammar G>
void Boundaries<G>::apply_contractions(const Window& window, const char* text,
                                       const char* text_end) {
  constexpr bool kAnyCase = G.contraction != Contraction::leading_exact;
  std::size_t last_end = kNone;
  for (std::size_t k = 0; k < window.n_blocks; ++k) {
    for (std::uint64_t left = quotes_[k]; left != 0; left &= left - 1) {
      const std::size_t at = k * kBlockBytes + static_cast<unsigned>(__builtin_ctzll(left));
      const std::size_t length = scanner::contraction_length<kAnyCase>(text + at, text_end);
      // A word has one contraction; what follows it begins a new word.
      if (length == 0 || (kTrailingContraction && at == last_end)) continue;
      if constexpr (kTrailingContraction) {
        // From the quote on; a capital after a small letter would start a word, too.
        for (std::size_t i = at; i < at + length; ++i) clear_start(i);
      }
      if constexpr (G.prefix == Prefix::space) clear_start(at + 1);
      set_start(at + length);
      last_end = at + length;
      if constexpr (kTrailingContraction) {
        // The algebra took letters of both cases here for part of the word before.
        const std::size_t block = last_end / kBlockBytes;
        const std::uint64_t both = window.caseless[block] | window.mark[block];
        if (both >> last_end % kBlockBytes & 1) undecided_ = std::min(undecided_, last_end + 1);
      }
    }
  }
}

template <Grammar G>
void Boundaries<G>::find(const Window& window, const char* text, const char* text_end) {
  carry_ = Carry{};
  undecided_ = kNone;
  open_run_ = kNone;
  std::uint64_t all_quotes = 0;
  for (std::size_t k = 0; k < window.n_blocks; ++k) {
    const Classes c = classes_of(window, k);
    starts_[k] = word_starts(window, k, c) | number_starts(window, k, c);
    starts_[k] |= white_starts(window, k, c);
    all_quotes |= quotes_[k];
    carry_.letter = c.letter >> 63;
    carry_.number = c.number >> 63;
    carry_.white = c.white >> 63;
    carry_.punctuation = c.punctuation >> 63;
    carry_.newline = c.newline >> 63;
    carry_.space = (window.ascii[k].space & c.white) >> 63;
    carry_.tail = c.tail >> 63;
  }
  starts_[window.n_blocks] = 0;
  if (all_quotes != 0) apply_contractions(window, text, text_end);
  if (open_run_ != kNone) undecided_ = std::min(undecided_, open_run_);
}

}  // namespace bytestride
