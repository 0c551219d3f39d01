// Splits by a set of characters: the Digits and Punctuation of tokenizers, as ScanFunctions.
//
// Like a grammar, what they cut after a boundary depends on nothing before it. Linear, no memory.
#pragma once

#include <cstdint>

#include "pretokenize/grammar.hpp"

namespace bytestride {

// What becomes of the characters of the set.
enum class Behavior : std::uint8_t {
  isolated,              // a piece each
  contiguous,            // a piece for each run of them
  merged_with_previous,  // the first of a run ends the piece before it, the others are one each
  merged_with_next       // the last of a run begins the piece after it, the others are one each
};

// Digits(individual_digits) is isolated or contiguous; the other behaviors are nullptr.
ScanFunction digit_scan(Behavior behavior);
ScanFunction punctuation_scan(Behavior behavior);

}  // namespace bytestride
