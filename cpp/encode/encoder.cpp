#include "encode/encoder.hpp"

#include <string>

#include "base/error.hpp"
#include "documents/transcode.hpp"

namespace bytestride {

void Encoder::refuse(ByteSpan text, const AddedTokenSet& refused) const {
  const AddedTokens& added = splitter_->added_tokens();
  AddedTokens::Match match{};
  if (!added.find(text, 0, refused, match)) return;
  throw InvalidArgument("the text holds the special token '" + added.all()[match.index].content +
                        "' at byte " + std::to_string(match.begin) +
                        "; name it in allowed_special to encode it as its id, or pass "
                        "disallowed_special=() to encode it as ordinary text");
}

WordTables Encoder::tables_of(Workspace& workspace) const {
  if (!caches_.serves(workspace.cache.get())) workspace.cache = caches_.current();
  return {workspace.front, workspace.cache.get()};
}

void Encoder::encode_spans(const SpanBatch& spans, Workspace& workspace) const {
  // A token has at least one byte: there are no more ids than bytes.
  TokenId* const out = workspace.tokens.reserve(spans.ends[spans.n - 1] + WordIds::kMaxInline);
  workspace.tokens.commit(spans_.encode(spans, tables_of(workspace), *workspace.spans, out));
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

std::size_t Encoder::count(const DocumentView& document, const AddedTokenPolicy& policy,
                           Workspace& workspace) const {
  const ByteSpan text = as_utf8(document, workspace.transcoded);
  refuse(text, policy.refused);
  std::size_t n = 0;
  splitter_->split(
      text, policy.wanted, workspace.split,
      [&](const SpanBatch& spans) {
        n += spans_.count(spans, tables_of(workspace), *workspace.spans);
      },
      [&](TokenId) { ++n; });
  return n;
}

void Encoder::clear_cache() {
  caches_.clear();
  workspaces_.clear();
}

}  // namespace bytestride
