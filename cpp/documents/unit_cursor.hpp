// From places in a document's UTF-8 to its characters, which are what Python counts: one pass along
// the document's own code units, as places are asked for in about ascending order.
//
// Half of a surrogate pair is a character of its own to Python, and U+FFFD in UTF-8; two that make
// a pair are one character in UTF-8 and are never told apart here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "documents/document.hpp"

namespace bytestride {

class UnitCursor {
 public:
  explicit UnitCursor(const DocumentView& document) : document_(document) {}

  struct Span {
    std::size_t begin;
    std::size_t end;
  };

  // The units of the character that a byte of the UTF-8 lies in; n_units of the document at both
  // ends for a byte beyond it. Cost: the distance from the last place, or all if it lies before.
  Span at(std::size_t byte) {
    if (document_.kind == TextKind::utf8) {  // ASCII
      return {byte, byte < document_.n_units ? byte + 1 : byte};
    }
    if (byte < byte_begin_) *this = UnitCursor(document_);
    while (byte >= byte_end_ && units_.end < document_.n_units) step();
    if (byte >= byte_end_) return {document_.n_units, document_.n_units};
    return units_;
  }

 private:
  void step() {
    units_.begin = units_.end++;
    byte_begin_ = byte_end_;
    const char32_t unit = unit_at(units_.begin);
    if (unit >= 0xD800 && unit <= 0xDBFF && units_.end < document_.n_units) {
      const char32_t next = unit_at(units_.end);
      if (next >= 0xDC00 && next <= 0xDFFF) {
        ++units_.end;
        byte_end_ += 4;
        return;
      }
    }
    byte_end_ += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit < 0x10000 ? 3 : 4;
  }

  char32_t unit_at(std::size_t i) const {
    switch (document_.kind) {
      case TextKind::ucs2: {
        std::uint16_t unit;
        std::memcpy(&unit, document_.data + 2 * i, sizeof unit);
        return unit;
      }
      case TextKind::ucs4: {
        std::uint32_t unit;
        std::memcpy(&unit, document_.data + 4 * i, sizeof unit);
        return unit;
      }
      default:
        return static_cast<unsigned char>(document_.data[i]);
    }
  }

  DocumentView document_;
  Span units_{0, 0};
  std::size_t byte_begin_ = 0;
  std::size_t byte_end_ = 0;
};

}  // namespace bytestride
