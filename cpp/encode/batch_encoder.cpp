#include "encode/batch_encoder.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "encode/ordered_commit.hpp"

namespace bytestride {
namespace {

// Ids of a chunk to workspace.tokens, and where its documents end among them.
void encode_chunk(const Encoder& encoder, const DocumentList& documents, const Chunk& chunk,
                  const AddedTokenPolicy& policy, Workspace& workspace) {
  workspace.tokens.clear();
  workspace.document_ends.clear();
  for_each_part(documents, chunk, [&](std::size_t, const DocumentView& part, bool ends) {
    encoder.encode(part, policy, workspace);
    if (ends) workspace.document_ends.push_back(workspace.tokens.size());
  });
}

}  // namespace

template <typename Id>
EncodedBatch<Id> encode_batch(Encoder& encoder, const DocumentList& documents,
                              const AddedTokenPolicy& policy, std::size_t n_threads) {
  const TextSplitter& splitter = encoder.splitter();
  // Where a token may be refused, documents stay whole: the error names its place in the document.
  const bool may_cut = splitter.may_cut() && policy.refused.empty();
  const std::vector<Chunk> chunks = plan_chunks(documents, may_cut);
  std::size_t most_tokens = 0;
  for (const Chunk& chunk : chunks) most_tokens += chunk.max_utf8_bytes;
  most_tokens *= splitter.growth();

  EncodedBatch<Id> batch;
  batch.tokens = PageArray<Id>(most_tokens);
  batch.offsets.assign(documents.size() + 1, 0);
  OrderedCommit commit;
  parallel_for(
      chunks.size(), splitter.calls_back() ? 1 : n_threads, [&](std::size_t task, std::size_t) {
        try {
          const WorkspacePool::Loan workspace = encoder.borrow();
          encode_chunk(encoder, documents, chunks[task], policy, *workspace);
          const TokenBuffer& tokens = workspace->tokens;
          std::size_t begin = 0;
          if (!commit.place(task, tokens.size(), begin)) return;
          std::copy(tokens.data(), tokens.data() + tokens.size(), batch.tokens.data() + begin);
          std::size_t document = chunks[task].first;
          for (const std::size_t end : workspace->document_ends) {
            batch.offsets[++document] = static_cast<std::int64_t>(begin + end);
          }
        } catch (...) {
          commit.fail();
          throw;
        }
      });
  batch.n_tokens = commit.total();
  batch.tokens.shrink(batch.n_tokens);
  return batch;
}

template EncodedBatch<std::uint16_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t);
template EncodedBatch<std::uint32_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t);

}  // namespace bytestride
