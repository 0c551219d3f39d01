// The short keys (word_key.hpp) of many words at once: the bytes word by word, the rest in vectors.
#pragma once

#include <cstdint>
#include <span>

#include "pretokenize/span_batch.hpp"

namespace bytestride {

// keys[i] becomes the ShortKey, or 0, of base[ends[i - 1], ends[i]); the first word begins at
// `begin`. Precondition: 8 bytes can be read where each of them begins.
void load_short_keys(const char* base, std::uint32_t begin, std::span<const std::uint32_t> ends,
                     std::uint64_t* keys);

// keys[i] for the words i of [first, last) of the batch, also where the text ends behind them.
void load_short_keys(const SpanBatch& spans, std::size_t first, std::size_t last,
                     std::uint64_t* keys);

}  // namespace bytestride
