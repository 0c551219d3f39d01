// 1024 bits in vectors: what boundary rules are written in. Bit i is byte i of a window; `after(x)`
// is the bytes after those of x, `before(x)` those before them.
//
// For one instruction set at a time: a kernel's source file defines BYTESTRIDE_TARGET, the target
// attribute, and BYTESTRIDE_VECTOR_BYTES, and includes this then. Everything lies in an unnamed
// namespace, so that each such file has its own.
#ifndef BYTESTRIDE_TARGET
#error "bits.hpp is for kernels: define BYTESTRIDE_TARGET and BYTESTRIDE_VECTOR_BYTES"
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "simd/block_masks.hpp"

// All of a kernel is one function in the end.
#define BYTESTRIDE_KERNEL BYTESTRIDE_TARGET __attribute__((always_inline)) inline

namespace bytestride {
namespace {

typedef std::uint64_t Lanes __attribute__((vector_size(BYTESTRIDE_VECTOR_BYTES)));

struct Bits {
  static constexpr int kParts = static_cast<int>(kMaskBytes / 8 / BYTESTRIDE_VECTOR_BYTES);
  Lanes part[kParts];
};

BYTESTRIDE_KERNEL Bits load(const std::uint64_t* words) {
  Bits x;
  std::memcpy(&x, words, sizeof x);
  return x;
}

BYTESTRIDE_KERNEL void store(const Bits& x, std::uint64_t* words) {
  std::memcpy(words, &x, sizeof x);
}

BYTESTRIDE_KERNEL Bits none() {
  Bits x;
  for (int p = 0; p < Bits::kParts; ++p) x.part[p] = Lanes{};
  return x;
}

BYTESTRIDE_KERNEL Bits operator&(const Bits& a, const Bits& b) {
  Bits x;
  for (int p = 0; p < Bits::kParts; ++p) x.part[p] = a.part[p] & b.part[p];
  return x;
}

BYTESTRIDE_KERNEL Bits operator|(const Bits& a, const Bits& b) {
  Bits x;
  for (int p = 0; p < Bits::kParts; ++p) x.part[p] = a.part[p] | b.part[p];
  return x;
}

BYTESTRIDE_KERNEL Bits operator~(const Bits& a) {
  Bits x;
  for (int p = 0; p < Bits::kParts; ++p) x.part[p] = ~a.part[p];
  return x;
}

// Each word's sum by itself.
BYTESTRIDE_KERNEL Bits add_words(const Bits& a, const Bits& b) {
  Bits x;
  for (int p = 0; p < Bits::kParts; ++p) x.part[p] = a.part[p] + b.part[p];
  return x;
}

#if BYTESTRIDE_VECTOR_BYTES == 64
#define BYTESTRIDE_WORDS_BELOW 7, 8, 9, 10, 11, 12, 13, 14
#define BYTESTRIDE_WORDS_ABOVE 1, 2, 3, 4, 5, 6, 7, 8
#elif BYTESTRIDE_VECTOR_BYTES == 32
#define BYTESTRIDE_WORDS_BELOW 3, 4, 5, 6
#define BYTESTRIDE_WORDS_ABOVE 1, 2, 3, 4
#else
#define BYTESTRIDE_WORDS_BELOW 1, 2
#define BYTESTRIDE_WORDS_ABOVE 1, 2
#endif

template <int N = 1>
BYTESTRIDE_KERNEL Bits after(const Bits& a) {
  Bits x;
  Lanes lower = {};
  for (int p = 0; p < Bits::kParts; ++p) {
    const Lanes below = __builtin_shufflevector(lower, a.part[p], BYTESTRIDE_WORDS_BELOW);
    x.part[p] = a.part[p] << N | below >> (64 - N);
    lower = a.part[p];
  }
  return x;
}

template <int N = 1>
BYTESTRIDE_KERNEL Bits before(const Bits& a) {
  Bits x;
  Lanes higher = {};
  for (int p = Bits::kParts - 1; p >= 0; --p) {
    const Lanes above = __builtin_shufflevector(a.part[p], higher, BYTESTRIDE_WORDS_ABOVE);
    x.part[p] = a.part[p] >> N | above << (64 - N);
    higher = a.part[p];
  }
  return x;
}

BYTESTRIDE_KERNEL bool any(const Bits& a) {
  Lanes all = a.part[0];
  for (int p = 1; p < Bits::kParts; ++p) all |= a.part[p];
#if BYTESTRIDE_VECTOR_BYTES == 64
  return _mm512_test_epi64_mask((__m512i)all, (__m512i)all) != 0;
#elif BYTESTRIDE_VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)all, (__m256i)all);
#else
  return (all[0] | all[1]) != 0;
#endif
}

// Runs of bits from each bit of `first` up, `first` among them. Precondition: first is part of run.
BYTESTRIDE_KERNEL Bits fill(Bits first, const Bits& run) {
  Bits filled = first;
  do {
    // The sum clears a run from its first bit on; a second first bit in it is set again.
    filled = filled | (run & ~add_words(run, first)) | first;
    // Runs that go on in the next word begin there.
    first = after(filled) & run & ~filled;
  } while (any(first));
  return filled;
}

}  // namespace
}  // namespace bytestride
