// From a document's text to what is encoded or counted: added tokens and batches of pretokens.
//
// Owns the added tokens, the normaliser and the split; immutable, shared by every thread. Scratch
// for normalised text and for spans is the caller's (SplitScratch). One grammar alone scans each
// segment; anything else is a sequence of stages (split_stages.hpp).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pretokenize/grammar.hpp"
#include "pretokenize/span_batch.hpp"
#include "pretokenize/split_stages.hpp"
#include "segment/added_tokens.hpp"

namespace bytestride {

struct SplitScratch {
  std::string normalised;
  std::vector<std::uint32_t> ends = std::vector<std::uint32_t>(kSpanBatch);
  StageScratch stages;
  // Shorter texts are followed by character: a window costs as much as ten pretokens or so.
  std::size_t least_window = 48;
};

class TextSplitter {
 public:
  TextSplitter(const KnownPattern& pattern, AddedTokens added, bool normalise_nfc);
  TextSplitter(SplitCallback split, AddedTokens added, bool normalise_nfc);
  // Throws InvalidArgument as SplitStages.
  TextSplitter(std::vector<SplitStage> stages, AddedTokens added, bool normalise_nfc);

  const AddedTokens& added_tokens() const { return added_; }
  // What every call looks for: the added tokens that are not special.
  const AddedTokenSet& always_wanted() const { return always_wanted_; }
  const AddedTokenSet& special_tokens() const { return special_; }
  bool normalises() const { return normalise_nfc_; }
  // Whether pretokens may have spaces that the text has not.
  bool puts_spaces() const { return stages_.growth() != 1; }
  // A text of n bytes has at most growth() * n in its pretokens: NFC can make three of one.
  std::size_t growth() const { return (normalise_nfc_ ? 3 : 1) * stages_.growth(); }
  // Whether documents may be cut at safe places (documents/safe_cut.hpp).
  bool may_cut() const { return may_cut_; }
  // Whether a split calls back into code that must stay on the calling thread.
  bool calls_back() const { return stages_.calls_back(); }
  // Of the only stage, where that is a grammar; otherwise nullptr.
  ScanFunction scan() const { return scan_; }

  // Calls on_spans(SpanBatch) and on_token(TokenId) in the order of the text. Either may return a
  // bool: false ends the split there.
  template <typename OnSpans, typename OnToken>
  void split(ByteSpan text, const AddedTokenSet& wanted, SplitScratch& scratch, OnSpans&& on_spans,
             OnToken&& on_token) const {
    segments(
        text, wanted, scratch,
        [&](ByteSpan part) { return split_segment(part, scratch, on_spans); }, on_token);
  }

  // What is split between added tokens, whole and normalised: on_part(ByteSpan), on_token(TokenId).
  template <typename OnPart, typename OnToken>
  void segments(ByteSpan text, const AddedTokenSet& wanted, SplitScratch& scratch, OnPart&& on_part,
                OnToken&& on_token) const {
    const auto on_match = [&](const AddedTokens::Match& match) {
      return on_token(added_.all()[match.index].id);
    };
    const auto on_segment = [&](ByteSpan segment) {
      if (normalise_nfc_) segment = normalised(segment, scratch);
      if (!wanted.has_normalized()) return goes_on(on_part, segment);
      return added_.segment(segment, wanted, Round::normalised, on_part, on_match);
    };
    added_.segment(text, wanted, Round::raw, on_segment, on_match);
  }

 private:
  // Whether the split goes on. Precondition: the segment is normalised.
  template <typename OnSpans>
  bool split_segment(ByteSpan segment, SplitScratch& scratch, OnSpans&& on_spans) const {
    if (scan_ != nullptr) {
      const ScanFunction next = segment.size() < scratch.least_window ? follow_ : scan_;
      for (std::size_t position = 0; position < segment.size();) {
        const std::size_t n = next(segment, position, scratch.ends.data(), kSpanBatch);
        const SpanBatch spans{segment.data() + position, scratch.ends.data(), n, segment};
        if (!goes_on(on_spans, spans)) return false;
        position += scratch.ends[n - 1];
      }
    } else {
      // Stages go through to their end, but what they find after a stop is passed over.
      bool more = true;
      stages_.split(segment, scratch.stages, [&](const SpanBatch& spans) {
        if (more) more = goes_on(on_spans, spans);
      });
      return more;
    }
    return true;
  }

  ByteSpan normalised(ByteSpan segment, SplitScratch& scratch) const;
  void index_added_tokens();

  SplitStages stages_;
  // Of the only stage, where that is a grammar.
  ScanFunction scan_ = nullptr;
  ScanFunction follow_ = nullptr;
  AddedTokens added_;
  AddedTokenSet always_wanted_;
  AddedTokenSet special_;
  bool normalise_nfc_;
  bool may_cut_;
};

}  // namespace bytestride
