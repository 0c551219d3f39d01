#include "windows/order.hpp"

#include <algorithm>
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
    fill_with(cursor, first, step, count, out);
    return;
  }
  try {
    fill_with(cursor_, first, step, count, out);
  } catch (...) {
    cursor_taken_.clear(std::memory_order_release);
    throw;
  }
  cursor_taken_.clear(std::memory_order_release);
}

void Order::fill_with(Cursor& cursor, std::int64_t first, std::int64_t step, std::size_t count,
                      std::int64_t* out) const {
  if (!mixture_) {
    for (std::size_t i = 0; i < count; ++i) out[i] = first + static_cast<std::int64_t>(i) * step;
    find_rows(0, cursor, out, count);
    return;
  }
  while (count > 0) {
    const std::size_t n = fill_from_block(cursor, first, step, count, out);
    first += static_cast<std::int64_t>(n) * step;
    out += n;
    count -= n;
  }
}

// The samples of one block, as many as there are in it from `first` on; returns how many.
std::size_t Order::fill_from_block(Cursor& cursor, std::int64_t first, std::int64_t step,
                                   std::size_t count, std::int64_t* out) const {
  find_block(first, cursor);
  const Mixture::Block& block = cursor.block;
  const std::int64_t slot = first - cursor.epoch * n_samples_ - block.begin;
  const std::int64_t in_block = (block.end - block.begin - slot - 1) / step + 1;
  const auto n = static_cast<std::size_t>(std::min(in_block, static_cast<std::int64_t>(count)));
  for (std::size_t i = 0; i < n; ++i) out[i] = slot + static_cast<std::int64_t>(i) * step;
  if (shuffle_ != Shuffle::kNone) {
    cursor.slots.apply(reinterpret_cast<std::uint64_t*>(out), n);  // slots are not negative
  }
  // Sorted by part, so that many numbers of one part are permuted at a time.
  cursor.part_of.resize(n);
  cursor.ordinals.resize(n);
  cursor.next.assign(rows_.size() + 1, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const Mixture::Sample sample = Mixture::at(block, out[i]);
    cursor.part_of[i] = static_cast<std::uint32_t>(sample.part);
    out[i] = cursor.epoch * counts_[sample.part] + sample.ordinal;
    ++cursor.next[sample.part + 1];
  }
  for (std::size_t part = 1; part <= rows_.size(); ++part) {
    cursor.next[part] += cursor.next[part - 1];
  }
  for (std::size_t i = 0; i < n; ++i) cursor.ordinals[cursor.next[cursor.part_of[i]]++] = out[i];
  for (std::size_t part = rows_.size(); part-- > 0;) {
    const std::size_t begin = part == 0 ? 0 : cursor.next[part - 1];
    find_rows(part, cursor, cursor.ordinals.data() + begin, cursor.next[part] - begin);
    cursor.next[part] = begin;
  }
  for (std::size_t i = 0; i < n; ++i) out[i] = cursor.ordinals[cursor.next[cursor.part_of[i]]++];
  return n;
}

void Order::find_block(std::int64_t position, Cursor& cursor) const {
  const std::int64_t epoch = position / n_samples_;
  const std::int64_t here = position - epoch * n_samples_;
  Mixture::Block& block = cursor.block;
  if (epoch == cursor.epoch && here >= block.begin && here < block.end) return;
  mixture_->find_block(here, block);
  cursor.epoch = epoch;
  if (shuffle_ == Shuffle::kNone) return;
  cursor.slots = Permutation(static_cast<std::uint64_t>(block.end - block.begin),
                             derive_key(seed_, kSlotStream, static_cast<std::uint64_t>(epoch),
                                        static_cast<std::uint64_t>(block.number)));
}

// Ordinals of one part, counted on over its epochs, to rows, in place.
void Order::find_rows(std::size_t part, Cursor& cursor, std::int64_t* ordinals,
                      std::size_t n) const {
  PartOrder& order = cursor.parts[part];
  for (std::size_t i = 0; i < n;) {
    const std::int64_t epoch = ordinals[i] / rows_[part];
    const std::int64_t begin = epoch * rows_[part];
    std::size_t end = i;
    for (; end < n && ordinals[end] >= begin && ordinals[end] - begin < rows_[part]; ++end) {
      ordinals[end] -= begin;
    }
    if (order.epoch != epoch) {
      const std::uint64_t key =
          derive_key(seed_, kPartStream, part, static_cast<std::uint64_t>(epoch));
      order.order = EpochOrder(shuffle_, rows_[part], block_rows_, key);
      order.epoch = epoch;
    }
    order.order.apply(ordinals + i, end - i);
    for (; i < end; ++i) ordinals[i] += first_rows_[part];
  }
}

}  // namespace bytestride
