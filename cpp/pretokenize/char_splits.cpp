#include "pretokenize/char_splits.hpp"

#include "pretokenize/scan_loop.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

struct IsDigit {
  bool operator()(char32_t c) const { return is_numeric(c); }
};

struct IsPunctuation {
  bool operator()(char32_t c) const { return (class_byte(c) & kPunctuation8Bit) != 0; }
};

// The end of the run from p on of characters that are in the set, or of those that are not; at most
// one character where `one` is true. An ill-formed sequence is one character outside every set.
template <typename IsMember>
const char* run_end(const char* p, const char* end, bool members, bool one = false) {
  while (p < end) {
    const DecodedChar c = decode_utf8(p, end);
    if ((c.ok && IsMember()(c.code_point)) != members) break;
    p += c.length;
    if (one) break;
  }
  return p;
}

template <typename IsMember, Behavior B>
const char* piece_end(const char* p, const char* end) {
  const char* const after_member = run_end<IsMember>(p, end, true, B != Behavior::contiguous);
  if (after_member == p) {
    const char* const after_others = run_end<IsMember>(p, end, false);
    if constexpr (B != Behavior::merged_with_previous) return after_others;
    return run_end<IsMember>(after_others, end, true, true);
  }
  if constexpr (B != Behavior::merged_with_next) return after_member;
  return run_end<IsMember>(after_member, end, false);
}

template <typename IsMember, Behavior B>
std::size_t scan(std::string_view text, std::size_t position, std::uint32_t* ends,
                 std::size_t capacity) {
  return scan_with(piece_end<IsMember, B>, text, position, ends, capacity);
}

}  // namespace

ScanFunction digit_scan(Behavior behavior) {
  if (behavior == Behavior::isolated) return scan<IsDigit, Behavior::isolated>;
  return behavior == Behavior::contiguous ? scan<IsDigit, Behavior::contiguous> : nullptr;
}

ScanFunction punctuation_scan(Behavior behavior) {
  switch (behavior) {
    case Behavior::isolated:
      return scan<IsPunctuation, Behavior::isolated>;
    case Behavior::contiguous:
      return scan<IsPunctuation, Behavior::contiguous>;
    case Behavior::merged_with_previous:
      return scan<IsPunctuation, Behavior::merged_with_previous>;
    case Behavior::merged_with_next:
      return scan<IsPunctuation, Behavior::merged_with_next>;
  }
  return nullptr;
}

}  // namespace bytestride
