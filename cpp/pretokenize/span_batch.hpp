// How pretokens are handed on: in batches of neighbours, as distances from where the first starts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.hpp"

namespace bytestride {

inline constexpr std::size_t kSpanBatch = 2048;

// Pretokens that lie side by side: number i is base[ends[i - 1], ends[i]), and the first starts at
// base. All of them lie in `text`, so that whoever reads ahead knows how far.
struct SpanBatch {
  const char* base;
  const std::uint32_t* ends;
  std::size_t n;
  ByteSpan text;
};

}  // namespace bytestride
