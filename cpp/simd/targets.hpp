// The instruction sets that a kernel is compiled for, as attributes of a function: for kernels in
// plain C++ that the compiler turns into vector code. What they call must be inlined into them.
#pragma once

#if defined(__x86_64__)
#define BYTESTRIDE_TARGET_AVX2 __attribute__((target("avx2,bmi")))
// GCC, asked for AVX-512, still writes loops with half of it; clang has no such word.
#if defined(__clang__)
#define BYTESTRIDE_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi")))
#else
#define BYTESTRIDE_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,prefer-vector-width=512")))
#endif
#endif
