// Text to ids, one document at a time: split into pretokens, and those to ids.
//
// The vocabulary and the splitter are immutable and shared, and so is what was learned about words;
// what is a call's own is in the workspace. So one encoder serves any number of threads. Cost:
// linear in the text but for pretokens of n > 126 bytes, which take O(n log n).
#pragma once

#include <memory>
#include <utility>

#include "documents/document.hpp"
#include "encode/seed_words.hpp"
#include "encode/span_encoder.hpp"
#include "encode/workspace.hpp"
#include "pretokenize/text_splitter.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

class Encoder {
 public:
  // whole_pieces: see SpanEncoder.
  Encoder(std::shared_ptr<const Vocab> vocab, std::shared_ptr<const TextSplitter> splitter,
          bool whole_pieces)
      : spans_(std::move(vocab), whole_pieces),
        splitter_(std::move(splitter)),
        caches_([this, whole_pieces](WordCache& cache) {
          seed_words(cache, spans_.vocab(), whole_pieces);
        }) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  const Vocab& vocab() const { return spans_.vocab(); }
  const TextSplitter& splitter() const { return *splitter_; }
  WorkspacePool::Loan borrow() { return workspaces_.borrow(); }

  // Appends the ids of the text to workspace.tokens. Throws InvalidArgument where the text holds a
  // refused token.
  void encode(ByteSpan text, const AddedTokenPolicy& policy, Workspace& workspace) const;
  void encode(const DocumentView& document, const AddedTokenPolicy& policy,
              Workspace& workspace) const;
  // Appends the first n_enough ids of the text, or all there are, and perhaps some more: it stops
  // after the batch of pretokens in which they are reached. Throws as encode does, wherever in the
  // text the refused token is.
  void encode_up_to(ByteSpan text, const AddedTokenPolicy& policy, std::size_t n_enough,
                    Workspace& workspace) const;

  // The ids of one pretoken, without any table: at most word.size() of them are written to `out`,
  // which must have room for that many. Returns how many.
  std::size_t encode_word(ByteSpan word, TokenId* out, PieceScratch& scratch) const {
    return spans_.encode_word(word, out, scratch);
  }

  // How many ids encode would append; makes none, and leaves workspace.tokens alone.
  std::size_t count(const DocumentView& document, const AddedTokenPolicy& policy,
                    Workspace& workspace) const;

  // Forgets all words met so far, and gives their memory back.
  void clear_cache();

 private:
  void refuse(ByteSpan text, const AddedTokenSet& refused) const;
  // The workspace's, with the word cache of now: for one batch of pretokens.
  WordTables tables_of(Workspace& workspace) const;
  void encode_spans(const SpanBatch& spans, Workspace& workspace) const;

  SpanEncoder spans_;
  std::shared_ptr<const TextSplitter> splitter_;
  mutable WordCaches caches_;
  WorkspacePool workspaces_;
};

}  // namespace bytestride
