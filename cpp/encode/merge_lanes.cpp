#include "encode/merge_lanes.hpp"

#include <algorithm>
#include <bit>

#include "simd/backend.hpp"

namespace bytestride {
namespace {

using Lane = MergeLanes::Lane;
using Run = void (*)(const MergeTable&, Lane*, std::uint32_t live);

// A pair in a lane is its product and its place, so that the least is the next merge and says where
// it is: the lowest product, the leftmost on ties. Moving a pair down by one takes 1 off; what
// stands for no product stays above all others however often that is done.
constexpr unsigned kPlaceBits = 6;
static_assert(MergeLanes::kMaxBytes == std::size_t{1} << kPlaceBits);
constexpr Symbol kNothing = 0xFFFFFF00u;

[[gnu::always_inline]] inline Symbol pair_at(Symbol product, std::uint32_t place) {
  return product == kNoSymbol ? kNothing : product << kPlaceBits | place;
}

// One merge in a lane of width N; false where none is left.
template <std::size_t N>
[[gnu::always_inline]] inline bool step(const MergeTable& merges, Lane& lane) {
  Symbol best = kNothing;
  for (std::size_t i = 0; i < N; ++i) best = std::min(best, lane.products[i]);
  if (best >= kNothing - N) return false;
  const std::uint32_t at = best & ((1u << kPlaceBits) - 1);
  const Symbol product = best >> kPlaceBits;
  lane.symbols[at] = product;
  for (std::uint32_t i = 0; i < N; ++i) {
    lane.symbols[i] = i <= at ? lane.symbols[i] : lane.symbols[i + 1];
    lane.products[i] = i < at ? lane.products[i] : lane.products[i + 1] - 1;
  }
  --lane.n;
  lane.merged_at = at;
  if (at > 0) merges.prefetch(lane.symbols[at - 1], product);
  if (at + 1 < lane.n) merges.prefetch(product, lane.symbols[at + 1]);
  return true;
}

template <std::size_t N>
[[gnu::always_inline]] inline void run_lanes(const MergeTable& merges, Lane* lanes,
                                             std::uint32_t live) {
  for (std::uint32_t left = live; left != 0; left &= left - 1) {
    const auto k = static_cast<unsigned>(__builtin_ctz(left));
    if (!step<N>(merges, lanes[k])) live &= ~(1u << k);
  }
  while (live != 0) {
    for (std::uint32_t left = live; left != 0; left &= left - 1) {
      const auto k = static_cast<unsigned>(__builtin_ctz(left));
      Lane& lane = lanes[k];
      const std::uint32_t at = lane.merged_at;
      if (at > 0) {
        const Symbol product = merges.product(lane.symbols[at - 1], lane.symbols[at]);
        lane.products[at - 1] = pair_at(product, at - 1);
      }
      if (at + 1 < lane.n) {
        const Symbol product = merges.product(lane.symbols[at], lane.symbols[at + 1]);
        lane.products[at] = pair_at(product, at);
      } else {
        lane.products[at] = kNothing;
      }
      if (!step<N>(merges, lane)) live &= ~(1u << k);
    }
  }
}

template <std::size_t N>
void run_scalar(const MergeTable& merges, Lane* lanes, std::uint32_t live) {
  run_lanes<N>(merges, lanes, live);
}

#if defined(__x86_64__)
template <std::size_t N>
__attribute__((target("avx2,bmi"))) void run_avx2(const MergeTable& merges, Lane* lanes,
                                                  std::uint32_t live) {
  run_lanes<N>(merges, lanes, live);
}

template <std::size_t N>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,prefer-vector-width=512"))) void
run_avx512(const MergeTable& merges, Lane* lanes, std::uint32_t live) {
  run_lanes<N>(merges, lanes, live);
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
    lane.n = static_cast<std::uint32_t>(word.size());
    for (std::size_t i = 0; i < word.size(); ++i) {
      lane.symbols[i] = MergeTable::byte_symbol(word[i]);
    }
    for (std::uint32_t i = 0; i + 1 < word.size(); ++i) {
      lane.products[i] = pair_at(merges.product_of_bytes(word[i], word[i + 1]), i);
    }
    std::fill(lane.products + word.size() - 1, std::end(lane.products), kNothing);
  }
  const Run run_all = longest <= 16   ? run_for<16>(backend())
                      : longest <= 32 ? run_for<32>(backend())
                                      : run_for<64>(backend());
  run_all(merges, lanes_, n == 0 ? 0 : 0xFFFFFFFFu >> (32 - n));
  for (std::size_t k = 0; k < n; ++k) {
    Lane& lane = lanes_[k];
    for (std::uint32_t i = 0; i < lane.n; ++i) lane.symbols[i] = merges.id_of(lane.symbols[i]);
  }
}

}  // namespace bytestride
