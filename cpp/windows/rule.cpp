#include "windows/rule.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace bytestride {

namespace {

void require_at_least(std::int64_t least, std::int64_t value, const char* name) {
  if (value >= least) return;
  throw InvalidArgument(std::string(name) + " must be at least " + std::to_string(least) +
                        ", found " + std::to_string(value));
}

// For n >= 0.
std::int64_t divide_up(std::int64_t n, std::int64_t by) {
  return n == 0 ? 0 : (n - 1) / by + 1;
}

}  // namespace

WindowRule::WindowRule(std::int64_t max_length, std::int64_t stride, Tail tail, bool mask_overlap)
    : max_length_(max_length), stride_(stride), tail_(tail), mask_overlap_(mask_overlap) {
  require_at_least(1, max_length, "max_length");
  require_at_least(1, stride, "stride");
}

std::int64_t WindowRule::full_windows(std::int64_t n_tokens) const {
  return n_tokens <= max_length_ ? 0 : (n_tokens - 1 - max_length_) / stride_ + 1;
}

std::int64_t WindowRule::count(std::int64_t n_tokens) const {
  require_at_least(0, n_tokens, "n_tokens");
  const std::int64_t full = full_windows(n_tokens);
  if (tail_ == Tail::kDrop) return full;
  if (n_tokens < 2) return 0;
  if (n_tokens <= max_length_) return 1;
  if (tail_ == Tail::kAnchor) {
    const std::int64_t scored = (full - 1) * stride_ + max_length_;
    return full + (scored < n_tokens - 1 ? 1 : 0);
  }
  if (stride_ > max_length_) return divide_up(n_tokens - 1, stride_);
  return 1 + divide_up(n_tokens - 1 - max_length_, stride_);
}

Span WindowRule::anchored_span(std::int64_t n_tokens, std::int64_t w) const {
  const std::int64_t full = full_windows(n_tokens);
  if (full == 0 || w != full) return plain_span(n_tokens, w);
  const std::int64_t start = n_tokens - 1 - max_length_;
  const std::int64_t scored = (full - 1) * stride_ + max_length_;  // the last scored target
  return {start, max_length_ + 1, std::max<std::int64_t>(scored - start, 0)};
}

}  // namespace bytestride
