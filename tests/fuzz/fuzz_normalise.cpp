// NFC: idempotent, silent on what it calls inert, the same in parts cut at safe places, and no more
// than three times as long. Input: text.

#include <string>

#include "check.hpp"
#include "documents/safe_cut.hpp"
#include "unicode/normalise.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::string nfc(ByteSpan text) {
  std::string out;
  append_nfc(text, out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan text = FuzzInput(data, size).rest();
  const std::string once = nfc(text);
  require(nfc(once) == once, "NFC once and twice");
  if (is_nfc_inert(text)) require(once == text, "inert text and its NFC");
  require(once.size() <= 3 * text.size(), "NFC is longer than three times its text");
  const DocumentView view{text.data(), text.size(), TextKind::utf8};
  std::string parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t cut = find_safe_cut(view, begin + 1);
    append_nfc(text.substr(begin, cut - begin), parts);
    begin = cut;
  }
  require(parts == once, "NFC of parts between safe cuts and of the whole");
  return 0;
}
