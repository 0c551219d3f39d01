#include "documents/safe_cut.hpp"

#include <cstdint>
#include <string>

namespace bytestride {
namespace {

constexpr bool is_ascii_letter(std::uint32_t unit) {
  return (unit | 0x20u) >= 'a' && (unit | 0x20u) <= 'z';
}

constexpr bool is_ascii_digit(std::uint32_t unit) {
  return unit >= '0' && unit <= '9';
}

constexpr bool is_ascii_graphic(std::uint32_t unit) {
  return unit > ' ' && unit < 0x7F;
}

// Whether position i, 0 < i < n, is one of the two safe places.
template <typename Unit>
bool is_safe_cut(const Unit* units, std::size_t n, std::size_t i) {
  const std::uint32_t before = units[i - 1];
  const std::uint32_t after = units[i];
  if (before == '\n') {
    return i > 1 && is_ascii_graphic(units[i - 2]) &&
           (is_ascii_letter(after) || is_ascii_digit(after));
  }
  return after == ' ' && is_ascii_letter(before) && i + 1 < n && is_ascii_letter(units[i + 1]);
}

template <typename Unit>
std::size_t find_from(const DocumentView& document, std::size_t from) {
  const auto* units = reinterpret_cast<const Unit*>(document.data);
  for (std::size_t i = from > 0 ? from : 1; i < document.n_units; ++i) {
    if (is_safe_cut(units, document.n_units, i)) return i;
  }
  return document.n_units;
}

}  // namespace

std::size_t find_safe_cut(const DocumentView& document, std::size_t from) {
  switch (document.unit_size()) {
    case 1:
      return find_from<std::uint8_t>(document, from);
    case 2:
      return find_from<std::uint16_t>(document, from);
    default:
      return find_from<std::uint32_t>(document, from);
  }
}

std::size_t find_last_safe_cut(ByteSpan text) {
  const auto* units = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t i = text.size(); i-- > 1;) {
    if (is_safe_cut(units, text.size(), i)) return i;
  }
  return 0;
}

bool may_span_safe_cut(ByteSpan content) {
  // What a cut needs beside it may lie beyond the content, on either side: take it as given.
  std::string inside("a");
  inside.append(content).append("a");
  const std::size_t cut = find_safe_cut({inside.data(), inside.size(), TextKind::utf8}, 2);
  return cut < content.size() + 1;
}

}  // namespace bytestride
