// Many documents to one flat array of ids and the documents' offsets in it.
//
// Chunks are encoded in workspaces and committed in order into an output that is reserved once, at
// the most ids there can be (one per byte: address space, not memory). The result is the same for
// every number of threads. Memory beyond the output: a workspace per thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/memory.hpp"
#include "encode/encoder.hpp"

namespace bytestride {

// Document i is tokens[offsets[i], offsets[i + 1]).
template <typename Id>
struct EncodedBatch {
  PageArray<Id> tokens;
  std::size_t n_tokens = 0;
  std::vector<std::int64_t> offsets;
};

// Id is uint16_t or uint32_t. Precondition: it holds every id of the encoder.
template <typename Id>
EncodedBatch<Id> encode_batch(Encoder& encoder, const DocumentList& documents,
                              const AddedTokenPolicy& policy, std::size_t n_threads);

}  // namespace bytestride
