// The scanner, on every backend, against the regular expression, stages against each other, and a
// text cut at safe places against the whole. Input: a byte that chooses the batch size and the
// stages, then text.

#include <string>
#include <vector>

#include "../cpp/regex_oracle.hpp"
#include "check.hpp"
#include "documents/safe_cut.hpp"
#include "pretokenize/grammar.hpp"
#include "pretokenize/split_stages.hpp"
#include "simd/backend.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::vector<std::size_t> scan_ends_once(const KnownPattern& known, ByteSpan text,
                                        std::size_t capacity) {
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

std::vector<std::size_t> scan_ends(const KnownPattern& known, ByteSpan text, std::size_t capacity) {
  set_backend(Backend::scalar);
  const std::vector<std::size_t> ends = scan_ends_once(known, text, capacity);
  for (const Backend other : available_backends()) {
    set_backend(other);
    require(scan_ends_once(known, text, capacity) == ends, "a backend and the scalar one");
  }
  const KnownPattern by_character{known.name, known.pattern, known.follow, known.follow};
  require(scan_ends_once(by_character, text, capacity) == ends, "windows and characters");
  return ends;
}

using Pieces = std::vector<std::string>;

void append(const SplitStages& stages, ByteSpan text, Pieces& pieces) {
  StageScratch scratch;
  stages.split(text, scratch, [&](const SpanBatch& spans) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < spans.n; begin = spans.ends[i++]) {
      require(spans.ends[i] > begin, "a piece is empty");
      pieces.emplace_back(spans.base + begin, spans.ends[i] - begin);
    }
  });
}

SplitStage some_stage(std::size_t choice) {
  const std::size_t n = known_patterns().size();
  choice %= n + 7;
  if (choice < n) return {SplitStage::Kind::grammar, known_patterns()[choice].scan};
  if (choice == n) return {SplitStage::Kind::space_before};
  const auto behavior = static_cast<Behavior>((choice - n - 1) % 4);
  return {SplitStage::Kind::char_set,
          choice - n <= 4 ? punctuation_scan(behavior) : digit_scan(behavior)};
}

// Two stages give what the second gives for each piece of the first; safe cuts do not show.
void check_stages(ByteSpan text, const DocumentView& view, std::size_t choice) {
  const SplitStage first = some_stage(choice), second = some_stage(choice / 17);
  if (first.kind == second.kind && first.kind == SplitStage::Kind::space_before) return;
  const SplitStages both({first, second});
  Pieces whole, outer, composed, parts;
  append(both, text, whole);
  append(SplitStages({first}), text, outer);
  for (const std::string& piece : outer) append(SplitStages({second}), piece, composed);
  require(whole == composed, "two stages and one after the other");
  if (!both.may_cut()) return;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t cut = find_safe_cut(view, begin + 1);
    append(both, text.substr(begin, cut - begin), parts);
    begin = cut;
  }
  require(parts == whole, "stages on parts between safe cuts and on the whole");
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
  const std::size_t choice = input.byte();
  const std::size_t capacity = 1 + choice % 16;
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
  check_stages(text, view, choice);
  require(find_last_safe_cut(text) == last_cut, "the last safe cut from either end");
  return 0;
}
