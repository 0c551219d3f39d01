#include "windows/mixture.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "windows/stretches.hpp"

namespace bytestride {

namespace {

constexpr std::int64_t kMostSamples = std::int64_t{1} << 62;

// The lowest n_bits in the opposite order.
std::int64_t reverse_bits(std::int64_t value, int n_bits) {
  auto bits = static_cast<std::uint64_t>(value);
  const auto exchange = [&bits](std::uint64_t mask, int distance) {
    bits = (bits & mask) << distance | (bits >> distance & mask);
  };
  exchange(0x5555555555555555u, 1);
  exchange(0x3333333333333333u, 2);
  exchange(0x0f0f0f0f0f0f0f0fu, 4);
  exchange(0x00ff00ff00ff00ffu, 8);
  exchange(0x0000ffff0000ffffu, 16);
  bits = bits << 32 | bits >> 32;
  return n_bits == 0 ? 0 : static_cast<std::int64_t>(bits >> (64 - n_bits));
}

// How many r < end have reverse_bits(r) < block. The r below `end` are, for each bit that is set in
// it, those that agree above that bit and have 0 there; reversed, they are an arithmetic sequence.
std::int64_t count_reversed_below(std::int64_t block, std::int64_t end, int n_bits) {
  if (end >> n_bits != 0) return block;
  std::int64_t count = 0;
  for (int bit = 0; bit < n_bits; ++bit) {
    if ((end >> bit & 1) == 0) continue;
    const std::int64_t first = reverse_bits(end >> (bit + 1) << (bit + 1), n_bits);
    const int step_bits = n_bits - bit;
    if (block <= first) continue;
    const std::int64_t below = ((block - first - 1) >> step_bits) + 1;
    count += std::min(below, std::int64_t{1} << bit);
  }
  return count;
}

}  // namespace

Mixture::Mixture(const std::vector<std::int64_t>& counts, std::int64_t block_samples) {
  if (counts.empty()) throw InvalidArgument("a mixture must have at least one part");
  if (block_samples < 1) {
    throw InvalidArgument("block_samples must be at least 1, found " +
                          std::to_string(block_samples));
  }
  ends_.push_back(0);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 1 || counts[i] > kMostSamples - ends_.back()) {
      throw InvalidArgument(
          "part " + std::to_string(i) + " would have " + std::to_string(counts[i]) +
          " samples in an epoch: each must have at least 1, and all at most 2**62");
    }
    ends_.push_back(ends_.back() + counts[i]);
  }
  while (block_samples <= n_samples() >> (block_bits_ + 1)) ++block_bits_;
}

std::int64_t Mixture::before(std::int64_t block, std::int64_t end) const {
  const std::int64_t residues = end & (n_blocks() - 1);
  return (end >> block_bits_) * block + count_reversed_below(block, residues, block_bits_);
}

void Mixture::find_block(std::int64_t position, Block& block) const {
  // The last block that begins at or before the position; none is empty.
  std::int64_t low = 0;
  std::int64_t high = n_blocks();
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (before(middle, n_samples()) <= position ? low : high) = middle;
  }
  block.number = low;
  block.begin = before(low, n_samples());
  block.end = before(low + 1, n_samples());
  block.ordinals.clear();
  block.slots.assign(1, 0);
  for (std::size_t i = 0; i < n_parts(); ++i) {
    const std::int64_t first = before(low, ends_[i + 1]) - before(low, ends_[i]);
    const std::int64_t next = before(low + 1, ends_[i + 1]) - before(low + 1, ends_[i]);
    block.ordinals.push_back(first);
    block.slots.push_back(block.slots.back() + next - first);
  }
}

Mixture::Sample Mixture::at(const Block& block, std::int64_t slot) {
  const std::size_t part = stretch_at(block.slots, slot);
  return {part, block.ordinals[part] + slot - block.slots[part]};
}

}  // namespace bytestride
