// Documents as the engine sees them: views on bytes or code units that the caller keeps alive.
//
// A DocumentList is either a list of views (Python strings and bytes, held by the binding) or one
// buffer cut by offsets (Arrow, a memory-mapped file). Nothing is copied: a view costs 24 bytes, an
// offset nothing. Strings stay in their own storage; a worker transcodes one when it reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/types.hpp"
#include "unicode/ucs.hpp"

namespace bytestride {

enum class TextKind : std::uint8_t { utf8, ucs1, ucs2, ucs4 };

struct DocumentView {
  const char* data;
  std::size_t n_units;  // bytes of utf8 (well-formed or not), otherwise code units
  TextKind kind;

  std::size_t unit_size() const {
    return kind == TextKind::ucs2 ? 2 : kind == TextKind::ucs4 ? 4 : 1;
  }
  std::size_t n_bytes() const { return n_units * unit_size(); }
  // Upper bound of the document's length in UTF-8.
  std::size_t max_utf8_bytes() const {
    return kind == TextKind::utf8 ? n_units : n_units * max_utf8_per_unit(unit_size());
  }
  DocumentView slice(std::size_t begin_unit, std::size_t end_unit) const {
    return {data + begin_unit * unit_size(), end_unit - begin_unit, kind};
  }
};

class DocumentList {
 public:
  explicit DocumentList(std::vector<DocumentView> views) : views_(std::move(views)) {}
  // Document i is buffer[offsets[i], offsets[i + 1]). Precondition: offsets ascend within buffer.
  DocumentList(ByteSpan buffer, std::span<const std::int64_t> offsets)
      : buffer_(buffer), offsets_(offsets) {}

  std::size_t size() const { return offsets_.empty() ? views_.size() : offsets_.size() - 1; }
  DocumentView operator[](std::size_t i) const {
    if (offsets_.empty()) return views_[i];
    const auto begin = static_cast<std::size_t>(offsets_[i]);
    const auto end = static_cast<std::size_t>(offsets_[i + 1]);
    return {buffer_.data() + begin, end - begin, TextKind::utf8};
  }

 private:
  std::vector<DocumentView> views_;
  ByteSpan buffer_;
  std::span<const std::int64_t> offsets_;
};

}  // namespace bytestride
