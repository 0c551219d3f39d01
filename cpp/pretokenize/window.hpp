// A stretch of text as class masks, all of Unicode: what the boundary algebra (boundaries.hpp)
// reads.
//
// Every byte of a character carries its class, so that runs of characters are runs of bits; bytes
// after a character's first are marked. One block beyond the stretch is classified too, for rules
// that look ahead. Bytes beyond the end of the text have no class. 3 KiB, the scanner's own.
#pragma once

#include <cstdint>
#include <string_view>

#include "simd/block_masks.hpp"

namespace bytestride {

struct Window {
  static constexpr std::size_t kBlocks = 16;
  static constexpr std::size_t kBytes = kBlocks * kBlockBytes;

  BlockMasks ascii[kBlocks + 1];
  // Of characters beyond ASCII; upper, lower, number and white are joined with those above.
  std::uint64_t caseless[kBlocks + 2];
  std::uint64_t mark[kBlocks + 2];
  std::uint64_t continuation[kBlocks + 2];  // bytes that are not the first of their character
  std::uint64_t valid[kBlocks + 1];         // bytes that are text

  std::size_t n_blocks;  // in the stretch, at most kBlocks
  std::size_t n_bytes;   // in the stretch
  bool ends_text;        // the stretch reaches the end of the text

  // Precondition: position < text.size().
  void load(ClassifyBlocks classify, std::string_view text, std::size_t position);

 private:
  void add_beyond_ascii(const char* begin, const char* text_end, std::size_t n_loaded);
};

}  // namespace bytestride
