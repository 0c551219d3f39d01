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
constexpr unsigned kPlaceBits = 7;
static_assert(MergeLanes::kPlaces == std::size_t{1} << kPlaceBits);
constexpr Symbol kNothing = 0xFFFFFFFFu;
constexpr Symbol kLeastNothing = kNothing << kPlaceBits;

[[gnu::always_inline]] inline Symbol pair_at(Symbol product, std::uint32_t place) {
  return product << kPlaceBits | place;
}

[[gnu::always_inline]] inline std::uint32_t first_of(std::uint64_t bits) {
  return static_cast<std::uint32_t>(__builtin_ctzll(bits));
}
[[gnu::always_inline]] inline std::uint32_t last_of(std::uint64_t bits) {
  return 63 - static_cast<std::uint32_t>(__builtin_clzll(bits));
}

// The live symbols of a lane of width N: one word of bits, or two.
template <std::size_t N>
struct Live {
  std::uint64_t* bits;

  [[gnu::always_inline]] void remove(std::uint32_t at) const {
    bits[N > 64 ? at / 64 : 0] &= ~(std::uint64_t{1} << at % 64);
  }
  // The nearest behind and before a place; there is one.
  [[gnu::always_inline]] std::uint32_t next(std::uint32_t at) const {
    const std::uint64_t behind = ~std::uint64_t{1} << at % 64;
    if constexpr (N <= 64) {
      return first_of(bits[0] & behind);
    } else {
      const std::uint64_t here = bits[at / 64] & behind;
      return here != 0 ? at / 64 * 64 + first_of(here) : 64 + first_of(bits[1]);
    }
  }
  [[gnu::always_inline]] std::uint32_t previous(std::uint32_t at) const {
    const std::uint64_t before = (std::uint64_t{1} << at % 64) - 1;
    if constexpr (N <= 64) {
      return last_of(bits[0] & before);
    } else {
      const std::uint64_t here = bits[at / 64] & before;
      return here != 0 ? at / 64 * 64 + last_of(here) : last_of(bits[0]);
    }
  }
};

// One merge in a lane of width N; false where none is left.
template <std::size_t N>
[[gnu::always_inline]] inline bool step(const MergeTable& merges, Lane& lane) {
  Symbol best = kNothing;
  for (std::size_t i = 0; i < N; ++i) best = std::min(best, lane.pairs[i]);
  if (best >= kLeastNothing) return false;
  const std::uint32_t at = best & ((1u << kPlaceBits) - 1);
  const Symbol product = best >> kPlaceBits;
  const Live<N> live{lane.live};
  const std::uint32_t gone = live.next(at);
  live.remove(gone);
  lane.pairs[gone] = kNothing;
  lane.symbols[at] = product;
  lane.at = at;
  lane.left = live.previous(at);
  lane.right = live.next(at);
  lane.left_place = merges.place_of(lane.symbols[lane.left], product);
  lane.right_place = merges.place_of(product, lane.symbols[lane.right]);
  merges.prefetch(lane.left_place);
  merges.prefetch(lane.right_place);
  return true;
}

// Looks up the two pairs that the last merge made.
[[gnu::always_inline]] inline void look_up(const MergeTable& merges, Lane& lane) {
  const Symbol product = lane.symbols[lane.at];
  lane.pairs[lane.left] =
      pair_at(merges.product_at(lane.symbols[lane.left], product, lane.left_place), lane.left);
  lane.pairs[lane.at] =
      pair_at(merges.product_at(product, lane.symbols[lane.right], lane.right_place), lane.at);
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

constexpr std::uint64_t first_bits(std::size_t n) {
  return n == 0 ? 0 : ~std::uint64_t{0} >> (64 - n);
}

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
  for (std::size_t k = 0; k < n; ++k) longest = std::max(longest, words[k].size());
  const std::size_t width = longest + 2 <= 16   ? 16
                            : longest + 2 <= 32 ? 32
                            : longest + 2 <= 64 ? 64
                                                : kPlaces;
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    const ByteSpan word = words[k];
    const std::size_t n_places = word.size() + 2;
    std::fill_n(lane.pairs, width, kNothing);
    lane.symbols[0] = MergeTable::kWordEnd;
    lane.symbols[1] = MergeTable::byte_symbol(word[0]);
    for (std::uint32_t i = 1; i < word.size(); ++i) {
      lane.symbols[i + 1] = MergeTable::byte_symbol(word[i]);
      lane.pairs[i] = pair_at(merges.product_of_bytes(word[i - 1], word[i]), i);
    }
    lane.symbols[n_places - 1] = MergeTable::kWordEnd;
    lane.live[0] = first_bits(std::min(n_places, std::size_t{64}));
    lane.live[1] = first_bits(n_places - std::min(n_places, std::size_t{64}));
  }
  const Run run_all = width == 16   ? run_for<16>(backend())
                      : width == 32 ? run_for<32>(backend())
                      : width == 64 ? run_for<64>(backend())
                                    : run_for<kPlaces>(backend());
  run_all(merges, lanes_, n == 0 ? 0 : 0xFFFFFFFFu >> (32 - n));
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    lane.n_ids = 0;
    // All but the two ends.
    const std::size_t last = words[k].size() + 1;
    lane.live[0] &= ~std::uint64_t{1};
    lane.live[last / 64] &= ~(std::uint64_t{1} << last % 64);
    for (std::uint32_t w = 0; w < std::size(lane.live); ++w) {
      for (std::uint64_t left = lane.live[w]; left != 0; left &= left - 1) {
        lane.symbols[lane.n_ids++] = merges.id_of(lane.symbols[w * 64 + first_of(left)]);
      }
    }
  }
}

}  // namespace bytestride
