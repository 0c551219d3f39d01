// Splits one after the other: each cuts every piece of the one before as a text of its own.
//
// So a look-ahead, or the end of a text, sees the end of the piece. Immutable, shared by every
// thread; buffers are the caller's (StageScratch), one level for a stage. Pieces go on in batches
// as they are found, so memory does not grow with the text, but for what a callback gives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/types.hpp"
#include "pretokenize/char_splits.hpp"
#include "pretokenize/grammar.hpp"
#include "pretokenize/span_batch.hpp"

namespace bytestride {

// Fills `ends` with the ascending ends, in bytes, of all pieces of a text; the last is its size.
using SplitCallback = std::function<void(ByteSpan text, std::vector<std::size_t>& ends)>;

struct SplitStage {
  enum class Kind : std::uint8_t {
    grammar,      // a known pattern: cuts at every safe place (documents/safe_cut.hpp)
    char_set,     // digits or punctuation: a safe place cuts nothing apart that it keeps together
    callback,     // code outside the core, on the calling thread
    space_before  // puts ' ' before a piece that does not start with one; cuts nothing
  };
  Kind kind;
  ScanFunction scan = nullptr;  // of grammar and char_set
  SplitCallback callback{};
  ScanFunction follow = nullptr;  // of grammar: KnownPattern::follow
};

inline constexpr std::size_t kMaxStages = 32;

struct StageScratch {
  struct Level {
    std::vector<std::uint32_t> ends = std::vector<std::uint32_t>(kSpanBatch);
    std::vector<std::size_t> callback_ends;
    std::string text;
  };
  // Gives back buffers of more than `most_bytes`.
  void trim(std::size_t most_bytes);

  std::vector<Level> levels;
  std::vector<std::uint32_t> batch = std::vector<std::uint32_t>(kSpanBatch);
};

class SplitStages {
 public:
  SplitStages() = default;
  // Without a stage a text is one piece. Throws InvalidArgument for more than kMaxStages of them,
  // or two that put spaces.
  explicit SplitStages(std::vector<SplitStage> stages);

  const std::vector<SplitStage>& all() const { return stages_; }
  // Whether the pieces of a text cut at safe places are those of the whole.
  bool may_cut() const;
  bool calls_back() const;
  // A text of n bytes has at most growth() * n in its pieces.
  std::size_t growth() const;

  template <typename OnSpans>
  void split(ByteSpan text, StageScratch& scratch, OnSpans&& on_spans) const {
    if (text.empty()) return;
    scratch.levels.resize(stages_.size());
    Pieces<OnSpans> pieces{scratch.batch, on_spans, text, text.data(), 0};
    apply(0, text, scratch, pieces);
    pieces.flush();
  }

 private:
  // Gathers pieces to batches; all that wait lie side by side in `text`, from `base` on.
  template <typename OnSpans>
  struct Pieces {
    std::vector<std::uint32_t>& ends;
    OnSpans& on_spans;
    ByteSpan text;
    const char* base;
    std::size_t n;

    void add(ByteSpan piece) {
      constexpr std::size_t kLimit = std::numeric_limits<std::uint32_t>::max();
      const char* const end = piece.data() + piece.size();
      if (n == kSpanBatch || static_cast<std::size_t>(end - base) >= kLimit) {
        flush();
        base = piece.data();
        if (piece.size() >= kLimit) {
          throw InvalidArgument("one pretoken of 4 GiB or more; cut the document");
        }
      }
      ends[n++] = static_cast<std::uint32_t>(end - base);
    }
    void flush() {
      if (n == 0) return;
      on_spans(SpanBatch{base, ends.data(), n, text});
      base += ends[n - 1];
      n = 0;
    }
    void go_on_in(ByteSpan other, const char* from) {
      flush();
      text = other;
      base = from;
    }
  };

  // Cuts a piece, not empty, by the stages from number k on.
  template <typename OnSpans>
  void apply(std::size_t k, ByteSpan piece, StageScratch& scratch, Pieces<OnSpans>& pieces) const {
    if (k == stages_.size()) return pieces.add(piece);
    const SplitStage& stage = stages_[k];
    StageScratch::Level& level = scratch.levels[k];
    std::size_t begin = 0;
    switch (stage.kind) {
      case SplitStage::Kind::grammar:
      case SplitStage::Kind::char_set:
        while (begin < piece.size()) {
          const std::size_t from = begin;
          const std::size_t n = stage.scan(piece, from, level.ends.data(), kSpanBatch);
          for (std::size_t i = 0; i < n; ++i) {
            const std::size_t end = from + level.ends[i];
            apply(k + 1, piece.substr(begin, end - begin), scratch, pieces);
            begin = end;
          }
        }
        return;
      case SplitStage::Kind::callback:
        call(stage, piece, level.callback_ends);
        for (const std::size_t end : level.callback_ends) {
          apply(k + 1, piece.substr(begin, end - begin), scratch, pieces);
          begin = end;
        }
        return;
      case SplitStage::Kind::space_before:
        if (piece.front() == ' ') return apply(k + 1, piece, scratch, pieces);
        const ByteSpan text = pieces.text;
        level.text.assign(1, ' ').append(piece);
        pieces.go_on_in(level.text, level.text.data());
        apply(k + 1, level.text, scratch, pieces);
        pieces.go_on_in(text, piece.data() + piece.size());
    }
  }

  static void call(const SplitStage& stage, ByteSpan piece, std::vector<std::size_t>& ends);

  std::vector<SplitStage> stages_;
};

}  // namespace bytestride
