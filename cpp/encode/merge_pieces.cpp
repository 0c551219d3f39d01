// Why pieces may be joined
//
// Merging takes the pair of the lowest rank, the leftmost on ties, until no pair merges. Two things
// hold for it, whatever the vocabulary:
//
//   1. Take neighbours in what merging gives for a word: for their bytes alone it gives the same.
//      No merge crossed the ends of these bytes, and a pair within them that is the first in the
//      word is the first in them.
//   2. Take tokens of which each two neighbours are what merging gives for the bytes of the two.
//      For the bytes of all it gives all of them. Otherwise some merge is the first to cross an
//      end, between a and b say. Until then the bytes of a and b went through what they go through
//      alone, and the pair is the first in them as it is the first in all: it would merge there,
//      too.
//
// So, where `left` and `right` are what merging gives for two texts: merge the bytes of the last
// few tokens of `left` and the first few of `right` again, as a window. If the window still begins
// with the first of these tokens and ends with the last of them, then all neighbours, those across
// the ends of the window too, are what merging gives for the two; and tokens of both texts with the
// window's between them are what merging gives for the joined text. Otherwise a wider window is
// tried; one that reaches to the end of a text needs nothing on that side.
//
// Why a run may be continued
//
// Where one token stands at two places of a row that merging gives, and the text goes on behind the
// row with the bytes between the two places (behind the first of the two, to the end of the
// second), the tokens between them may be added again: no two neighbours are new.

#include "encode/merge_pieces.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace bytestride {
namespace {

// With the bytes of a character that a cut is moved by, a piece fits lanes of 64 places.
constexpr std::size_t kPieceBytes = 58;
constexpr std::size_t kPartBytes = MergeLanes::kLanes * kPieceBytes;
constexpr std::size_t kFewTokens = 2;   // on each side of a cut, at first
constexpr std::size_t kMoreTokens = 4;  // and where these are not enough
constexpr std::size_t kWindowsPerByte = 4;
constexpr std::size_t kFewestWindowBytes = 4096;

// Runs: their longest period, and the least that is worth to look for tokens that repeat.
constexpr std::size_t kMaxPeriod = 128;
constexpr std::size_t kPeriodSign = 32;
constexpr std::size_t kMinRun = 512;
constexpr std::size_t kMostRun = 65536;  // looked at in one go
constexpr std::size_t kTokensBack = 256;
// So many of the last tokens may be those of a cut that the run goes on behind.
constexpr std::size_t kMostDropped = 16;

class LongWord {
 public:
  LongWord(const Vocab& vocab, const MergeTable& merges, ByteSpan word, TokenId* out,
           PieceScratch& scratch)
      : vocab_(vocab), merges_(merges), word_(word), out_(out), scratch_(scratch) {}

  std::size_t merge() {
    while (at_ < word_.size()) {
      const std::size_t n_left = word_.size() - at_;
      const std::size_t n_parts = (n_left + kPartBytes - 1) / kPartBytes;
      if (!add_part(n_parts == 1 ? word_.size() : whole_char(at_ + n_left / n_parts))) {
        return merge_by_blocks(merges_, word_, out_, scratch_.blocks);
      }
      while (continue_run()) {
      }
    }
    return n_out_;
  }

 private:
  struct Window {
    std::size_t cut;                   // the number of the piece behind it
    std::size_t first, last;           // of `part`, from the first token to behind the last
    std::size_t begin = 0, n_ids = 0;  // in `windows`
    bool fits = false;
  };

  std::size_t length_of(TokenId id) const { return vocab_.token_bytes(id).size(); }

  // The beginning of the character that a place is in, for text; near it for anything else.
  std::size_t whole_char(std::size_t at) const {
    for (int i = 0; i < 3 && (word_[at] & 0xC0) == 0x80; ++i) --at;
    return at;
  }

  // Appends what merging gives for the word up to `end`. False where that takes too long.
  bool add_part(std::size_t end) {
    if (!add_pieces(end)) {
      scratch_.part.resize(end - at_);
      scratch_.part.resize(merge_by_blocks(merges_, word_.substr(at_, end - at_),
                                           scratch_.part.data(), scratch_.blocks));
      if (!join_part(end)) return false;
    }
    at_ = end;
    return true;
  }

  // The same by pieces; false, and nothing has happened, where some do not join by a few tokens.
  bool add_pieces(std::size_t end) {
    const std::size_t n_bytes = end - at_;
    const std::size_t n_pieces = (n_bytes + kPieceBytes - 1) / kPieceBytes;
    std::size_t cuts[MergeLanes::kLanes + 1];
    ByteSpan pieces[MergeLanes::kLanes];
    cuts[0] = at_;
    for (std::size_t i = 1; i <= n_pieces; ++i) {
      cuts[i] = i == n_pieces ? end : whole_char(at_ + n_bytes * i / n_pieces);
      pieces[i - 1] = word_.substr(cuts[i - 1], cuts[i] - cuts[i - 1]);
    }
    scratch_.lanes.run(merges_, pieces, n_pieces);
    // The last tokens before stand for a piece, too.
    const std::size_t n_before = std::min(n_out_, kMoreTokens);
    std::vector<TokenId>& part = scratch_.part;
    part.assign(out_ + n_out_ - n_before, out_ + n_out_);
    std::size_t starts[MergeLanes::kLanes + 1];  // of the pieces' tokens
    for (std::size_t i = 0; i < n_pieces; ++i) {
      starts[i] = part.size();
      part.insert(part.end(), scratch_.lanes.ids(i),
                  scratch_.lanes.ids(i) + scratch_.lanes.n_ids(i));
    }
    starts[n_pieces] = part.size();

    Window windows[MergeLanes::kLanes];
    std::size_t n_windows = 0;
    for (std::size_t i = n_before == 0 ? 1 : 0; i < n_pieces; ++i) windows[n_windows++].cut = i;
    scratch_.windows.clear();
    for (const std::size_t n_tokens : {kFewTokens, kMoreTokens}) {
      for (std::size_t k = 0; k < n_windows; ++k) {
        Window& window = windows[k];
        if (window.fits) continue;
        const std::size_t i = window.cut;
        const std::size_t n_left = i == 0 ? n_before : (starts[i] - starts[i - 1]) / 2;
        const std::size_t n_here = starts[i + 1] - starts[i];
        const std::size_t n_right = i + 1 == n_pieces ? n_here : n_here / 2;
        window.first = starts[i] - std::min(n_tokens, n_left);
        window.last = starts[i] + std::min(n_tokens, n_right);
      }
      if (!merge_windows({windows, n_windows}, cuts, starts)) return false;
    }
    for (std::size_t k = 0; k < n_windows; ++k) {
      if (!windows[k].fits) return false;
    }
    n_out_ -= n_before;
    std::size_t next = 0;
    for (std::size_t k = 0; k < n_windows; ++k) {
      const Window& window = windows[k];
      append({part.data() + next, window.first - next});
      append({scratch_.windows.data() + window.begin, window.n_ids});
      next = window.last;
    }
    append({part.data() + next, part.size() - next});
    return true;
  }

  // Merges those that do not fit yet; false where one is empty on a side or too wide.
  bool merge_windows(std::span<Window> windows, const std::size_t* cuts,
                     const std::size_t* starts) {
    const std::vector<TokenId>& part = scratch_.part;
    ByteSpan texts[MergeLanes::kLanes];
    Window* open[MergeLanes::kLanes];
    std::size_t n_open = 0;
    for (Window& window : windows) {
      if (window.fits) continue;
      const std::size_t start = starts[window.cut];
      if (window.first == start || window.last == start) return false;
      std::size_t begin = cuts[window.cut], end = begin;
      for (std::size_t i = window.first; i < start; ++i) begin -= length_of(part[i]);
      for (std::size_t i = start; i < window.last; ++i) end += length_of(part[i]);
      if (end - begin > MergeLanes::kMaxBytes) return false;
      texts[n_open] = word_.substr(begin, end - begin);
      open[n_open++] = &window;
    }
    if (n_open == 0) return true;
    scratch_.lanes.run(merges_, texts, n_open);
    for (std::size_t k = 0; k < n_open; ++k) {
      Window& window = *open[k];
      const std::span<const TokenId> ids(scratch_.lanes.ids(k), scratch_.lanes.n_ids(k));
      const bool at_begin = texts[k].data() == word_.data();
      window.fits = (at_begin || ids.front() == part[window.first]) &&
                    (window.last == part.size() || ids.back() == part[window.last - 1]);
      window.begin = scratch_.windows.size();
      window.n_ids = ids.size();
      if (window.fits) {
        scratch_.windows.insert(scratch_.windows.end(), ids.begin(), ids.end());
      }
    }
    return true;
  }

  // Appends the tokens of `part`, which are those of the word from at_ to `end`, with a window as
  // wide as it must be. False where all windows of the word would be too much.
  bool join_part(std::size_t end) {
    const std::vector<TokenId>& part = scratch_.part;
    std::vector<TokenId>& ids = scratch_.windows;
    ids.clear();
    std::size_t n_left = 0, n_right = 0;
    std::size_t window_begin = at_, window_end = at_;
    bool fits_left = n_out_ == 0, fits_right = fits_left;
    for (std::size_t n_more = kFewTokens; !fits_left || !fits_right; n_more *= 2) {
      for (std::size_t i = 0; i < n_more && !fits_left && n_left < n_out_; ++i) {
        window_begin -= length_of(out_[n_out_ - ++n_left]);
      }
      for (std::size_t i = 0; i < n_more && !fits_right && n_right < part.size(); ++i) {
        window_end += length_of(part[n_right++]);
      }
      const ByteSpan window = word_.substr(window_begin, window_end - window_begin);
      n_window_bytes_ += window.size();
      if (n_window_bytes_ > kWindowsPerByte * word_.size() + kFewestWindowBytes) return false;
      ids.resize(window.size());
      ids.resize(merge_by_blocks(merges_, window, ids.data(), scratch_.blocks));
      fits_left = n_left == n_out_ || ids.front() == out_[n_out_ - n_left];
      fits_right = window_end == end || ids.back() == part[n_right - 1];
    }
    n_out_ -= n_left;
    append(ids);
    append({part.data() + n_right, part.size() - n_right});
    return true;
  }

  // Where the text repeats itself here, and its tokens already do: goes on with them for a while.
  // False where it has not.
  bool continue_run() {
    const char* const text = word_.data();
    if (word_.size() - at_ < kMinRun) return false;
    const std::size_t period = period_here();
    if (period == 0) return false;
    std::size_t run_end = at_ + kPeriodSign;
    const std::size_t most = at_ + std::min(word_.size() - at_, kMostRun);
    while (run_end + 8 <= most && eight_bytes(run_end) == eight_bytes(run_end - period)) {
      run_end += 8;
    }
    if (run_end - at_ < kMinRun) return false;
    // Ends of tokens: ends[i] bytes of the word are those of all tokens but the last i.
    std::size_t ends[kTokensBack];
    std::size_t n_ends = 0;
    std::size_t run_begin = at_ - period;
    for (std::size_t end = at_; n_ends < std::min(kTokensBack, n_out_);) {
      while (run_begin > 0 && run_begin > end &&
             text[run_begin - 1] == text[run_begin - 1 + period]) {
        --run_begin;
      }
      if (run_begin > end) break;
      ends[n_ends++] = end;
      end -= length_of(out_[n_out_ - n_ends]);
    }
    for (std::size_t dropped = 0; dropped < std::min(n_ends, kMostDropped); ++dropped) {
      for (std::size_t i = dropped + 1; i < n_ends; ++i) {
        const std::size_t n_bytes = ends[dropped] - ends[i];
        if (out_[n_out_ - 1 - dropped] != out_[n_out_ - 1 - i] || n_bytes % period != 0) continue;
        const std::size_t n_times = (run_end - ends[dropped]) / n_bytes;
        if (ends[dropped] + n_times * n_bytes <= at_) return false;
        n_out_ -= dropped;
        at_ = ends[dropped] + n_times * n_bytes;
        const std::size_t n_tokens = i - dropped;
        for (std::size_t k = 0; k < n_times * n_tokens; ++k, ++n_out_) {
          out_[n_out_] = out_[n_out_ - n_tokens];
        }
        return true;
      }
    }
    return false;
  }

  // The least distance at which the next bytes stand before; 0 where there is none.
  // Precondition: kPeriodSign bytes are left.
  std::size_t period_here() const {
    const char* const here = word_.data() + at_;
    const std::size_t most = std::min(at_, kMaxPeriod);
    const std::uint64_t sign = eight_bytes(at_);
    for (std::size_t period = 1; period <= most; ++period) {
      if (eight_bytes(at_ - period) != sign) continue;
      if (std::memcmp(here, here - period, kPeriodSign) == 0) return period;
    }
    return 0;
  }

  std::uint64_t eight_bytes(std::size_t at) const {
    std::uint64_t bytes;
    std::memcpy(&bytes, word_.data() + at, sizeof bytes);
    return bytes;
  }

  void append(std::span<const TokenId> ids) {
    std::copy(ids.begin(), ids.end(), out_ + n_out_);
    n_out_ += ids.size();
  }

  const Vocab& vocab_;
  const MergeTable& merges_;
  const ByteSpan word_;
  TokenId* const out_;
  PieceScratch& scratch_;
  // out_[0, n_out_) is what merging gives for the first at_ bytes.
  std::size_t n_out_ = 0;
  std::size_t at_ = 0;
  std::size_t n_window_bytes_ = 0;  // merged by join_part
};

}  // namespace

std::size_t merge_by_pieces(const Vocab& vocab, const MergeTable& merges, ByteSpan word,
                            TokenId* out, PieceScratch& scratch) {
  return LongWord(vocab, merges, word, out, scratch).merge();
}

}  // namespace bytestride
