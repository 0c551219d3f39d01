// Where pretokens start in a window: what the boundary rules (boundary_rules.hpp) answer, and the
// kernel that answers on a backend.
//
// The window begins with a pretoken. Its starts are marked up to the first place that is not
// decided, or up to where a run goes on behind the window: none lies at or after that place before
// the last start that precedes it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pretokenize/grammar.hpp"
#include "pretokenize/window.hpp"
#include "simd/backend.hpp"

namespace bytestride {

struct Boundaries {
  static constexpr std::size_t kNone = ~std::size_t{0};

  alignas(64) std::uint64_t starts[kMaskWords];
  std::size_t undecided;  // the first place that only following the text decides, or kNone
  std::size_t unseen;     // the first that text behind the window decides, or kNone
};

// Marks the starts in the window, whose first byte is at `text`.
using FindBoundaries = void (*)(const Window& window, const char* text, const char* text_end,
                                Boundaries* found);

// One kernel a backend, for the grammars named in boundary_rules.hpp.
template <Grammar G>
void find_boundaries_avx2(const Window& window, const char* text, const char* text_end,
                          Boundaries* found);
template <Grammar G>
void find_boundaries_avx512(const Window& window, const char* text, const char* text_end,
                            Boundaries* found);
template <Grammar G>
void find_boundaries_neon(const Window& window, const char* text, const char* text_end,
                          Boundaries* found);

// Precondition: the backend has class masks.
template <Grammar G>
FindBoundaries find_boundaries_for([[maybe_unused]] Backend backend) {
#if defined(__x86_64__)
  return backend == Backend::avx512 ? find_boundaries_avx512<G> : find_boundaries_avx2<G>;
#elif defined(__aarch64__)
  return find_boundaries_neon<G>;
#else
  return nullptr;
#endif
}

}  // namespace bytestride
