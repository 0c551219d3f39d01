#include "windows/order.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"

namespace bytestride {

namespace {

constexpr std::int64_t kLastPosition = std::int64_t{1} << 62;
// Samples in a block of a mixture: few enough that proportions hold over any stretch of training.
constexpr std::int64_t kMixtureBlock = 1024;

// Names of the streams of keys that one seed gives.
constexpr std::uint64_t kPartStream = 0x70617274;
constexpr std::uint64_t kSlotStream = 0x736c6f74;

std::uint64_t derive_key(std::uint64_t seed, std::uint64_t stream, std::uint64_t a,
                         std::uint64_t b) {
  return mix_bits(mix_bits(mix_bits(mix_bits(seed) ^ stream) ^ a) ^ b);
}

}  // namespace

Order::Order(std::vector<std::int64_t> rows, std::vector<std::int64_t> counts, Shuffle shuffle,
             std::uint64_t seed, std::int64_t block_rows)
    : rows_(std::move(rows)),
      counts_(std::move(counts)),
      shuffle_(shuffle),
      seed_(seed),
      block_rows_(block_rows) {
  if (block_rows < 1) {
    throw InvalidArgument("block_windows must be at least 1, found " + std::to_string(block_rows));
  }
  if (rows_.size() != (counts_.empty() ? 1 : counts_.size())) {
    throw InvalidArgument("an order needs the number of samples of each of its " +
                          std::to_string(rows_.size()) + " parts");
  }
  std::int64_t n_rows = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i] < 1 || rows_[i] > kLastPosition - n_rows) {
      throw InvalidArgument("part " + std::to_string(i) + " has " + std::to_string(rows_[i]) +
                            " windows: there must be at least 1, and at most 2**62 in all");
    }
    first_rows_.push_back(n_rows);
    n_rows += rows_[i];
  }
  if (!counts_.empty()) mixture_.emplace(counts_, kMixtureBlock);
  n_samples_ = mixture_ ? mixture_->n_samples() : n_rows;
  cursor_.parts.resize(rows_.size());
}

void Order::fill(std::int64_t first, std::int64_t step, std::size_t count,
                 std::int64_t* out) const {
  const auto n_steps = static_cast<std::int64_t>(count);
  if (first < 0 || step < 1 || n_steps < 0 || first > kLastPosition ||
      n_steps > (kLastPosition - first) / step + 1) {
    throw InvalidArgument("positions from " + std::to_string(first) + " on, " +
                          std::to_string(n_steps) + " of them " + std::to_string(step) +
                          " apart, are not between 0 and 2**62");
  }
  if (cursor_taken_.test_and_set(std::memory_order_acquire)) {
    Cursor cursor;
    cursor.parts.resize(rows_.size());
    for (std::size_t i = 0; i < count; ++i, first += step) out[i] = row_at(first, cursor);
    return;
  }
  for (std::size_t i = 0; i < count; ++i, first += step) out[i] = row_at(first, cursor_);
  cursor_taken_.clear(std::memory_order_release);
}

std::int64_t Order::row_at(std::int64_t position, Cursor& cursor) const {
  if (!mixture_) return row_of_part(0, position, cursor);
  const std::int64_t epoch = position / n_samples_;
  const std::int64_t here = position - epoch * n_samples_;
  Mixture::Block& block = cursor.block;
  if (epoch != cursor.epoch || here < block.begin || here >= block.end) {
    mixture_->find_block(here, block);
    cursor.epoch = epoch;
    if (shuffle_ != Shuffle::kNone) {
      cursor.slots = Permutation(static_cast<std::uint64_t>(block.end - block.begin),
                                 derive_key(seed_, kSlotStream, static_cast<std::uint64_t>(epoch),
                                            static_cast<std::uint64_t>(block.number)));
    }
  }
  std::int64_t slot = here - block.begin;
  if (shuffle_ != Shuffle::kNone) {
    slot = static_cast<std::int64_t>(cursor.slots(static_cast<std::uint64_t>(slot)));
  }
  const Mixture::Sample sample = Mixture::at(block, slot);
  return row_of_part(sample.part, epoch * counts_[sample.part] + sample.ordinal, cursor);
}

std::int64_t Order::row_of_part(std::size_t part, std::int64_t ordinal, Cursor& cursor) const {
  const std::int64_t epoch = ordinal / rows_[part];
  PartOrder& order = cursor.parts[part];
  if (order.epoch != epoch) {
    order.order =
        EpochOrder(shuffle_, rows_[part], block_rows_,
                   derive_key(seed_, kPartStream, part, static_cast<std::uint64_t>(epoch)));
    order.epoch = epoch;
  }
  return first_rows_[part] + order.order.at(ordinal - epoch * rows_[part]);
}

}  // namespace bytestride
