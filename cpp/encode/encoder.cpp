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

void Encoder::encode(ByteSpan text, const AddedTokenPolicy& policy, Workspace& workspace) const {
  refuse(text, policy.refused);
  if (!caches_.serves(workspace.cache.get())) workspace.cache = caches_.current();
  const WordTables tables{workspace.front, workspace.cache.get()};
  splitter_->split(
      text, policy.wanted, workspace.split,
      [&](const SpanBatch& spans) {
        // A token has at least one byte: there are no more ids than bytes.
        const std::size_t most = spans.ends[spans.n - 1] + WordIds::kMaxInline;
        TokenId* const out = workspace.tokens.reserve(most);
        workspace.tokens.commit(spans_.encode(spans, tables, *workspace.spans, out));
      },
      [&](TokenId id) { workspace.tokens.push(id); });
}

void Encoder::encode(const DocumentView& document, const AddedTokenPolicy& policy,
                     Workspace& workspace) const {
  encode(as_utf8(document, workspace.transcoded), policy, workspace);
}

void Encoder::clear_cache() {
  caches_.clear();
  workspaces_.clear();
}

}  // namespace bytestride
