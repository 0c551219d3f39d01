// A Grammar as algebra on class masks: where pretokens start, a whole window at once.
//
// The rules are those of scanner.hpp, read sideways: instead of following one pretoken, each rule
// marks its starts everywhere. `after(x)` is the bytes after those of x; a run is filled from its
// first bit. Few places need a closer look, one by one: contractions, long numbers, and white space
// between newlines. Included by the kernel of each backend (see simd/bits.hpp).
#include <algorithm>

#include "pretokenize/boundaries.hpp"
#include "pretokenize/scanner.hpp"
#include "simd/bits.hpp"

namespace bytestride {
namespace {

// The classes of bytes as the rules see them: all text is in letter, number, white, punctuation,
// run or other.
struct Classes {
  Bits upper;  // the two as in the masks
  Bits lower;
  Bits letter;
  Bits number;
  Bits white;
  Bits punctuation;
  Bits newline;
  Bits tail;  // newlines that punctuation takes; in none of the four any more
  Bits space;
  Bits mark;
  Bits run;         // of G.runs, all beyond ASCII
  Bits run_symbol;  // of those, what makes runs of its own kind only
  Bits other;       // G.only_symbols: what no rule matches
  Bits continuation;
  bool beyond_ascii;
};

// Masks as words, for what is looked at one by one.
struct alignas(64) Words {
  std::uint64_t word[kMaskWords];

  bool has(std::size_t at) const { return word[at / 64] >> at % 64 & 1; }
  void set(std::size_t at) { word[at / 64] |= std::uint64_t{1} << at % 64; }
  void clear(std::size_t at) { word[at / 64] &= ~(std::uint64_t{1} << at % 64); }
};

BYTESTRIDE_KERNEL Words words_of(const Bits& x) {
  Words words;
  store(x, words.word);
  return words;
}

// The lowest bit, or kNone.
BYTESTRIDE_KERNEL std::size_t first_of(const Bits& x) {
  if (!any(x)) return Boundaries::kNone;
  const Words words = words_of(x);
  std::size_t k = 0;
  while (words.word[k] == 0) ++k;
  return k * 64 + static_cast<unsigned>(__builtin_ctzll(words.word[k]));
}

// The highest bit up to `at`. Precondition: there is one.
BYTESTRIDE_KERNEL std::size_t last_up_to(const Words& words, std::size_t at) {
  std::size_t k = at / 64;
  std::uint64_t left = words.word[k] & (~std::uint64_t{0} >> (63 - at % 64));
  while (left == 0) left = words.word[--k];
  return k * 64 + 63 - static_cast<unsigned>(__builtin_clzll(left));
}

// What G.runs cuts off leaves the other classes: two bits together tell it, a third one its kind
// (class_rows.hpp).
template <Grammar G>
BYTESTRIDE_KERNEL void take_runs(Classes& c, Boundaries* found) {
  c.run = c.number & c.mark;
  if (!any(c.run)) return;
  c.run_symbol = c.run & c.lower;
  found->undecided = first_of(c.run & c.upper);
  c.number = c.number & ~c.run;
  c.mark = c.mark & ~c.run;
  c.upper = c.upper & ~c.run;
  c.lower = c.lower & ~c.run;
}

// Newlines (and slashes) that go on from punctuation leave their classes here.
template <Grammar G>
BYTESTRIDE_KERNEL Classes classes_of(const Window& window, Boundaries* found) {
  const ClassMasks& masks = window.classes;
  Classes c;
  const Bits line = load(masks.line);
  c.beyond_ascii = window.beyond_ascii;
  c.continuation = c.beyond_ascii ? load(masks.continuation) : none();
  c.mark = c.beyond_ascii || G.only_symbols ? load(masks.mark) : none();
  c.upper = load(masks.upper);
  c.lower = load(masks.lower);
  c.number = load(masks.number);
  c.run = none();
  c.run_symbol = none();
  if constexpr (G.runs != Runs::none) {
    if (c.beyond_ascii) take_runs<G>(c, found);
  }
  c.other = none();
  if constexpr (G.only_symbols) c.other = c.mark;
  c.letter = c.upper | c.lower;
  if constexpr (G.letters != Letters::plain && !G.only_symbols) c.letter = c.letter | c.mark;
  c.white = load(masks.white);
  c.space = c.white & load(masks.blank);
  c.newline = c.white & line;
  c.punctuation = load(window.valid) & ~(c.letter | c.number | c.white | c.run | c.other);
  c.tail = none();
  if constexpr (G.tail != PunctuationTail::none) {
    const Bits first = c.newline & after(c.punctuation);
    if (any(first)) {
      c.tail = fill(first, G.tail == PunctuationTail::newlines ? c.newline : line);
      c.punctuation = c.punctuation & ~c.tail;
      c.white = c.white & ~c.tail;
      c.newline = c.newline & ~c.tail;
    }
  }
  return c;
}

// Inside a run of letters: a capital after small letters starts a word; after characters of both
// cases it does if those follow small letters, or if nothing but capitals is left of the run.
template <Grammar G>
BYTESTRIDE_KERNEL Bits case_starts(const Classes& c, Boundaries* found) {
  if (!c.beyond_ascii) return c.upper & after(c.lower);
  const Bits upper = c.upper & ~c.lower;
  const Bits both = (c.upper & c.lower) | c.mark;
  Bits lower = c.lower & ~c.upper;
  lower = lower | fill(both & after(lower), both);
  Bits starts = upper & after(lower);
  const Bits open = upper & after(both & ~lower);
  if (any(open)) {
    const Words letters = words_of(c.letter);
    const Words others = words_of(~upper);
    const Words opened = words_of(open);
    Words more = words_of(starts);
    for (std::size_t k = 0; k < kMaskWords; ++k) {
      for (std::uint64_t left = opened.word[k]; left != 0; left &= left - 1) {
        const std::size_t at = k * 64 + static_cast<unsigned>(__builtin_ctzll(left));
        std::size_t end = at + 1;
        while (end < kMaskBytes && !others.has(end)) ++end;
        if (end == kMaskBytes) {
          found->unseen = std::min(found->unseen, at);
        } else if (!letters.has(end)) {
          more.set(at);
        }
      }
    }
    starts = load(more.word);
  }
  return starts;
}

// [^\r\n\p{L}\p{N}]?\p{L}+ or ` ?\p{L}+`, ` ?[^\s\p{L}\p{N}]+`: words and punctuation. A character
// before a word belongs to it where it starts a pretoken itself: white space that is no newline
// (a run gives its last character back), or punctuation that is alone and has no space before it.
// Sets `quotes` to those that may begin a contraction.
template <Grammar G>
BYTESTRIDE_KERNEL Bits word_starts(const Window& window, const Classes& c, Bits* quotes,
                                   Boundaries* found) {
  const Bits spaced = after(c.space);
  const Bits after_letter = after(c.letter);
  const Bits first_letters = c.letter & ~after_letter;
  const Bits free_punctuation = c.punctuation & ~(after(c.punctuation) | spaced);
  Bits starts = free_punctuation;
  if constexpr (G.prefix == Prefix::space) {
    starts = starts | (first_letters & ~spaced);
  } else if constexpr (G.prefix == Prefix::no_symbol) {
    static_assert(G.symbol_leads);
    Bits led = first_letters & after(free_punctuation);
    if (c.beyond_ascii) led = led & ~load(window.classes.non_ascii);
    starts = starts | (first_letters & ~(led | after(c.other | (c.white & ~c.newline))));
    if (c.beyond_ascii && any(led)) {
      // Only letters of ASCII are led: another, behind them, starts a word.
      const Bits of_ascii = c.letter & ~load(window.classes.non_ascii);
      starts = starts | (after(fill(led, of_ascii)) & c.letter & ~of_ascii);
    }
  } else {
    Bits alone = free_punctuation;
    if (c.beyond_ascii) {
      // A character of several bytes stands before a word with its last one.
      for (int i = 0; i < 3; ++i) alone = alone | (after(alone) & c.continuation);
    }
    starts = starts | (first_letters & ~after(alone | (c.white & ~c.newline)));
  }
  const Bits quote = load(window.classes.blank) & ~c.white;
  if constexpr (G.contraction == Contraction::leading_exact ||
                G.contraction == Contraction::leading_any_case) {
    *quotes = quote & free_punctuation;
  } else if constexpr (G.contraction == Contraction::trailing_any_case) {
    *quotes = quote & after_letter;
  } else {
    *quotes = none();
  }
  if constexpr (G.letters == Letters::cased) {
    // Whether a mark that begins a word is its first letter or the character before it depends on
    // what follows.
    if (c.beyond_ascii) {
      found->undecided = std::min(found->undecided, first_of(first_letters & c.mark));
    }
    starts = starts | case_starts<G>(c, found);
  }
  return starts;
}

// Groups of at most Most digits, from the start of each run, where digits have several bytes.
template <unsigned Most>
BYTESTRIDE_KERNEL Bits group_starts(const Bits& digits, const Bits& continued) {
  const Words all = words_of(digits);
  const Words later = words_of(continued);
  Words starts;
  unsigned n_digits = 0;  // of the group that goes on
  for (std::size_t k = 0; k < kMaskWords; ++k) {
    std::uint64_t here = 0;
    for (std::uint64_t left = all.word[k]; left != 0; left &= left - 1) {
      const std::uint64_t bit = left & (~left + 1);
      if (!(later.word[k] & bit)) n_digits = 0;
      if (n_digits == 0) here |= bit;
      n_digits = n_digits + 1 == Most ? 0 : n_digits + 1;
    }
    starts.word[k] = here;
  }
  return load(starts.word);
}

// Adds the place N behind a start where that is in `steps`, again and again. Few steps for most
// numbers; where there are more, twice as long ones: every place between has been added by then.
template <int N>
BYTESTRIDE_KERNEL Bits follow_steps(Bits starts, const Bits& steps) {
  constexpr int kFewSteps = 3;
  Bits next = after<N>(starts) & steps;
  for (int i = 0; any(next); ++i) {
    if constexpr (2 * N < 64) {
      if (i == kFewSteps) return follow_steps<2 * N>(starts, steps & after<N>(steps));
    }
    starts = starts | next;
    next = after<N>(next) & steps;
  }
  return starts;
}

// \p{N}{1,max}, from the start of each run, or ` ?\p{N}+`.
template <Grammar G>
BYTESTRIDE_KERNEL Bits number_starts(const Classes& c) {
  const Bits continued = after(c.number);
  if constexpr (G.max_digits == 0) {
    return c.number & ~(continued | after(c.space));
  } else if constexpr (G.max_digits == 1) {
    return c.number & ~c.continuation;
  } else {
    static_assert(G.max_digits == 3);
    if (c.beyond_ascii && any(c.number & c.continuation)) {
      return group_starts<G.max_digits>(c.number & ~c.continuation, continued);
    }
    // Where three digits come before one, a group starts if one started with the first of them.
    const Bits fourth = c.number & continued & after<2>(c.number) & after<3>(c.number);
    return follow_steps<3>(c.number & ~continued, fourth);
  }
}

// The first bytes of the characters whose last bytes are given.
BYTESTRIDE_KERNEL Bits first_bytes(const Bits& last, const Bits& continuation) {
  Bits first = last & ~continuation;
  for (Bits back = last & continuation; any(back); back = back & continuation) {
    back = before(back);
    first = first | (back & ~continuation);
  }
  return first;
}

// \s*[\r\n]+ | \s+(?!\S) | \s: a run starts a pretoken, and so do the last character before
// something else and, where newlines count, the first after the last newline.
template <Grammar G>
BYTESTRIDE_KERNEL Bits white_starts(const Window& window, const Classes& c, Boundaries* found) {
  const Bits other_white = G.cuts_after_newline ? c.white & ~c.newline : c.white;
  Bits last = other_white & ~before(load(window.classes.white));
  // Before what is cut out first, white space stands at the end of a text.
  if constexpr (G.isolates_first) last = last & ~before(c.number | c.run);
  if (c.beyond_ascii) last = first_bytes(last, c.continuation);
  Bits starts = (c.white & ~after(c.white)) | last;
  if constexpr (G.cuts_after_newline) {
    const Bits first = other_white & after(c.newline);
    if (!any(first)) return starts;
    starts = starts | first;
    const Bits filled = fill(first, other_white);
    const Words firsts = words_of(first);
    if (words_of(filled).has(kMaskBytes - 1)) {
      found->unseen = std::min(found->unseen, last_up_to(firsts, kMaskBytes - 1));
    }
    const Bits closing = after(filled) & c.newline;
    if (any(closing)) {
      // A run that leads to another newline is of one pretoken with it.
      const Words ends = words_of(closing);
      Words left_over = words_of(starts);
      for (std::size_t k = 0; k < kMaskWords; ++k) {
        for (std::uint64_t left = ends.word[k]; left != 0; left &= left - 1) {
          left_over.clear(
              last_up_to(firsts, k * 64 + static_cast<unsigned>(__builtin_ctzll(left))));
        }
      }
      starts = load(left_over.word);
    }
  }
  return starts;
}

// A run of what is cut off, and a run of what no other rule matches: that leaves its last character
// to a word.
template <Grammar G>
BYTESTRIDE_KERNEL Bits other_starts(const Classes& c) {
  Bits starts = none();
  if constexpr (G.runs != Runs::none) {
    const Bits run_word = c.run & ~c.run_symbol;
    starts = (run_word & ~after(run_word)) | (c.run_symbol & ~after(c.run_symbol));
  }
  if constexpr (G.only_symbols) {
    if (any(c.other)) {
      const Bits last = c.other & before(c.letter);
      starts = starts | (c.other & ~after(c.other)) |
               (c.beyond_ascii ? first_bytes(last, c.continuation) : last);
    }
  }
  return starts;
}

// '(?:[sdmt]|ll|ve|re) is a pretoken of its own, or the end of the word before it.
template <Grammar G>
BYTESTRIDE_KERNEL Bits contractions(const Bits& starts, const Bits& quotes, const Classes& c,
                                    const Window& window, const char* text, const char* text_end,
                                    Boundaries* found) {
  constexpr bool kAnyCase = G.contraction != Contraction::leading_exact;
  constexpr bool kTrailing = G.contraction == Contraction::trailing_any_case;
  Words changed = words_of(starts);
  const Words places = words_of(quotes);
  Words both_cases;
  if constexpr (kTrailing) {
    both_cases = words_of((c.upper & c.lower) | c.mark);
  }
  std::size_t last_end = Boundaries::kNone;
  for (std::size_t k = 0; k * 64 < window.n_bytes; ++k) {
    for (std::uint64_t left = places.word[k]; left != 0; left &= left - 1) {
      const std::size_t at = k * 64 + static_cast<unsigned>(__builtin_ctzll(left));
      const std::size_t length = scanner::contraction_length<kAnyCase>(text + at, text_end);
      // A word has one contraction; what follows it begins a new word.
      if (length == 0 || (kTrailing && at == last_end)) continue;
      if constexpr (kTrailing) {
        // From the quote on; a capital after a small letter would start a word, too.
        for (std::size_t i = at; i < at + length; ++i) changed.clear(i);
      }
      if constexpr (G.prefix == Prefix::space) changed.clear(at + 1);
      changed.set(at + length);
      last_end = at + length;
      // The algebra took letters of both cases here for part of the word before.
      if (kTrailing && both_cases.has(last_end)) {
        found->undecided = std::min(found->undecided, last_end + 1);
      }
    }
  }
  return load(changed.word);
}

template <Grammar G>
BYTESTRIDE_TARGET void find_boundaries(const Window& window, const char* text, const char* text_end,
                                       Boundaries* found) {
  found->undecided = Boundaries::kNone;
  found->unseen = Boundaries::kNone;
  const Classes c = classes_of<G>(window, found);
  Bits quotes;
  Bits starts = word_starts<G>(window, c, &quotes, found);
  starts = starts | number_starts<G>(c) | white_starts<G>(window, c, found);
  if constexpr (G.runs != Runs::none || G.only_symbols) starts = starts | other_starts<G>(c);
  if constexpr (G.contraction != Contraction::none) {
    if (any(quotes)) {
      starts = contractions<G>(starts, quotes, c, window, text, text_end, found);
    }
  }
  store(starts, found->starts);
}

}  // namespace
}  // namespace bytestride

// All grammars.
#define BYTESTRIDE_FOR_MASKED_GRAMMARS(do_one)                                                \
  do_one(kGpt2) do_one(kCl100k) do_one(kLlama3) do_one(kQwen2) do_one(kQwen35) do_one(kO200k) \
      do_one(kTekken) do_one(kKimiK2) do_one(kDeepSeekV3) do_one(kStarCoder)
