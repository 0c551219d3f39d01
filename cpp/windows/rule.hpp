// Where the sliding windows over one segment of n tokens start, by arithmetic alone.
//
// A window takes max_length inputs and one token more, its last target; window w starts at
// w * stride. The tail says what becomes of targets after the last full window: dropped, in a
// shorter window that is padded, or in one full window more that is anchored at the end. Everything
// is int64, and nothing is ever computed below zero or above n, so no argument overflows. O(1).
#pragma once

#include <algorithm>
#include <cstdint>

namespace bytestride {

enum class Tail : std::uint8_t { kDrop, kPad, kAnchor };

struct Span {
  std::int64_t start;         // from the segment's first token
  std::int64_t n_tokens;      // 2 to max_length + 1
  std::int64_t first_target;  // targets of the window before it are ignored
};

class WindowRule {
 public:
  // Throws InvalidArgument for a max_length or stride below 1.
  WindowRule(std::int64_t max_length, std::int64_t stride, Tail tail, bool mask_overlap);

  std::int64_t max_length() const { return max_length_; }
  std::int64_t stride() const { return stride_; }

  // How many windows a segment holds. Throws InvalidArgument for a negative n_tokens.
  std::int64_t count(std::int64_t n_tokens) const;
  // Precondition: 0 <= w < count(n_tokens).
  Span span(std::int64_t n_tokens, std::int64_t w) const {
    if (tail_ == Tail::kAnchor) return anchored_span(n_tokens, w);
    return plain_span(n_tokens, w);
  }

 private:
  // Without a division, which would be most of the work.
  Span plain_span(std::int64_t n_tokens, std::int64_t w) const {
    const std::int64_t overlap = w > 0 ? std::max<std::int64_t>(max_length_ - stride_, 0) : 0;
    const std::int64_t start = w * stride_;
    const std::int64_t n_targets = std::min(max_length_, n_tokens - 1 - start);
    return {start, n_targets + 1, mask_overlap_ ? overlap : 0};
  }
  Span anchored_span(std::int64_t n_tokens, std::int64_t w) const;
  std::int64_t full_windows(std::int64_t n_tokens) const;

  std::int64_t max_length_;
  std::int64_t stride_;
  Tail tail_;
  bool mask_overlap_;
};

}  // namespace bytestride
