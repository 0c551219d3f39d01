// Splits each line of a text, with its newline, as a text of its own.
//
// Lines are short, and a scanner's start costs as much as a line. So where the split is one grammar
// and no added token holds a newline, the text is scanned whole, many lines at a time, and mended
// where lines end. Let r be where the white space begins that a line ends with:
//   what ends at or before r is the same in the whole: only white space and what takes newlines
//   looks further, and a pretoken that takes none stops at the first white space;
//   from a boundary at or before r, a pretoken of the whole that ends with the line is one of the
//   line, for the line offers no other choices before it;
//   white space that ends with the line, from r on, is one pretoken, and so is what is left of one
//   of the whole that began before the line, if that is white space only.
// Anything else is scanned once more, from the last sure boundary to the end of the line.
// Immutable; linear in the text; scratch is the caller's.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "pretokenize/text_splitter.hpp"

namespace bytestride {

struct LineScratch {
  SplitScratch split;
  std::vector<std::uint32_t> ends = std::vector<std::uint32_t>(kSpanBatch);
  std::vector<std::uint32_t> line_ends = std::vector<std::uint32_t>(kSpanBatch);
  std::vector<std::uint32_t> out;
};

class LineSplitter {
 public:
  explicit LineSplitter(std::shared_ptr<const TextSplitter> splitter);

  // Calls on_spans(SpanBatch), of any number of spans, and on_token(TokenId) in the order of the
  // text. Returns how many lines there are.
  template <typename OnSpans, typename OnToken>
  std::size_t split(ByteSpan text, const AddedTokenSet& wanted, LineScratch& scratch,
                    OnSpans&& on_spans, OnToken&& on_token) const {
    if (!scans_whole_) return split_line_by_line(text, wanted, scratch, on_spans, on_token);
    splitter_->segments(
        text, wanted, scratch.split,
        [&](ByteSpan segment) {
          Mender<OnSpans>(splitter_->scan(), segment, scratch, on_spans).run();
        },
        on_token);
    return n_lines(text);
  }

  // The same, the plain way.
  template <typename OnSpans, typename OnToken>
  std::size_t split_line_by_line(ByteSpan text, const AddedTokenSet& wanted, LineScratch& scratch,
                                 OnSpans&& on_spans, OnToken&& on_token) const {
    std::size_t n = 0;
    for (; !text.empty(); ++n) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      splitter_->split(text.substr(0, end), wanted, scratch.split, on_spans, on_token);
      text.remove_prefix(end);
    }
    return n;
  }

 private:
  template <typename OnSpans>
  class Mender;

  static std::size_t n_lines(ByteSpan text);

  std::shared_ptr<const TextSplitter> splitter_;
  bool scans_whole_;
};

namespace line_rules {

inline bool is_white(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Whether the character that ends at p may be white space.
// Precondition: the text begins before p.
bool is_white_before(const char* text_begin, const char* p);

}  // namespace line_rules

// The spans of one segment. Places are distances from base_, where the latest scan began.
template <typename OnSpans>
class LineSplitter::Mender {
 public:
  Mender(ScanFunction scan, ByteSpan segment, LineScratch& scratch, OnSpans& on_spans)
      : scan_(scan), segment_(segment), scratch_(scratch), on_spans_(on_spans) {}

  void run() {
    while (position_ < segment_.size()) run_batch();
  }

 private:
  void run_batch() {
    base_ = segment_.data() + position_;
    ends_ = scratch_.ends.data();
    n_ = scan_(segment_, position_, scratch_.ends.data(), kSpanBatch);
    i_ = 0;
    line_ = origin_ = 0;
    const std::size_t limit = ends_[n_ - 1];
    while (const void* const newline = std::memchr(base_ + line_, '\n', limit - line_)) {
      take_line(static_cast<std::size_t>(static_cast<const char*>(newline) - base_) + 1);
      if (scratch_.out.size() >= kSpanBatch) emit();
    }
    if (position_ + limit == segment_.size()) {
      take_rest_of_text(limit);
    } else {
      take_beginning_of_line();
    }
    const std::size_t done = boundary();
    emit();
    position_ += done;
    if (done == 0) take_alone();
  }

  // The line from line_ to `end`, which is not behind the scan's last boundary.
  void take_line(std::size_t end) {
    const std::size_t begin = line_;
    line_ = end;
    if (!is_boundary(begin)) {
      const std::size_t until = std::min<std::size_t>(ends_[i_], end);
      if (!is_white(begin, until)) {
        rescan(begin, end);
        while (i_ < n_ && ends_[i_] <= end) ++i_;
        return;
      }
      push(until);
      if (until == ends_[i_]) ++i_;
      if (until == end) return;
    }
    while (ends_[i_] < end) push(ends_[i_++]);
    const bool ends_there = ends_[i_] == end;
    i_ += ends_there;
    std::size_t sure = boundary();
    if (sure > begin && line_rules::is_white_before(base_, base_ + sure)) {
      sure = drop_after_white(begin);
    } else if (ends_there) {
      return push(end);
    }
    if (is_white(sure, end)) return push(end);
    rescan(sure, end);
  }

  // What is behind the last newline of the text.
  void take_rest_of_text(std::size_t end) {
    if (line_ == end) return;
    if (!is_boundary(line_)) return rescan(line_, end);
    while (i_ < n_) push(ends_[i_++]);
  }

  // The last line of a batch, up to a boundary that is sure whatever follows.
  void take_beginning_of_line() {
    if (!is_boundary(line_)) return;
    while (i_ < n_) push(ends_[i_++]);
    drop_after_white(line_);
  }

  // A line that has no sure boundary within a batch.
  void take_alone() {
    const std::size_t end = std::min(segment_.find('\n', position_), segment_.size() - 1) + 1;
    const ByteSpan text = segment_.substr(0, end);
    while (position_ < end) {
      const std::size_t n = scan_(text, position_, scratch_.ends.data(), kSpanBatch);
      on_spans_(SpanBatch{text.data() + position_, scratch_.ends.data(), n, segment_});
      position_ += scratch_.ends[n - 1];
    }
  }

  void rescan(std::size_t begin, std::size_t end) {
    const ByteSpan text = segment_.substr(0, position_ + end);
    while (begin < end) {
      std::uint32_t* const ends = scratch_.line_ends.data();
      const std::size_t n = scan_(text, position_ + begin, ends, kSpanBatch);
      for (std::size_t k = 0; k < n; ++k) push(begin + ends[k]);
      begin += ends[n - 1];
    }
  }

  // Takes back boundaries behind `begin` with white space before them; gives the last that is left.
  std::size_t drop_after_white(std::size_t begin) {
    std::vector<std::uint32_t>& out = scratch_.out;
    while (boundary() > begin && line_rules::is_white_before(base_, base_ + boundary())) {
      out.pop_back();
    }
    return boundary();
  }

  bool is_boundary(std::size_t at) const { return at == (i_ == 0 ? 0 : ends_[i_ - 1]); }
  bool is_white(std::size_t begin, std::size_t end) const {
    return std::all_of(base_ + begin, base_ + end, line_rules::is_white);
  }

  // The end of the last span that was found.
  std::size_t boundary() const {
    return origin_ + (scratch_.out.empty() ? 0 : scratch_.out.back());
  }
  void push(std::size_t end) { scratch_.out.push_back(static_cast<std::uint32_t>(end - origin_)); }
  void emit() {
    std::vector<std::uint32_t>& out = scratch_.out;
    if (out.empty()) return;
    on_spans_(SpanBatch{base_ + origin_, out.data(), out.size(), segment_});
    origin_ += out.back();
    out.clear();
  }

  ScanFunction scan_;
  ByteSpan segment_;
  LineScratch& scratch_;
  OnSpans& on_spans_;
  std::size_t position_ = 0;  // of base_ in the segment
  const char* base_ = nullptr;
  const std::uint32_t* ends_ = nullptr;  // of the scan of the whole
  std::size_t n_ = 0;
  std::size_t i_ = 0;       // the first of them that was not taken
  std::size_t line_ = 0;    // where the next line begins
  std::size_t origin_ = 0;  // where what was not handed on begins
};

}  // namespace bytestride
