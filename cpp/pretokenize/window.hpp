// A stretch of text as class masks, all of Unicode: what the boundary algebra
// (boundary_rules.hpp) reads.
//
// Every byte of a character carries its class, so that runs of characters are runs of bits; bytes
// after a character's first are marked. The last block of 64 bytes is for rules that look ahead:
// the stretch itself is shorter by it, unless the text ends there. Bytes beyond the end of the text
// have no class. 1.5 KiB, the scanner's own.
#pragma once

#include <cstdint>
#include <string_view>

#include "simd/block_masks.hpp"

namespace bytestride {

struct Window {
  ClassMasks classes;
  alignas(64) std::uint64_t valid[kMaskWords];  // bytes that are text

  bool beyond_ascii;    // there are characters of several bytes
  std::size_t n_bytes;  // in the stretch
  bool ends_text;       // the stretch reaches the end of the text

  // Precondition: position < text.size().
  void load(ClassifyBlocks classify, const ClassRows& rows, std::string_view text,
            std::size_t position);

 private:
  void follow_beyond_ascii(const char* begin, const char* text_end, const ClassRows& rows);
};

}  // namespace bytestride
