// The two character classes of regular expressions that added tokens look at, as Rust's regex crate
// (and so tokenizers 0.23) has them, at Unicode 16: \s is White_Space, \w is Alphabetic, marks,
// decimal digits, connectors and the two joiners.
#pragma once

#include "unicode/classes.hpp"

namespace bytestride {

// Precondition: code_point <= 0x10FFFF.
inline bool is_white_space(char32_t code_point) {
  return (class_byte(code_point) & kWhiteSpaceBit) != 0;
}

// Precondition: code_point <= 0x10FFFF.
inline bool is_word_char(char32_t code_point) {
  // Indices of kCategoryNames: Lu to Lo, Mn to Me, Nd, Nl; Pc.
  const unsigned category = class_byte(code_point) & kCategoryBits;
  if (category <= 9 || category == 11) return true;
  // Letters in circles and squares are Alphabetic, though their category is So.
  return (code_point >= 0x24B6 && code_point <= 0x24E9) ||
         (code_point >= 0x1F130 && code_point <= 0x1F149) ||
         (code_point >= 0x1F150 && code_point <= 0x1F169) ||
         (code_point >= 0x1F170 && code_point <= 0x1F189) ||  //
         code_point == 0x200C || code_point == 0x200D;
}

}  // namespace bytestride
