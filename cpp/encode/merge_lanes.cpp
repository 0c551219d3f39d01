#include "encode/merge_lanes.hpp"

#include <algorithm>
#include <iterator>

#include "simd/backend.hpp"

namespace bytestride {
namespace {

using Lane = MergeLanes::Lane;
using Run = void (*)(const MergeTable&, Lane*, std::uint32_t open);

// A pair in a lane is its product and its place, so that the least is the next merge and says where
// it is: the lowest product, the leftmost on ties.
constexpr unsigned kPlaceBits = 6;
static_assert(MergeLanes::kMaxBytes == std::size_t{1} << kPlaceBits);
constexpr Symbol kNothing = 0xFFFFFFFFu;

[[gnu::always_inline]] inline Symbol pair_at(Symbol product, std::uint32_t place) {
  return product == kNoSymbol ? kNothing : product << kPlaceBits | place;
}

// Live symbols before and behind a place, as bits.
[[gnu::always_inline]] inline std::uint64_t before(std::uint64_t live, std::uint32_t at) {
  return live & ((std::uint64_t{1} << at) - 1);
}
[[gnu::always_inline]] inline std::uint64_t behind(std::uint64_t live, std::uint32_t at) {
  return live & (~std::uint64_t{1} << at);
}
[[gnu::always_inline]] inline std::uint32_t first_of(std::uint64_t bits) {
  return static_cast<std::uint32_t>(__builtin_ctzll(bits));
}
[[gnu::always_inline]] inline std::uint32_t last_of(std::uint64_t bits) {
  return 63 - static_cast<std::uint32_t>(__builtin_clzll(bits));
}

// One merge in a lane of width N; false where none is left.
template <std::size_t N>
[[gnu::always_inline]] inline bool step(const MergeTable& merges, Lane& lane) {
  Symbol best = kNothing;
  for (std::size_t i = 0; i < N; ++i) best = std::min(best, lane.pairs[i]);
  if (best == kNothing) return false;
  const std::uint32_t at = best & ((1u << kPlaceBits) - 1);
  const Symbol product = best >> kPlaceBits;
  const std::uint32_t gone = first_of(behind(lane.live, at));
  lane.live &= ~(std::uint64_t{1} << gone);
  lane.pairs[gone] = kNothing;
  lane.pairs[at] = kNothing;
  lane.symbols[at] = product;
  lane.merged_at = at;
  const std::uint64_t left = before(lane.live, at);
  const std::uint64_t right = behind(lane.live, at);
  if (left != 0) merges.prefetch(lane.symbols[last_of(left)], product);
  if (right != 0) merges.prefetch(product, lane.symbols[first_of(right)]);
  return true;
}

// Looks up the two pairs that the last merge made.
[[gnu::always_inline]] inline void look_up(const MergeTable& merges, Lane& lane) {
  const std::uint32_t at = lane.merged_at;
  const std::uint64_t left = before(lane.live, at);
  const std::uint64_t right = behind(lane.live, at);
  if (left != 0) {
    const std::uint32_t i = last_of(left);
    lane.pairs[i] = pair_at(merges.product(lane.symbols[i], lane.symbols[at]), i);
  }
  if (right != 0) {
    const std::uint32_t i = first_of(right);
    lane.pairs[at] = pair_at(merges.product(lane.symbols[at], lane.symbols[i]), at);
  }
}

// Look-ups of all lanes, then merges of all lanes: a merge reads as one vector what the look-up
// wrote as single pairs, which is quick only once those have left the core's store buffer.
template <std::size_t N>
[[gnu::always_inline]] inline void run_lanes(const MergeTable& merges, Lane* lanes,
                                             std::uint32_t open) {
  const auto step_all = [&]() __attribute__((always_inline)) {
    for (std::uint32_t left = open; left != 0; left &= left - 1) {
      const std::uint32_t k = first_of(left);
      if (!step<N>(merges, lanes[k])) open &= ~(1u << k);
    }
  };
  for (step_all(); open != 0; step_all()) {
    for (std::uint32_t left = open; left != 0; left &= left - 1) {
      look_up(merges, lanes[first_of(left)]);
    }
  }
}

template <std::size_t N>
void run_scalar(const MergeTable& merges, Lane* lanes, std::uint32_t open) {
  run_lanes<N>(merges, lanes, open);
}

#if defined(__x86_64__)
template <std::size_t N>
__attribute__((target("avx2,bmi"))) void run_avx2(const MergeTable& merges, Lane* lanes,
                                                  std::uint32_t open) {
  run_lanes<N>(merges, lanes, open);
}

template <std::size_t N>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,prefer-vector-width=512"))) void
run_avx512(const MergeTable& merges, Lane* lanes, std::uint32_t open) {
  run_lanes<N>(merges, lanes, open);
}
#endif

template <std::size_t N>
Run run_for(Backend backend) {
  switch (backend) {
#if defined(__x86_64__)
    case Backend::avx2:
      return run_avx2<N>;
    case Backend::avx512:
      return run_avx512<N>;
#endif
    default:
      return run_scalar<N>;
  }
}

}  // namespace

void MergeLanes::run(const MergeTable& merges, const ByteSpan* words, std::size_t n) {
  std::size_t longest = 0;
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    const ByteSpan word = words[k];
    longest = std::max(longest, word.size());
    std::fill(std::begin(lane.pairs), std::end(lane.pairs), kNothing);
    lane.symbols[0] = MergeTable::byte_symbol(word[0]);
    for (std::uint32_t i = 1; i < word.size(); ++i) {
      lane.symbols[i] = MergeTable::byte_symbol(word[i]);
      lane.pairs[i - 1] = pair_at(merges.product_of_bytes(word[i - 1], word[i]), i - 1);
    }
    lane.live = ~std::uint64_t{0} >> (kMaxBytes - word.size());
  }
  const Run run_all = longest <= 16   ? run_for<16>(backend())
                      : longest <= 32 ? run_for<32>(backend())
                                      : run_for<kMaxBytes>(backend());
  run_all(merges, lanes_, n == 0 ? 0 : 0xFFFFFFFFu >> (32 - n));
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    lane.n_ids = 0;
    for (std::uint64_t left = lane.live; left != 0; left &= left - 1) {
      lane.symbols[lane.n_ids++] = merges.id_of(lane.symbols[first_of(left)]);
    }
  }
}

}  // namespace bytestride
