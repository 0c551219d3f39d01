#include "encode/batch_outputs.hpp"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "encode/ordered_commit.hpp"

namespace bytestride {
namespace {

// Where a token may be refused, documents stay whole: the error names its place in the document.
std::vector<Chunk> plan(const Encoder& encoder, const DocumentList& documents,
                        const AddedTokenPolicy& policy) {
  return plan_chunks(documents, encoder.splitter().may_cut() && policy.refused.empty());
}

std::size_t threads_for(const Encoder& encoder, std::size_t n_threads) {
  return encoder.splitter().calls_back() ? 1 : n_threads;
}

// A token has at least one byte, and NFC can lengthen a text, at most threefold in UTF-8.
std::size_t most_tokens(const Encoder& encoder, const std::vector<Chunk>& chunks) {
  std::size_t n_bytes = 0;
  for (const Chunk& chunk : chunks) n_bytes += chunk.max_utf8_bytes;
  return encoder.splitter().normalises() ? 3 * n_bytes : n_bytes;
}

}  // namespace

std::vector<std::int64_t> count_batch(Encoder& encoder, const DocumentList& documents,
                                      const AddedTokenPolicy& policy, std::size_t n_threads) {
  const std::vector<Chunk> chunks = plan(encoder, documents, policy);
  std::vector<std::int64_t> counts(documents.size());
  parallel_for(chunks.size(), threads_for(encoder, n_threads), [&](std::size_t task, std::size_t) {
    const WorkspacePool::Loan workspace = encoder.borrow();
    for_each_part(documents, chunks[task], [&](std::size_t i, const DocumentView& part, bool) {
      workspace->tokens.clear();
      encoder.encode(part, policy, *workspace);
      // Other parts of the document may be another thread's.
      std::atomic_ref(counts[i]).fetch_add(static_cast<std::int64_t>(workspace->tokens.size()),
                                           std::memory_order_relaxed);
    });
  });
  return counts;
}

template <typename Id>
std::vector<std::int64_t> encode_batch_into(Encoder& encoder, const DocumentList& documents,
                                            const AddedTokenPolicy& policy, std::size_t n_threads,
                                            std::span<Id> out) {
  const std::vector<Chunk> chunks = plan(encoder, documents, policy);
  std::vector<std::int64_t> offsets(documents.size() + 1);
  OrderedCommit commit;
  const auto encode_chunk = [&](std::size_t task) {
    const Chunk& chunk = chunks[task];
    const WorkspacePool::Loan workspace = encoder.borrow();
    const TokenBuffer& tokens = workspace->tokens;
    workspace->tokens.clear();
    workspace->document_ends.clear();
    for_each_part(documents, chunk, [&](std::size_t, const DocumentView& part, bool ends) {
      encoder.encode(part, policy, *workspace);
      if (ends) workspace->document_ends.push_back(tokens.size());
    });
    std::size_t begin = 0;
    if (!commit.place(task, tokens.size(), begin)) return;
    if (begin > out.size() || tokens.size() > out.size() - begin) {
      throw InvalidArgument("out has room for " + std::to_string(out.size()) +
                            " ids, and the documents have more: they have at most " +
                            std::to_string(most_tokens(encoder, chunks)) + " (one a byte)");
    }
    std::copy(tokens.data(), tokens.data() + tokens.size(), out.data() + begin);
    std::size_t document = chunk.first;
    for (const std::size_t end : workspace->document_ends) {
      offsets[++document] = static_cast<std::int64_t>(begin + end);
    }
  };
  parallel_for(chunks.size(), threads_for(encoder, n_threads), [&](std::size_t task, std::size_t) {
    try {
      encode_chunk(task);
    } catch (...) {
      commit.fail();
      throw;
    }
  });
  return offsets;
}

template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint16_t>);
template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint32_t>);

}  // namespace bytestride
