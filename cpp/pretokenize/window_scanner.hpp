// The scanner that works by windows: class masks, boundary rules, positions. Same answer as
// following the text by character (scanner.hpp), which it does itself where the rules do not
// decide, where one pretoken fills a window, and on a backend without masks.
//
// Nothing is carried from window to window: each begins at a boundary, and what follows a boundary
// depends on nothing before it.
#pragma once

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "pretokenize/boundaries.hpp"
#include "pretokenize/class_rows.hpp"
#include "pretokenize/scanner.hpp"
#include "pretokenize/window.hpp"
#include "simd/positions.hpp"

namespace bytestride {

template <Grammar G>
class WindowScanner {
 public:
  // Writes to ends[0, capacity), as ScanFunction does.
  WindowScanner(std::string_view text, std::size_t position, std::uint32_t* ends,
                std::size_t capacity)
      : text_(text), begin_(position), at_(position), ends_(ends), capacity_(capacity) {}

  std::size_t scan() {
    const Backend now = backend();
    const ClassifyBlocks classify = classify_blocks_for(now);
    if (classify == nullptr) {
      follow(text_.size());
      return n_;
    }
    const Kernels kernels{classify, class_rows(rows_kind(G)), find_boundaries_for<G>(now),
                          write_positions_for(now)};
    while (at_ < text_.size() && n_ < capacity_ && !too_far_) scan_window(kernels);
    return n_;
  }

 private:
  struct Kernels {
    ClassifyBlocks classify;
    const ClassRows& rows;
    FindBoundaries find_boundaries;
    WritePositions write_positions;
  };

  // After a place that is not decided, so many bytes are followed by character: text full of such
  // places costs little more than without windows.
  static constexpr std::size_t kFollowBytes = 256;
  static constexpr std::size_t kFarthest = std::numeric_limits<std::uint32_t>::max();

  void scan_window(const Kernels& kernels) {
    if (at_ - begin_ >= kFarthest - kMaskBytes) {
      follow(at_ + 1);
      return;
    }
    Window window;
    Boundaries found;
    window.load(kernels.classify, kernels.rows, text_, at_);
    kernels.find_boundaries(window, text_.data() + at_, text_.data() + text_.size(), &found);
    if (window.ends_text) found.undecided = std::min(found.undecided, last_white_run(window));
    const std::size_t from = at_;
    const bool is_decided = found.undecided > found.unseen || found.undecided == Boundaries::kNone;
    take_starts(kernels, found, std::min({found.undecided, found.unseen, window.n_bytes}));
    if (n_ == capacity_) return;
    if (!is_decided) {
      follow(std::max(from + found.undecided + 1, at_ + 1) + kFollowBytes);
    } else if (window.ends_text && found.unseen == Boundaries::kNone) {
      push(text_.size());
    } else if (at_ == from) {
      follow(at_ + 1);
    }
  }

  // White space at the end of the text has its own rules: the place after the first byte of that
  // run, if there is one.
  std::size_t last_white_run(const Window& window) const;

  // Every start before `limit`, but the first of all, is the end of the pretoken before it.
  void take_starts(const Kernels& kernels, Boundaries& found, std::size_t limit) {
    found.starts[0] &= ~std::uint64_t{1};
    const std::size_t n_words = (limit + 63) / 64;
    if (limit % 64 != 0) found.starts[n_words - 1] &= (std::uint64_t{1} << limit % 64) - 1;
    const auto base = static_cast<std::uint32_t>(at_ - begin_);
    if (capacity_ - n_ >= kMaskBytes) {
      n_ += kernels.write_positions(found.starts, n_words, base, ends_ + n_);
    } else {
      std::uint32_t all[kMaskBytes];
      const std::size_t n =
          std::min(kernels.write_positions(found.starts, n_words, base, all), capacity_ - n_);
      std::copy_n(all, n, ends_ + n_);
      n_ += n;
    }
    if (n_ != 0) at_ = begin_ + ends_[n_ - 1];
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
    if (end - begin_ >= kFarthest) {
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
  for (std::size_t k = (window.n_bytes - 1) / 64 + 1; k-- > 0;) {
    const std::uint64_t others = window.valid[k] & ~window.classes.white[k];
    if (others != 0) {
      const auto last_other = 63 - static_cast<unsigned>(__builtin_clzll(others));
      first = k * 64 + last_other + 1;
      break;
    }
    first = k * 64;
  }
  return first == window.n_bytes ? Boundaries::kNone : first + 1;
}

}  // namespace bytestride
