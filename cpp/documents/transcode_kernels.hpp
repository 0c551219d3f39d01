// Code units to UTF-8 on a backend: the same bytes as transcode_to_utf8 (unicode/ucs.hpp), which is
// the scalar one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/backend.hpp"

namespace bytestride {

// What a kernel may overwrite behind the most bytes that its text can need.
inline constexpr std::size_t kTranscodeSlack = 128;

// Writes n code units to `out`, which must hold n * max_utf8_per_unit(sizeof(Unit)) +
// kTranscodeSlack bytes; returns the end of the text. Reads nothing beyond the units.
template <typename Unit>
using Transcode = char* (*)(const Unit* units, std::size_t n, char* out);

// Unit is uint8_t, uint16_t or uint32_t.
template <typename Unit>
Transcode<Unit> transcode_for(Backend backend);

template <typename Unit>
char* transcode_avx2(const Unit* units, std::size_t n, char* out);
template <typename Unit>
char* transcode_avx512(const Unit* units, std::size_t n, char* out);
template <typename Unit>
char* transcode_neon(const Unit* units, std::size_t n, char* out);

}  // namespace bytestride
