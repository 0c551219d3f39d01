#include "unicode/normalise.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

#include "unicode/nfc_tables.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

using namespace nfc_tables;

// Hangul syllables are composed by arithmetic (the Unicode standard, 3.12).
constexpr char32_t kSyllableBase = 0xAC00, kLeadBase = 0x1100, kVowelBase = 0x1161,
                   kTailBase = 0x11A7;  // one before the first tail: a tail index of 0 is no tail
constexpr char32_t kNumLeads = 19, kNumVowels = 21, kNumTails = 28;
constexpr char32_t kNumSyllables = kNumLeads * kNumVowels * kNumTails;

// The first place that may not be in NFC, and the boundary before it: the start of the last
// character that nothing before it can change. Both are the end of the text where all is in NFC.
struct Scan {
  const char* boundary;
  const char* doubtful;
};

Scan scan_inert(const char* p, const char* end) {
  const char* boundary = p;
  std::uint8_t last_class = 0;  // indices into kCombiningClasses, which ascend as the classes do
  while (p < end) {
    if (static_cast<signed char>(*p) >= 0) {
      constexpr std::uint64_t kHighBits = 0x8080808080808080u;
      for (; end - p >= 8; p += 8) {
        std::uint64_t word;
        std::memcpy(&word, p, sizeof word);
        if ((word & kHighBits) != 0) break;
      }
      while (p < end && static_cast<signed char>(*p) >= 0) ++p;
      boundary = p - 1;
      last_class = 0;
      continue;
    }
    const DecodedChar c = decode_utf8(p, end);
    const std::uint8_t what = c.ok ? property(c.code_point) : 0;
    const std::uint8_t ccc = what & kClassMask;
    if ((what & kNotQuickYes) != 0 || (ccc != 0 && ccc < last_class)) return {boundary, p};
    if (ccc == 0) boundary = p;
    last_class = ccc;
    p += c.length;
  }
  return {end, end};
}

// The next character that nothing before it can change, or the end.
const char* next_boundary(const char* p, const char* end) {
  while (p < end) {
    const DecodedChar c = decode_utf8(p, end);
    if (!c.ok || (property(c.code_point) & (kNotQuickYes | kClassMask)) == 0) break;
    p += c.length;
  }
  return p;
}

// 0 where the two make no composite.
char32_t compose(char32_t first, char32_t second) {
  if (first - kLeadBase < kNumLeads && second - kVowelBase < kNumVowels) {
    return kSyllableBase + ((first - kLeadBase) * kNumVowels + (second - kVowelBase)) * kNumTails;
  }
  const char32_t syllable = first - kSyllableBase;
  if (syllable < kNumSyllables && syllable % kNumTails == 0) {
    const char32_t tail = second - kTailBase;
    return tail > 0 && tail < kNumTails ? first + tail : 0;
  }
  const Composition* const last = kCompositions + kNumCompositions;
  const Composition* const found =
      std::lower_bound(kCompositions, last, std::tie(first, second),
                       [](const Composition& pair, const auto& wanted) {
                         return std::tie(pair.first, pair.second) < wanted;
                       });
  return found != last && found->first == first && found->second == second ? found->composite : 0;
}

// The characters of one stretch between boundaries, decomposed.
class Stretch {
 public:
  // How many characters there are more than in the original: 0 for one that was there, 1 for a
  // further part of a decomposed one, the sum less 1 for two that became one.
  using Surplus = std::int32_t;

  void add(char32_t code_point) {
    const std::uint8_t what = property(code_point);
    if ((what & kDecomposes) == 0) {
      chars_.push_back({code_point, kCombiningClasses[what & kClassMask], 0});
    } else if (code_point - kSyllableBase < kNumSyllables) {
      const char32_t syllable = code_point - kSyllableBase;
      chars_.push_back({kLeadBase + syllable / (kNumVowels * kNumTails), 0, 0});
      chars_.push_back({kVowelBase + syllable / kNumTails % kNumVowels, 0, 1});
      if (syllable % kNumTails != 0) chars_.push_back({kTailBase + syllable % kNumTails, 0, 1});
    } else {
      const Decomposition* const found = std::lower_bound(
          kDecompositions, kDecompositions + kNumDecompositions, code_point,
          [](const Decomposition& d, char32_t wanted) { return d.code_point < wanted; });
      for (std::size_t i = 0; i < found->n; ++i) {
        const char32_t part = kParts[found->begin + i];
        chars_.push_back({part, kCombiningClasses[property(part) & kClassMask], i == 0 ? 0 : 1});
      }
    }
  }

  // Puts the characters in order, composes them, calls write(code point, surplus) for each and
  // forgets them.
  template <typename Write>
  void flush(Write&& write) {
    put_in_order();
    compose_chars();
    for (const Char& c : chars_) write(c.code_point, c.surplus);
    chars_.clear();
  }

 private:
  struct Char {
    char32_t code_point;
    std::uint8_t combining_class;
    Surplus surplus;
  };

  // Each run of marks ascends by combining class; marks of one class stay in their order.
  void put_in_order() {
    const auto by_class = [](const Char& a, const Char& b) {
      return a.combining_class < b.combining_class;
    };
    const auto is_starter = [](const Char& c) { return c.combining_class == 0; };
    for (auto begin = chars_.begin(); begin != chars_.end();) {
      begin = std::find_if_not(begin, chars_.end(), is_starter);
      const auto end = std::find_if(begin, chars_.end(), is_starter);
      if (!std::is_sorted(begin, end, by_class)) std::stable_sort(begin, end, by_class);
      begin = end;
    }
  }

  void compose_chars() {
    constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t n = 0, starter = kNone;
    std::uint8_t last_class = 0;  // of what was kept after the starter
    for (const Char c : chars_) {
      const bool blocked = last_class != 0 && last_class >= c.combining_class;
      if (starter != kNone && !blocked) {
        const char32_t composite = compose(chars_[starter].code_point, c.code_point);
        if (composite != 0) {
          chars_[starter].code_point = composite;
          chars_[starter].surplus += c.surplus - 1;
          continue;
        }
      }
      if (c.combining_class == 0) starter = n;
      last_class = c.combining_class;
      chars_[n++] = c;
    }
    chars_.resize(n);
  }

  std::vector<Char> chars_;
};

}  // namespace

bool is_nfc_inert(ByteSpan text) {
  const char* const end = text.data() + text.size();
  return scan_inert(text.data(), end).doubtful == end;
}

namespace {

void append_char(std::string& out, char32_t code_point) {
  char bytes[4];
  out.append(bytes, static_cast<std::size_t>(encode_utf8(code_point, bytes) - bytes));
}

// Calls keep(text) for what is in NFC already and change(stretch, text) for the rest, whose
// characters the stretch then holds.
template <typename Keep, typename Change>
void normalise(ByteSpan text, Keep&& keep, Change&& change) {
  const char* p = text.data();
  const char* const end = p + text.size();
  Stretch stretch;
  while (p < end) {
    const Scan scan = scan_inert(p, end);
    keep(ByteSpan(p, static_cast<std::size_t>(scan.boundary - p)));
    const char* const stretch_end = next_boundary(scan.doubtful, end);
    const char* begin = scan.boundary;
    const auto change_until = [&](const char* here) {
      if (begin < here) change(stretch, ByteSpan(begin, static_cast<std::size_t>(here - begin)));
    };
    for (p = begin; p < stretch_end;) {
      const DecodedChar c = decode_utf8(p, stretch_end);
      if (c.ok) {
        stretch.add(c.code_point);
      } else {
        change_until(p);
        keep(ByteSpan(p, c.length));
        begin = p + c.length;
      }
      p += c.length;
    }
    change_until(p);
  }
}

// Takes the characters of a stretch's original one by one, for those that came of them.
class OriginalParts {
 public:
  OriginalParts(ByteSpan text, const char* begin) : text_(text), p_(begin), last_(begin) {}

  // The part for a character of this surplus: the first it takes, or the last that was taken.
  NfcAlignment::Part next(std::size_t begin, std::size_t end, Stretch::Surplus surplus) {
    if (surplus > 0) return {begin, end, place(last_), place(p_)};
    take();
    const NfcAlignment::Part part{begin, end, place(last_), place(p_)};
    for (; surplus < 0; ++surplus) take();
    return part;
  }

 private:
  void take() {
    const char* const end = text_.data() + text_.size();
    if (p_ == end) return;
    last_ = p_;
    p_ += decode_utf8(p_, end).length;
  }
  std::size_t place(const char* p) const { return static_cast<std::size_t>(p - text_.data()); }

  ByteSpan text_;
  const char* p_;
  const char* last_;
};

}  // namespace

void append_nfc(ByteSpan text, std::string& out) {
  normalise(
      text, [&](ByteSpan kept) { out.append(kept); },
      [&](Stretch& stretch, ByteSpan) {
        stretch.flush([&](char32_t code_point, Stretch::Surplus) { append_char(out, code_point); });
      });
}

NfcAlignment nfc_with_alignment(ByteSpan text, std::string& out) {
  NfcAlignment alignment;
  normalise(
      text, [&](ByteSpan kept) { out.append(kept); },
      [&](Stretch& stretch, ByteSpan original) {
        const std::size_t begin = out.size();
        OriginalParts parts(text, original.data());
        stretch.flush([&](char32_t code_point, Stretch::Surplus surplus) {
          const std::size_t before = out.size();
          append_char(out, code_point);
          alignment.characters.push_back(parts.next(before, out.size(), surplus));
        });
        const auto original_begin = static_cast<std::size_t>(original.data() - text.data());
        alignment.stretches.push_back(
            {begin, out.size(), original_begin, original_begin + original.size()});
      });
  return alignment;
}

}  // namespace bytestride
