#include "documents/transcode.hpp"

#include "documents/transcode_kernels.hpp"

namespace bytestride {
namespace {

// So few are read one by one before a vector of them is put together.
constexpr std::size_t kFewUnits = 16;

template <typename Unit>
ByteSpan transcode(const DocumentView& document, std::vector<char>& scratch) {
  const std::size_t room = document.max_utf8_bytes() + kTranscodeSlack;
  if (scratch.size() < room) scratch.resize(room);
  const auto* units = reinterpret_cast<const Unit*>(document.data);
  const Transcode<Unit> kernel =
      transcode_for<Unit>(document.n_units < kFewUnits ? Backend::scalar : backend());
  const char* end = kernel(units, document.n_units, scratch.data());
  return {scratch.data(), static_cast<std::size_t>(end - scratch.data())};
}

}  // namespace

ByteSpan as_utf8(const DocumentView& document, std::vector<char>& scratch) {
  switch (document.kind) {
    case TextKind::utf8:
      return {document.data, document.n_units};
    case TextKind::ucs1:
      return transcode<std::uint8_t>(document, scratch);
    case TextKind::ucs2:
      return transcode<std::uint16_t>(document, scratch);
    case TextKind::ucs4:
      return transcode<std::uint32_t>(document, scratch);
  }
  return {};
}

}  // namespace bytestride
