#include "encode/merge_lanes.hpp"

#include <algorithm>
#include <iterator>

#include "simd/backend.hpp"
#include "simd/targets.hpp"

namespace bytestride {
namespace {

using Lane = MergeLanes::Lane;
using Run = void (*)(const MergeTable&, Lane*, std::uint32_t open);

// A pair in a lane is its product and its place, so that the least is the next merge and says where
// it is: the lowest product, the leftmost on ties. kNoSymbol leaves the upper bits all set.
constexpr unsigned kPlaceBits = 6;
static_assert(MergeLanes::kPlaces == std::size_t{1} << kPlaceBits);
constexpr Symbol kNothing = 0xFFFFFFFFu;
constexpr Symbol kLeastNothing = kNothing << kPlaceBits;

[[gnu::always_inline]] inline Symbol pair_at(Symbol product, std::uint32_t place) {
  return product << kPlaceBits | place;
}

[[gnu::always_inline]] inline std::uint32_t first_of(std::uint64_t bits) {
  return static_cast<std::uint32_t>(__builtin_ctzll(bits));
}
// The nearest live symbols behind and before a place.
[[gnu::always_inline]] inline std::uint32_t next(std::uint64_t live, std::uint32_t at) {
  return first_of(live & (~std::uint64_t{1} << at));
}
[[gnu::always_inline]] inline std::uint32_t previous(std::uint64_t live, std::uint32_t at) {
  return 63 - static_cast<std::uint32_t>(__builtin_clzll(live & ((std::uint64_t{1} << at) - 1)));
}

// One merge in a lane of width N; false where none is left.
template <std::size_t N>
[[gnu::always_inline]] inline bool step(const MergeTable& merges, Lane& lane) {
  Symbol best = kNothing;
  for (std::size_t i = 0; i < N; ++i) best = std::min(best, lane.pairs[i]);
  if (best >= kLeastNothing) return false;
  const std::uint32_t at = best & ((1u << kPlaceBits) - 1);
  const Symbol product = best >> kPlaceBits;
  const std::uint32_t gone = next(lane.live, at);
  lane.live &= ~(std::uint64_t{1} << gone);
  lane.pairs[gone] = kNothing;
  lane.symbols[at] = product;
  lane.at = at;
  lane.left = previous(lane.live, at);
  lane.right = next(lane.live, at);
  lane.left_place = merges.place_of(lane.symbols[lane.left], product);
  lane.right_place = merges.place_of(product, lane.symbols[lane.right]);
  merges.prefetch(lane.left_place);
  merges.prefetch(lane.right_place);
  return true;
}

// Looks up the two pairs that the last merge made.
[[gnu::always_inline]] inline void look_up(const MergeTable& merges, Lane& lane) {
  const Symbol product = lane.symbols[lane.at];
  lane.pairs[lane.left] = pair_at(
      merges.product_at(lane.symbols[lane.left], product, lane.left_place), lane.left);
  lane.pairs[lane.at] = pair_at(
      merges.product_at(product, lane.symbols[lane.right], lane.right_place), lane.at);
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
BYTESTRIDE_TARGET_AVX2 void run_avx2(const MergeTable& merges, Lane* lanes, std::uint32_t open) {
  run_lanes<N>(merges, lanes, open);
}

template <std::size_t N>
BYTESTRIDE_TARGET_AVX512 void run_avx512(const MergeTable& merges, Lane* lanes,
                                         std::uint32_t open) {
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
    const auto n_bytes = static_cast<std::uint32_t>(word.size());
    longest = std::max(longest, word.size());
    std::fill(std::begin(lane.pairs), std::end(lane.pairs), kNothing);
    lane.symbols[0] = MergeTable::kWordEnd;
    lane.symbols[1] = MergeTable::byte_symbol(word[0]);
    for (std::uint32_t i = 1; i < n_bytes; ++i) {
      lane.symbols[i + 1] = MergeTable::byte_symbol(word[i]);
      lane.pairs[i] = pair_at(merges.product_of_bytes(word[i - 1], word[i]), i);
    }
    lane.symbols[n_bytes + 1] = MergeTable::kWordEnd;
    lane.live = ~std::uint64_t{0} >> (kMaxBytes - n_bytes);
  }
  const Run run_all = longest <= 14   ? run_for<16>(backend())
                      : longest <= 30 ? run_for<32>(backend())
                                      : run_for<kPlaces>(backend());
  run_all(merges, lanes_, n == 0 ? 0 : 0xFFFFFFFFu >> (32 - n));
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    lane.n_ids = 0;
    // All but the two ends.
    std::uint64_t left = lane.live & (lane.live - 1);
    for (; (left & (left - 1)) != 0; left &= left - 1) {
      lane.symbols[lane.n_ids++] = merges.id_of(lane.symbols[first_of(left)]);
    }
  }
}

}  // namespace bytestride
