// From a document's text to what is encoded or counted: added tokens and batches of pretokens.
//
// Owns the added tokens, the normaliser and the split; immutable, shared by every thread. Scratch
// for normalised text and for spans is the caller's (SplitScratch). A pattern outside the grammars
// is a SplitCallback, whose pieces enter here as spans like any others.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pretokenize/grammar.hpp"
#include "segment/added_tokens.hpp"

namespace bytestride {

// Fills `ends` with the ascending ends, in bytes, of all pieces of a text; the last is its size.
using SplitCallback = std::function<void(ByteSpan text, std::vector<std::size_t>& ends)>;

inline constexpr std::size_t kSpanBatch = 512;

// Pretokens that lie side by side: number i is base[ends[i - 1], ends[i]), and the first starts at
// base. All of them lie in `text`, so that whoever reads ahead knows how far.
struct SpanBatch {
  const char* base;
  const std::uint32_t* ends;
  std::size_t n;
  ByteSpan text;
};

struct SplitScratch {
  std::string normalised;
  std::vector<std::size_t> callback_ends;
  std::vector<std::uint32_t> ends = std::vector<std::uint32_t>(kSpanBatch);
};

class TextSplitter {
 public:
  TextSplitter(const KnownPattern& pattern, AddedTokens added, bool normalise_nfc);
  TextSplitter(SplitCallback split, AddedTokens added, bool normalise_nfc);

  const AddedTokens& added_tokens() const { return added_; }
  // What every call looks for: the added tokens that are not special.
  const AddedTokenSet& always_wanted() const { return always_wanted_; }
  const AddedTokenSet& special_tokens() const { return special_; }
  bool normalises() const { return normalise_nfc_; }
  // Whether documents may be cut at safe places (documents/safe_cut.hpp).
  bool may_cut() const { return may_cut_; }
  // Whether a split calls back into code that must stay on the calling thread.
  bool calls_back() const { return scan_ == nullptr; }

  // Calls on_spans(SpanBatch) and on_token(TokenId) in the order of the text.
  template <typename OnSpans, typename OnToken>
  void split(ByteSpan text, const AddedTokenSet& wanted, SplitScratch& scratch, OnSpans&& on_spans,
             OnToken&& on_token) const {
    const auto on_part = [&](ByteSpan part) { split_segment(part, scratch, on_spans); };
    const auto on_segment = [&](ByteSpan segment) {
      if (normalise_nfc_) segment = normalised(segment, scratch);
      if (!wanted.has_normalized()) return on_part(segment);
      added_.segment(segment, wanted, Round::normalised, on_part, on_token);
    };
    added_.segment(text, wanted, Round::raw, on_segment, on_token);
  }

 private:
  // Precondition: the segment is normalised.
  template <typename OnSpans>
  void split_segment(ByteSpan segment, SplitScratch& scratch, OnSpans&& on_spans) const {
    if (scan_ != nullptr) {
      for (std::size_t position = 0; position < segment.size();) {
        const std::size_t n = scan_(segment, position, scratch.ends.data(), kSpanBatch);
        on_spans(SpanBatch{segment.data() + position, scratch.ends.data(), n, segment});
        position += scratch.ends[n - 1];
      }
    } else if (!segment.empty()) {
      split_by_callback(segment, scratch);
      std::size_t position = 0;
      for (std::size_t done = 0; done < scratch.callback_ends.size();) {
        const std::size_t n = narrow_batch(scratch, done, position);
        on_spans(SpanBatch{segment.data() + position, scratch.ends.data(), n, segment});
        position += scratch.ends[n - 1];
        done += n;
      }
    }
  }

  ByteSpan normalised(ByteSpan segment, SplitScratch& scratch) const;
  void split_by_callback(ByteSpan segment, SplitScratch& scratch) const;
  // The next batch of callback_ends, as distances from `position`; returns its size.
  static std::size_t narrow_batch(SplitScratch& scratch, std::size_t done, std::size_t position);
  void index_added_tokens();

  ScanFunction scan_ = nullptr;
  SplitCallback callback_;
  AddedTokens added_;
  AddedTokenSet always_wanted_;
  AddedTokenSet special_;
  bool normalise_nfc_;
  bool may_cut_;
};

}  // namespace bytestride
