// What else a batch may become than an array of its own: counts, or ids in a caller's buffer.
//
// Chunks go to the threads, and their answers to their place, as in batch_encoder.hpp; the result
// is the same for every number of threads. Memory: a workspace per thread, and 8 bytes a document.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "encode/encoder.hpp"

namespace bytestride {

// How many ids each document has; none are kept.
std::vector<std::int64_t> count_batch(Encoder& encoder, const DocumentList& documents,
                                      const AddedTokenPolicy& policy, std::size_t n_threads);

// The ids of all documents to the start of `out`, which holds every id of the encoder (uint16_t or
// uint32_t). Returns the offsets: document i is out[offsets[i], offsets[i + 1]). Throws
// InvalidArgument where there are more ids than places, and says how many there can be at most;
// what `out` holds then means nothing.
template <typename Id>
std::vector<std::int64_t> encode_batch_into(Encoder& encoder, const DocumentList& documents,
                                            const AddedTokenPolicy& policy, std::size_t n_threads,
                                            std::span<Id> out);

}  // namespace bytestride
