#include "encode/encoder.hpp"

#include <string>

#include "base/error.hpp"
#include "documents/transcode.hpp"

namespace bytestride {

std::size_t Encoder::encode_word(ByteSpan word, TokenId* out, MergeScratch& scratch) const {
  if (whole_pieces_) {
    const TokenId id = vocab_->id_of(word);
    if (id != kNoToken) {
      *out = id;
      return 1;
    }
  }
  for (std::size_t i = 0; i < word.size(); ++i) {
    out[i] = vocab_->byte_id(static_cast<unsigned char>(word[i]));
  }
  return merge_symbols(vocab_->pairs(), out, word.size(), scratch);
}

void Encoder::encode_spans(const SpanBatch& spans, Workspace& workspace) const {
  const char* const text_end = spans.text.data() + spans.text.size();
  // A token has at least one byte: there are no more ids than bytes. Copying an entry may write a
  // few places on.
  TokenId* out = workspace.tokens.reserve(spans.ends[spans.n - 1] + WordTable::kMaxIds);
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < spans.n; ++i) {
    const char* const word = spans.base + begin;
    const std::size_t n_bytes = spans.ends[i] - begin;
    begin = spans.ends[i];
    if (n_bytes > WordKey::kMaxBytes) {
      out += encode_word({word, n_bytes}, out, workspace.merge);
      continue;
    }
    const WordKey key = load_word_key(word, n_bytes, text_end);
    if (const WordTable::Entry* known = workspace.words.find(key)) {
      out = known->copy_to(out);
      continue;
    }
    const std::size_t n_ids = encode_word({word, n_bytes}, out, workspace.merge);
    if (n_ids <= WordTable::kMaxIds) workspace.words.insert(key, out, n_ids);
    out += n_ids;
  }
  workspace.tokens.commit(out);
}

void Encoder::refuse(ByteSpan text, const AddedTokenSet& refused) const {
  const AddedTokens& added = splitter_->added_tokens();
  AddedTokens::Match match{};
  if (!added.find(text, 0, refused, match)) return;
  throw InvalidArgument("the text holds the special token '" + added.all()[match.index].content +
                        "' at byte " + std::to_string(match.begin) +
                        "; name it in allowed_special to encode it as its id, or pass "
                        "disallowed_special=() to encode it as ordinary text");
}

void Encoder::encode(ByteSpan text, const AddedTokenPolicy& policy, Workspace& workspace) const {
  refuse(text, policy.refused);
  splitter_->split(
      text, policy.wanted, workspace.split,
      [&](const SpanBatch& spans) { encode_spans(spans, workspace); },
      [&](TokenId id) { workspace.tokens.push(id); });
}

void Encoder::encode_up_to(ByteSpan text, const AddedTokenPolicy& policy, std::size_t n_enough,
                           Workspace& workspace) const {
  refuse(text, policy.refused);
  const std::size_t n_before = workspace.tokens.size();
  const auto wants_more = [&] { return workspace.tokens.size() - n_before < n_enough; };
  if (!wants_more()) return;
  splitter_->split(
      text, policy.wanted, workspace.split,
      [&](const SpanBatch& spans) {
        encode_spans(spans, workspace);
        return wants_more();
      },
      [&](TokenId id) {
        workspace.tokens.push(id);
        return wants_more();
      });
}

void Encoder::encode(const DocumentView& document, const AddedTokenPolicy& policy,
                     Workspace& workspace) const {
  encode(as_utf8(document, workspace.transcoded), policy, workspace);
}

}  // namespace bytestride
