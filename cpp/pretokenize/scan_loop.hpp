// The loop that makes a ScanFunction of a function that finds the end of one pretoken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/error.hpp"

namespace bytestride {

// next_end(p, end) is the end of the pretoken that starts at p, p < end, and never p itself.
template <typename NextEnd>
std::size_t scan_with(NextEnd next_end, std::string_view text, std::size_t position,
                      std::uint32_t* ends, std::size_t capacity) {
  const char* const begin = text.data() + position;
  const char* const end = text.data() + text.size();
  const char* p = begin;
  std::size_t n = 0;
  while (n < capacity && p < end) {
    p = next_end(p, end);
    if (p - begin >= std::numeric_limits<std::uint32_t>::max()) {
      if (n == 0) throw InvalidArgument("one pretoken of 4 GiB or more; cut the document");
      break;
    }
    ends[n++] = static_cast<std::uint32_t>(p - begin);
  }
  return n;
}

}  // namespace bytestride
