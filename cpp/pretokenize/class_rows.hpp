// What the class masks tell apart beyond ASCII in each grammar: the tables that the classifier of
// simd/block_masks.hpp looks characters up in.
//
// A grammar's class bits are those of scanner.hpp, packed into five (class_bits.hpp). Most grammars
// share one table; those that know other classes have their own. A table is 66 KiB, of which a text
// uses few rows; it is made when first asked for, and shared by all threads from then on.
//
// Characters that only some grammars tell apart have two bits where no other character has both:
//   kNumberBit and kMarkBit    what Grammar::runs cuts off; with kLowerBit a symbol of such, with
//                              kUpperBit what only following the text decides
//   kMarkBit in only_symbols   what is matched by none (a mark is a letter there)
#pragma once

#include "pretokenize/grammar.hpp"
#include "simd/block_masks.hpp"

namespace bytestride {

enum class RowsKind : std::uint8_t { common, numeric_17, han, chinese_and_kana };

constexpr RowsKind rows_kind(const Grammar& grammar) {
  return grammar.runs == Runs::han                ? RowsKind::han
         : grammar.runs == Runs::chinese_and_kana ? RowsKind::chinese_and_kana
         : grammar.numeric_17                     ? RowsKind::numeric_17
                                                  : RowsKind::common;
}

const ClassRows& class_rows(RowsKind kind);

}  // namespace bytestride
