// The scanner that works by windows: class masks, boundary algebra, positions. Same answer as
// following the text by character (scanner.hpp), which it does itself where the algebra does not
// decide, where one pretoken fills a window, and on a backend without masks.
//
// Nothing is carried from window to window: each begins at a boundary, and what follows a boundary
// depends on nothing before it.
#pragma once

#include <limits>

#include "base/error.hpp"
#include "pretokenize/boundaries.hpp"
#include "pretokenize/scanner.hpp"
#include "pretokenize/window.hpp"

namespace bytestride {

template <Grammar G>
class WindowScanner {
 public:
  // Writes to ends[0, capacity), as ScanFunction does.
  WindowScanner(std::string_view text, std::size_t position, std::uint32_t* ends,
                std::size_t capacity)
      : text_(text), begin_(position), at_(position), ends_(ends), capacity_(capacity) {}

  std::size_t scan() {
    const ClassifyBlocks classify = classify_blocks_for(backend());
    if (classify == nullptr) {
      follow(text_.size());
      return n_;
    }
    while (at_ < text_.size() && n_ < capacity_ && !too_far_) scan_window(classify);
    return n_;
  }

 private:
  // After a place that is not decided, so many bytes are followed by character: text full of such
  // places costs little more than without windows.
  static constexpr std::size_t kFollowBytes = 256;

  void scan_window(ClassifyBlocks classify) {
    Window window;
    Boundaries<G> boundaries;
    window.load(classify, text_, at_);
    boundaries.find(window, text_.data() + at_, text_.data() + text_.size());
    std::size_t undecided = boundaries.undecided();
    if (window.ends_text) undecided = std::min(undecided, last_white_run(window));
    const std::size_t from = at_;
    take_starts(boundaries.starts(), std::min(undecided, window.n_bytes));
    if (n_ == capacity_ || too_far_) return;
    if (undecided != Boundaries<G>::kNone) {
      follow(std::max(from + undecided + 1, at_ + 1) + kFollowBytes);
    } else if (window.ends_text) {
      push(text_.size());
    } else if (at_ == from) {
      follow(at_ + 1);
    }
  }

  // White space at the end of the text has its own rules: the place after the first byte of that
  // run, if there is one.
  std::size_t last_white_run(const Window& window) const;

  // Every start before `limit` is the end of the pretoken before it.
  void take_starts(const std::uint64_t* starts, std::size_t limit) {
    const std::size_t from = at_;
    for (std::size_t k = 0; k * kBlockBytes < limit; ++k) {
      std::uint64_t left = starts[k];
      if (k == 0) left &= ~std::uint64_t{1};
      if (limit - k * kBlockBytes < kBlockBytes) {
        left &= (std::uint64_t{1} << (limit - k * kBlockBytes)) - 1;
      }
      const std::size_t base = from + k * kBlockBytes;
      for (; left != 0; left &= left - 1) {
        push(base + static_cast<unsigned>(__builtin_ctzll(left)));
        if (n_ == capacity_ || too_far_) return;
      }
    }
  }

  // Pretokens one by one until one ends at or behind `until`.
  void follow(std::size_t until) {
    const char* const end = text_.data() + text_.size();
    while (at_ < std::min(until, text_.size()) && n_ < capacity_ && !too_far_) {
      push(static_cast<std::size_t>(scanner::pretoken_end<G>(text_.data() + at_, end) -
                                    text_.data()));
    }
  }

  void push(std::size_t end) {
    if (end - begin_ >= std::numeric_limits<std::uint32_t>::max()) {
      if (n_ == 0) throw InvalidArgument("one pretoken of 4 GiB or more; cut the document");
      too_far_ = true;
      return;
    }
    ends_[n_++] = static_cast<std::uint32_t>(end - begin_);
    at_ = end;
  }

  std::string_view text_;
  std::size_t begin_;
  std::size_t at_;  // a boundary; everything before it is written
  std::uint32_t* ends_;
  std::size_t capacity_;
  std::size_t n_ = 0;
  bool too_far_ = false;
};

template <Grammar G>
std::size_t WindowScanner<G>::last_white_run(const Window& window) const {
  std::size_t first = window.n_bytes;
  for (std::size_t k = window.n_blocks; k-- > 0;) {
    const std::uint64_t others = window.valid[k] & ~window.ascii[k].white;
    if (others != 0) {
      const auto last_other = 63 - static_cast<unsigned>(__builtin_clzll(others));
      first = k * kBlockBytes + last_other + 1;
      break;
    }
    first = k * kBlockBytes;
  }
  return first == window.n_bytes ? Boundaries<G>::kNone : first + 1;
}

}  // namespace bytestride
