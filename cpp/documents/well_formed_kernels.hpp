// Where a text stops being well-formed UTF-8, on a backend. What is well-formed is Table 3-7 of the
// Unicode standard (chapter 3); the answer is the same on every backend.
#pragma once

#include <cstddef>

#include "base/types.hpp"
#include "simd/backend.hpp"

namespace bytestride {

// The position of the first byte of the first ill-formed sequence, which is where Python's strict
// decoder says that it starts; the text's size if there is none. Reads nothing beyond the text.
using FindIllFormed = std::size_t (*)(ByteSpan text);

FindIllFormed find_ill_formed_for(Backend backend);

// Character by character from `begin` on, where one must begin; ASCII eight bytes at a time.
std::size_t find_ill_formed_from(ByteSpan text, std::size_t begin);

// The same for what a kernel found: all before `block` is well-formed but for a last character
// that may go on in the block, and something in the block is not.
std::size_t find_ill_formed_in_block(ByteSpan text, std::size_t block);

std::size_t find_ill_formed_avx2(ByteSpan text);
std::size_t find_ill_formed_avx512(ByteSpan text);
std::size_t find_ill_formed_neon(ByteSpan text);

}  // namespace bytestride
