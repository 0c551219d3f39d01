#include "pretokenize/class_rows.hpp"

#include <algorithm>
#include <memory>

#include "pretokenize/scanner.hpp"
#include "simd/class_bits.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

// What is neither letter, mark, number, space nor symbol; what is ill-formed is of it, too.
template <Grammar G>
constexpr std::uint8_t kOtherBits = G.only_symbols ? kMarkBit : 0;

// Beyond ASCII, which has all newlines.
template <Grammar G>
std::uint8_t class_bits(char32_t code_point) {
  using namespace scanner;
  constexpr std::uint8_t kOfRun = kNumberBit | kMarkBit;
  const unsigned classes = classes_of<G>(code_point);
  if (classes & kRun) {
    return classes == kRunWord     ? kOfRun
           : classes == kRunSymbol ? kOfRun | kLowerBit
                                   : kOfRun | kUpperBit;
  }
  if (classes & bit(CharClass::upper)) return kUpperBit;
  if (classes & bit(CharClass::lower)) return kLowerBit;
  if (classes & bit(CharClass::caseless)) return kUpperBit | kLowerBit;
  if (classes & kMark) return G.only_symbols ? kUpperBit | kLowerBit : kMarkBit;
  if (classes & kNumber) return kNumberBit;
  if (classes & kWhite) return kWhiteBit;
  return classes & kOther ? kOtherBits<G> : 0;
}

template <Grammar G>
std::uint8_t class_of_four_bytes(const char* text) {
  const DecodedChar c = decode_utf8(text, text + 4);
  return c.ok ? class_bits<G>(c.code_point) : ClassRows::kIllFormed;
}

// The class of a whole row, or kMixed.
std::uint8_t class_of_all(const std::uint8_t* row) {
  return std::all_of(row, row + 64, [&](std::uint8_t one) { return one == row[0]; })
             ? row[0]
             : ClassRows::kMixed;
}

template <Grammar G>
std::unique_ptr<const ClassRows> make_class_rows() {
  auto rows = std::make_unique<ClassRows>();
  rows->of_four_bytes = class_of_four_bytes<G>;
  rows->of_other = kOtherBits<G>;
  for (char32_t c = 0; c < 0x10000; ++c) {
    const bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    rows->page[c / 64][c % 64] = is_surrogate ? ClassRows::kIllFormed : class_bits<G>(c);
  }
  for (unsigned group = 0; group < 16; ++group) {
    for (unsigned next = 0; next < 64; ++next) {
      // Three bytes for what fits two are ill-formed.
      rows->second[group][next] = group == 0 && next < 32
                                      ? ClassRows::kIllFormed
                                      : class_of_all(rows->page[group * 64 + next]);
    }
  }
  for (unsigned lead = 0xC0; lead < 0x100; ++lead) {
    rows->lead[lead - 0xC0] = lead < 0xC2 || lead > 0xF4 ? ClassRows::kIllFormed
                              : lead < 0xE0              ? class_of_all(rows->page[lead - 0xC0])
                              : lead < 0xF0              ? class_of_all(rows->second[lead - 0xE0])
                                                         : ClassRows::kMixed;
  }
  return rows;
}

template <Grammar G>
const ClassRows& rows_of() {
  static const std::unique_ptr<const ClassRows> rows = make_class_rows<G>();
  return *rows;
}

}  // namespace

const ClassRows& class_rows(RowsKind kind) {
  switch (kind) {
    case RowsKind::han:
      return rows_of<kKimiK2>();
    case RowsKind::chinese_and_kana:
      return rows_of<kDeepSeekV3>();
    case RowsKind::numeric_17:
      return rows_of<kStarCoder>();
    default:
      return rows_of<kGpt2>();
  }
}

}  // namespace bytestride
