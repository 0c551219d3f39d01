// Which instruction set the kernels use: chosen once, at the first call, from what the processor
// has.
//
// BYTESTRIDE_BACKEND=scalar|avx2|avx512|neon in the environment asks for one; what the processor
// lacks, or another word, is an error at the first use (InvalidArgument). The answer of every
// kernel is the same on every backend.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace bytestride {

enum class Backend : std::uint8_t { scalar, avx2, avx512, neon };

std::string_view name_of(Backend backend);

// Those that this processor has; scalar first, the fastest last.
const std::vector<Backend>& available_backends();

// The one in use.
Backend backend();

// For tests: uses another from now on. Precondition: it is available, and no other thread is in
// the core.
void set_backend(Backend backend);

}  // namespace bytestride
