#include "documents/chunks.hpp"

#include <algorithm>

#include "documents/safe_cut.hpp"

namespace bytestride {

std::vector<Chunk> plan_chunks(const DocumentList& documents, bool may_cut,
                               std::size_t chunk_bytes) {
  std::vector<Chunk> chunks;
  Chunk open{0, 0, 0, 0, true, 0};
  const auto close_after = [&](std::size_t document, std::size_t unit, bool ends) {
    open.last = document;
    open.last_unit = unit;
    open.ends_last = ends;
    chunks.push_back(open);
    open = ends ? Chunk{document + 1, 0, 0, 0, true, 0} : Chunk{document, unit, 0, 0, true, 0};
  };
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const DocumentView document = documents[i];
    const std::size_t step = std::max<std::size_t>(chunk_bytes / document.unit_size(), 1);
    std::size_t begin = 0;
    while (may_cut && document.n_units - begin > 2 * step) {
      const std::size_t cut = find_safe_cut(document, begin + step);
      if (cut == document.n_units) break;
      open.max_utf8_bytes += document.slice(begin, cut).max_utf8_bytes();
      close_after(i, cut, false);
      begin = cut;
    }
    open.max_utf8_bytes += document.slice(begin, document.n_units).max_utf8_bytes();
    if (open.max_utf8_bytes >= chunk_bytes || i + 1 == documents.size()) {
      close_after(i, document.n_units, true);
    }
  }
  return chunks;
}

}  // namespace bytestride
