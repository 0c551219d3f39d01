// The scanner against the regular expression, and a text cut at safe places against the whole.
// Input: a byte that chooses the batch size, then text.

#include <vector>

#include "../cpp/regex_oracle.hpp"
#include "check.hpp"
#include "documents/safe_cut.hpp"
#include "pretokenize/grammar.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<std::size_t> scan_ends(const KnownPattern& known, ByteSpan text, std::size_t capacity) {
  std::vector<std::uint32_t> batch(capacity);
  std::vector<std::size_t> ends;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t n = known.scan(text, position, batch.data(), capacity);
    require(n > 0, "a scan gave nothing");
    for (std::size_t i = 0; i < n; ++i) ends.push_back(position + batch[i]);
    position = ends.back();
  }
  return ends;
}

const std::vector<RegexOracle>& oracles() {
  static const auto all = [] {
    std::vector<RegexOracle> made;
    for (const KnownPattern& known : known_patterns()) made.emplace_back(known.pattern);
    return made;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::size_t capacity = 1 + input.byte() % 16;
  const ByteSpan text = input.rest();
  const DocumentView view{text.data(), text.size(), TextKind::utf8};
  std::size_t last_cut = 0;
  for (std::size_t i = 0; i < oracles().size(); ++i) {
    const KnownPattern& known = known_patterns()[i];
    const std::vector<std::size_t> whole = scan_ends(known, text, capacity);
    require(whole == oracles()[i].split(text), "scanner and regular expression");
    std::vector<std::size_t> parts;
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t cut = find_safe_cut(view, begin + 1);
      for (const std::size_t end : scan_ends(known, text.substr(begin, cut - begin), capacity)) {
        parts.push_back(begin + end);
      }
      if (cut < text.size()) last_cut = cut;
      begin = cut;
    }
    require(parts == whole, "parts between safe cuts and the whole");
  }
  require(find_last_safe_cut(text) == last_cut, "the last safe cut from either end");
  return 0;
}
