// Work is handed out in chunks of at least about 64 KiB unless the caller says otherwise, whose
// ids stay in a core's own cache: a run of whole documents, or a part of a long one. Chunks cover
// the documents in order and without gaps, so that answers committed in chunk order are the answer
// to the whole.
//
// A long document is cut only at a safe place (safe_cut.hpp); one without any, or a list whose
// splitter allows no cuts, stays in one chunk. Planning costs one pass over the documents' lengths.
#pragma once

#include <cstddef>
#include <vector>

#include "documents/document.hpp"

namespace bytestride {

inline constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

// From unit `first_unit` of document `first` up to, not including, unit `last_unit` of document
// `last`; `ends_last` says whether that is where document `last` ends.
struct Chunk {
  std::size_t first;
  std::size_t first_unit;
  std::size_t last;
  std::size_t last_unit;
  bool ends_last;
  std::size_t max_utf8_bytes;
};

std::vector<Chunk> plan_chunks(const DocumentList& documents, bool may_cut,
                               std::size_t chunk_bytes = kChunkBytes);

// Calls visit(document index, part of the document, whether the document ends here) for each.
template <typename Visit>
void for_each_part(const DocumentList& documents, const Chunk& chunk, Visit&& visit) {
  for (std::size_t i = chunk.first; i <= chunk.last; ++i) {
    const DocumentView document = documents[i];
    const std::size_t begin = i == chunk.first ? chunk.first_unit : 0;
    const std::size_t end = i == chunk.last ? chunk.last_unit : document.n_units;
    visit(i, document.slice(begin, end), i < chunk.last || chunk.ends_last);
  }
}

}  // namespace bytestride
