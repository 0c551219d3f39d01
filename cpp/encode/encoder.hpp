// Text to ids, one document at a time: split, look each pretoken up, merge what is new.
//
// The vocabulary and the splitter are immutable and shared; what changes is in the workspace, so
// one encoder serves any number of threads. Cost: linear in the text but for pretokens of n > 48
// bytes, which take O(n log n).
#pragma once

#include <memory>
#include <utility>

#include "documents/document.hpp"
#include "encode/workspace.hpp"
#include "pretokenize/text_splitter.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

class Encoder {
 public:
  // whole_pieces: a pretoken that is itself a token becomes it, whatever merging would give
  // (tiktoken, and Hugging Face with ignore_merges).
  Encoder(std::shared_ptr<const Vocab> vocab, std::shared_ptr<const TextSplitter> splitter,
          bool whole_pieces)
      : vocab_(std::move(vocab)), splitter_(std::move(splitter)), whole_pieces_(whole_pieces) {}

  const Vocab& vocab() const { return *vocab_; }
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

  // The ids of one pretoken, without the word table: at most word.size() of them are written to
  // `out`, which must have room for that many. Returns how many.
  std::size_t encode_word(ByteSpan word, TokenId* out, MergeScratch& scratch) const;

 private:
  void refuse(ByteSpan text, const AddedTokenSet& refused) const;
  void encode_spans(const SpanBatch& spans, Workspace& workspace) const;

  std::shared_ptr<const Vocab> vocab_;
  std::shared_ptr<const TextSplitter> splitter_;
  bool whole_pieces_;
  WorkspacePool workspaces_;
};

}  // namespace bytestride
