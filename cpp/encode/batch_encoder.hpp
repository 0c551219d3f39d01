// Many documents at once, to one flat array of ids, to a caller's array, or to counts.
//
// Chunks are encoded in workspaces and committed in order into an output that is reserved once, at
// the most ids there can be (one per byte and end: address space, not memory). The result is the
// same for every number of threads. Memory beyond the output: a workspace per thread, and a few MiB
// of chunks that were finished early.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/memory.hpp"
#include "encode/encoder.hpp"

namespace bytestride {

// An id that stands behind those of each document, as the last of them; but not behind the last
// document's where that goes on in another call. It need not be one of the vocabulary.
struct DocumentEnds {
  std::optional<TokenId> id;
  bool last_goes_on = false;
};

// Document i is tokens[offsets[i], offsets[i + 1]).
template <typename Id>
struct EncodedBatch {
  PageArray<Id> tokens;
  std::size_t n_tokens = 0;
  std::vector<std::int64_t> offsets;
};

// Id is uint16_t or uint32_t. Precondition: it holds every id of the encoder, and the end's.
template <typename Id>
EncodedBatch<Id> encode_batch(Encoder& encoder, const DocumentList& documents,
                              const AddedTokenPolicy& policy, std::size_t n_threads,
                              const DocumentEnds& ends = {});

// No document has more ids than bytes, but where they grow in being normalized: how many there can
// be of all of them, with their ends.
std::size_t most_ids(const Encoder& encoder, const DocumentList& documents,
                     const DocumentEnds& ends = {});

// The same to the start of `out`; returns the offsets. Throws InvalidArgument where there are more
// ids than places, and says how many there can be at most; what `out` holds then means nothing.
template <typename Id>
std::vector<std::int64_t> encode_batch_into(Encoder& encoder, const DocumentList& documents,
                                            const AddedTokenPolicy& policy, std::size_t n_threads,
                                            std::span<Id> out, const DocumentEnds& ends = {});

// How many ids each document has; none are made.
std::vector<std::int64_t> count_batch(Encoder& encoder, const DocumentList& documents,
                                      const AddedTokenPolicy& policy, std::size_t n_threads);

}  // namespace bytestride
