#include "documents/separators.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bytestride {

std::vector<std::int64_t> cut_at_separators(ByteSpan buffer, ByteSpan separator) {
  BYTESTRIDE_ASSERT(!separator.empty());
  std::vector<std::int64_t> spans;
  for (std::size_t begin = 0; begin < buffer.size();) {
    const std::size_t end = std::min(buffer.find(separator, begin), buffer.size());
    spans.push_back(static_cast<std::int64_t>(begin));
    spans.push_back(static_cast<std::int64_t>(end));
    begin = end + separator.size();
  }
  return spans;
}

}  // namespace bytestride
