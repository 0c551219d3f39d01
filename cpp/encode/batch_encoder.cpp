#include "encode/batch_encoder.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "encode/ordered_commit.hpp"

namespace bytestride {
namespace {

// Ids that are finished before those of an earlier chunk: eight chunks or more.
constexpr std::size_t kMaxWaitingBytes = std::size_t{2} << 20;

// Several chunks for each thread, so that none is left alone with the last one for long; but not so
// small that handing them out costs more than that.
constexpr std::size_t kChunksPerThread = 8;
constexpr std::size_t kLeastChunkBytes = std::size_t{32} << 10;

std::size_t chunk_bytes(const DocumentList& documents, std::size_t n_threads) {
  if (n_threads <= 1) return kChunkBytes;
  const std::size_t most = kChunksPerThread * n_threads * kChunkBytes;
  std::size_t n_bytes = 0;
  for (std::size_t i = 0; i < documents.size() && n_bytes < most; ++i) {
    n_bytes += documents[i].max_utf8_bytes();
  }
  return std::clamp(n_bytes / (kChunksPerThread * n_threads), kLeastChunkBytes, kChunkBytes);
}

struct Plan {
  std::vector<Chunk> chunks;
  DocumentEnds ends;
  std::size_t most_tokens = 0;
  std::size_t n_threads;

  Plan(const Encoder& encoder, const DocumentList& documents, const AddedTokenPolicy& policy,
       std::size_t wanted_threads, const DocumentEnds& wanted_ends = {})
      : ends(wanted_ends), n_threads(encoder.splitter().calls_back() ? 1 : wanted_threads) {
    // Where a token may be refused, documents stay whole: the error names its place in the
    // document.
    chunks = plan_chunks(documents, encoder.splitter().may_cut() && policy.refused.empty(),
                         chunk_bytes(documents, n_threads));
    most_tokens = most_ids(encoder, documents, ends);
  }
};

// Those of a chunk, and where its documents end among them.
struct ChunkIds {
  TokenBuffer tokens;
  std::vector<std::size_t> document_ends;

  std::size_t size() const { return tokens.size(); }
  std::size_t n_bytes() const {
    return tokens.n_bytes() + document_ends.capacity() * sizeof(std::size_t);
  }
  void clear() {
    tokens.clear();
    document_ends.clear();
  }
};

// What a worker has from its first chunk to its last: the same workspace, whose front table is in
// its core's cache, and the ids of the chunk it is at.
class Worker {
 public:
  explicit Worker(Encoder& encoder) : encoder_(encoder), workspace_(encoder.borrow()) {
    std::swap(workspace_->tokens, ids_.tokens);
  }
  // The workspace takes a buffer home that is as warm as itself.
  ~Worker() { std::swap(workspace_->tokens, ids_.tokens); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Workspace& workspace() const { return *workspace_; }

  ChunkIds& encode(const DocumentList& documents, const Chunk& chunk,
                   const AddedTokenPolicy& policy, const DocumentEnds& ends) {
    const std::size_t n_ended = documents.size() - (ends.last_goes_on ? 1 : 0);
    ids_.clear();
    TokenBuffer& tokens = workspace_->tokens;
    std::swap(tokens, ids_.tokens);
    for_each_part(documents, chunk, [&](std::size_t i, const DocumentView& part, bool is_last) {
      encoder_.encode(part, policy, *workspace_);
      if (!is_last) return;
      if (ends.id && i < n_ended) tokens.push(*ends.id);
      ids_.document_ends.push_back(tokens.size());
    });
    std::swap(tokens, ids_.tokens);
    return ids_;
  }

 private:
  Encoder& encoder_;
  WorkspacePool::Loan workspace_;
  ChunkIds ids_;
};

// Calls body(chunk number, worker) for every chunk; a worker is made when its first chunk comes.
template <typename Body>
void for_each_chunk(Encoder& encoder, const Plan& plan, Body&& body) {
  std::vector<std::optional<Worker>> workers(
      std::clamp<std::size_t>(plan.n_threads, 1, std::max<std::size_t>(plan.chunks.size(), 1)));
  parallel_for(plan.chunks.size(), plan.n_threads, [&](std::size_t task, std::size_t number) {
    std::optional<Worker>& worker = workers[number];
    if (!worker) worker.emplace(encoder);
    body(task, *worker);
  });
}

// Has the system make the huge pages that begin in `places`, by one worker at a time. Of two that
// write to a new one at the same moment each has one cleared, and one of these goes away unused:
// with two threads that happened to a third of all pages.
template <typename Id>
void touch_huge_pages(std::span<Id> places) {
  const auto begin = reinterpret_cast<std::uintptr_t>(places.data());
  const std::uintptr_t first = (begin + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  for (std::size_t i = (first - begin) / sizeof(Id); i < places.size();
       i += kHugePageBytes / sizeof(Id)) {
    *static_cast<volatile Id*>(&places[i]) = 0;
  }
}

template <typename Id>
std::vector<std::int64_t> encode_planned(Encoder& encoder, const DocumentList& documents,
                                         const AddedTokenPolicy& policy, const Plan& plan,
                                         std::span<Id> out) {
  std::vector<std::int64_t> offsets(documents.size() + 1);
  const auto open = [&](std::size_t begin, std::size_t n_ids) {
    if (n_ids > out.size() - begin) {
      throw InvalidArgument("out has room for " + std::to_string(out.size()) +
                            " ids, and the documents have more: they have at most " +
                            std::to_string(plan.most_tokens) +
                            (plan.ends.id ? " (one a byte and one a document)" : " (one a byte)"));
    }
    touch_huge_pages(out.subspan(begin, n_ids));
  };
  const auto write = [&](std::size_t task, const ChunkIds& ids, std::size_t begin) {
    std::copy(ids.tokens.data(), ids.tokens.data() + ids.size(), out.data() + begin);
    std::size_t document = plan.chunks[task].first;
    for (const std::size_t end : ids.document_ends) {
      offsets[++document] = static_cast<std::int64_t>(begin + end);
    }
  };
  OrderedCommit<ChunkIds> commit(kMaxWaitingBytes);
  for_each_chunk(encoder, plan, [&](std::size_t task, Worker& worker) {
    try {
      commit.hand_in(task, worker.encode(documents, plan.chunks[task], policy, plan.ends), open,
                     write);
    } catch (...) {
      commit.fail();
      throw;
    }
  });
  return offsets;
}

}  // namespace

std::size_t most_ids(const Encoder& encoder, const DocumentList& documents,
                     const DocumentEnds& ends) {
  std::size_t n_bytes = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) n_bytes += documents[i].max_utf8_bytes();
  return n_bytes * encoder.splitter().growth() + (ends.id ? documents.size() : 0);
}

template <typename Id>
EncodedBatch<Id> encode_batch(Encoder& encoder, const DocumentList& documents,
                              const AddedTokenPolicy& policy, std::size_t n_threads,
                              const DocumentEnds& ends) {
  const Plan plan(encoder, documents, policy, n_threads, ends);
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
                                            std::span<Id> out, const DocumentEnds& ends) {
  const Plan plan(encoder, documents, policy, n_threads, ends);
  return encode_planned(encoder, documents, policy, plan, out);
}

std::vector<std::int64_t> count_batch(Encoder& encoder, const DocumentList& documents,
                                      const AddedTokenPolicy& policy, std::size_t n_threads) {
  const Plan plan(encoder, documents, policy, n_threads);
  std::vector<std::int64_t> counts(documents.size());
  for_each_chunk(encoder, plan, [&](std::size_t task, const Worker& worker) {
    for_each_part(documents, plan.chunks[task], [&](std::size_t i, const DocumentView& part, bool) {
      const std::size_t n = encoder.count(part, policy, worker.workspace());
      // Other parts of the document may be another thread's.
      std::atomic_ref(counts[i]).fetch_add(static_cast<std::int64_t>(n), std::memory_order_relaxed);
    });
  });
  return counts;
}

template EncodedBatch<std::uint16_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t,
                                                  const DocumentEnds&);
template EncodedBatch<std::uint32_t> encode_batch(Encoder&, const DocumentList&,
                                                  const AddedTokenPolicy&, std::size_t,
                                                  const DocumentEnds&);
template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint16_t>, const DocumentEnds&);
template std::vector<std::int64_t> encode_batch_into(Encoder&, const DocumentList&,
                                                     const AddedTokenPolicy&, std::size_t,
                                                     std::span<std::uint32_t>, const DocumentEnds&);

}  // namespace bytestride
