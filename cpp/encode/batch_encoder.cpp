#include "encode/batch_encoder.hpp"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "encode/ordered_commit.hpp"

namespace bytestride {
namespace {

struct Plan {
  std::vector<Chunk> chunks;
  std::size_t most_tokens = 0;
  std::size_t n_threads;

  Plan(const Encoder& encoder, const DocumentList& documents, const AddedTokenPolicy& policy,
       std::size_t wanted_threads)
      : n_threads(encoder.splitter().calls_back() ? 1 : wanted_threads) {
    // Where a token may be refused, documents stay whole: the error names its place in the
    // document.
    chunks = plan_chunks(documents, encoder.splitter().may_cut() && policy.refused.empty());
    for (const Chunk& chunk : chunks) most_tokens += chunk.max_utf8_bytes;
    most_tokens *= encoder.splitter().growth();
  }
};

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

template <typename Id>
std::vector<std::int64_t> encode_planned(Encoder& encoder, const DocumentList& documents,
                                         const AddedTokenPolicy& policy, const Plan& plan,
                                         std::span<Id> out) {
  std::vector<std::int64_t> offsets(documents.size() + 1);
  OrderedCommit commit;
  const auto encode_and_place = [&](std::size_t task) {
    const WorkspacePool::Loan workspace = encoder.borrow();
    encode_chunk(encoder, documents, plan.chunks[task], policy, *workspace);
    const TokenBuffer& tokens = workspace->tokens;
    std::size_t begin = 0;
    if (!commit.place(task, tokens.size(), begin)) return;
    if (begin > out.size() || tokens.size() > out.size() - begin) {
      throw InvalidArgument("out has room for " + std::to_string(out.size()) +
                            " ids, and the documents have more: they have at most " +
                            std::to_string(plan.most_tokens) + " (one a byte)");
    }
    std::copy(tokens.data(), tokens.data() + tokens.size(), out.data() + begin);
    std::size_t document = plan.chunks[task].first;
    for (const std::size_t end : workspace->document_ends) {
      offsets[++document] = static_cast<std::int64_t>(begin + end);
    }
  };
  parallel_for(plan.chunks.size(), plan.n_threads, [&](std::size_t task, std::size_t) {
    try {
      encode_and_place(task);
    } catch (...) {
      commit.fail();
      throw;
    }
  });
  return offsets;
}

}  // namespace

template <typename Id>
EncodedBatch<Id> encode_batch(Encoder& encoder, const DocumentList& documents,
                              const AddedTokenPolicy& policy, std::size_t n_threads) {
  const Plan plan(encoder, documents, policy, n_threads);
  EncodedBatch<Id> batch;
  batch.tokens = PageArray<Id>(plan.most_tokens);
  const std::span<Id> places(batch.tokens.data(), plan.most_tokens);
  batch.offsets = encode_planned(encoder, documents, policy, plan, places);
  batch.n_tokens = static_cast<std::size_t>(batch.offsets.back());
  batch.tokens.shrink(batch.n_tokens);
  return batch;
}

template <typename Id>
std::vector<std::int64_t> encode_batch_into(Encoder& encoder, const DocumentList& documents,
                                            const AddedTokenPolicy& policy, std::size_t n_threads,
                                            std::span<Id> out) {
  const Plan plan(encoder, documents, policy, n_threads);
  return encode_planned(encoder, documents, policy, plan, out);
}

std::vector<std::int64_t> count_batch(Encoder& encoder, const DocumentList& documents,
                                      const AddedTokenPolicy& policy, std::size_t n_threads) {
  const Plan plan(encoder, documents, policy, n_threads);
  std::vector<std::int64_t> counts(documents.size());
  parallel_for(plan.chunks.size(), plan.n_threads, [&](std::size_t task, std::size_t) {
    const WorkspacePool::Loan workspace = encoder.borrow();
    for_each_part(documents, plan.chunks[task], [&](std::size_t i, const DocumentView& part, bool) {
      const std::size_t n = encoder.count(part, policy, *workspace);
      // Other parts of the document may be another thread's.
      std::atomic_ref(counts[i]).fetch_add(static_cast<std::int64_t>(n), std::memory_order_relaxed);
    });
  });
  return counts;
}

template EncodedBatch<std::uint16_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t);
template EncodedBatch<std::uint32_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t);
template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint16_t>);
template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint32_t>);

}  // namespace bytestride
