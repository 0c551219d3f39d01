// Intel's intrinsics, all that kernels may use under their target attributes, whatever the file is
// compiled for.
//
// Clang in the place of Microsoft's compiler leaves out of <immintrin.h>, up to version 19, what
// the flags do not ask for; its parts may be included by themselves after it.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(_MSC_VER) && defined(__clang__)
#include <tmmintrin.h>
// clang-format off: later ones need what earlier ones declare
#include <smmintrin.h>
#include <popcntintrin.h>
#include <bmiintrin.h>
#include <bmi2intrin.h>
#include <avxintrin.h>
#include <avx2intrin.h>
#include <avx512fintrin.h>
#include <avx512vlintrin.h>
#include <avx512bwintrin.h>
#include <avx512dqintrin.h>
#include <avx512vlbwintrin.h>
#include <avx512vldqintrin.h>
#include <avx512vbmiintrin.h>
#include <avx512vbmivlintrin.h>
#include <avx512vbmi2intrin.h>
#include <avx512vlvbmi2intrin.h>
// clang-format on
#endif
#endif
