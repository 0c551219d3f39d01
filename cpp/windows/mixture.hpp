// Which part of a mixture each sample of an epoch comes from, exactly and without a list.
//
// All samples, part after part, are dealt like cards to K blocks (a power of two): sample j goes to
// block reverse_bits(j mod K). A part is a stretch of j, so every block gets its share of it,
// rounded down or up, an epoch gets all of it, and the rounding is spread evenly, for consecutive
// residues are far apart once their bits are reversed. Counts before a block are sums over bits,
// O(log K); what one block needs is kept, so a sample in the same block as the last costs O(log
// parts).
#pragma once

#include <cstdint>
#include <vector>

#include "windows/permutation.hpp"

namespace bytestride {

class Mixture {
 public:
  struct Sample {
    std::size_t part;
    std::int64_t ordinal;  // among the part's samples of this epoch, in order of blocks
  };

  // counts: samples of each part in an epoch. Blocks have block_samples samples or up to twice as
  // many. Throws InvalidArgument unless every count is at least 1 and their sum at most 2^62.
  Mixture(const std::vector<std::int64_t>& counts, std::int64_t block_samples);

  std::int64_t n_samples() const { return ends_.back(); }
  std::int64_t n_blocks() const { return std::int64_t{1} << block_bits_; }
  std::size_t n_parts() const { return ends_.size() - 1; }

  // One block of one epoch: where it lies and how many samples of each part it has.
  struct Block {
    std::int64_t number = -1;
    std::int64_t begin = 0;  // in the epoch
    std::int64_t end = 0;
    std::vector<std::int64_t> ordinals;  // of each part's first sample here
    std::vector<std::int64_t> slots;     // first slot of each part, and the number of slots
  };
  // Precondition: 0 <= position < n_samples().
  void find_block(std::int64_t position, Block& block) const;
  // Precondition: 0 <= slot < end - begin.
  static Sample at(const Block& block, std::int64_t slot);

 private:
  // Samples j < end that fall in blocks before `block`.
  std::int64_t before(std::int64_t block, std::int64_t end) const;

  std::vector<std::int64_t> ends_;  // 0, then where each part ends on the line of samples
  int block_bits_ = 0;
};

}  // namespace bytestride
