// Splitting in the ways that tests compare: all pretoken ends of a text, and what a TextSplitter
// hands on.
#pragma once

#include <string>
#include <vector>

#include "pretokenize/text_splitter.hpp"
#include "simd/backend.hpp"
#include "support.hpp"

namespace bytestride::testing {

// Ends of all pretokens, scanned `capacity` at a time, on the backend in use.
inline std::vector<std::size_t> scan_ends_once(const KnownPattern& known, ByteSpan text,
                                               std::size_t capacity) {
  std::vector<std::uint32_t> batch(capacity);
  std::vector<std::size_t> ends;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t n = known.scan(text, position, batch.data(), capacity);
    REQUIRE(n > 0);
    for (std::size_t i = 0; i < n; ++i) ends.push_back(position + batch[i]);
    position = ends.back();
  }
  return ends;
}

// The same on every backend of this machine, which must agree.
inline std::vector<std::size_t> scan_ends(const KnownPattern& known, ByteSpan text,
                                          std::size_t capacity = 64) {
  const Backend before = backend();
  set_backend(Backend::scalar);
  const std::vector<std::size_t> ends = scan_ends_once(known, text, capacity);
  for (const Backend other : available_backends()) {
    set_backend(other);
    if (scan_ends_once(known, text, capacity) != ends) {
      FAIL_CHECK(name_of(other) << " differs from scalar in " << known.name << " on "
                                << quoted(text));
    }
  }
  set_backend(before);
  return ends;
}

inline const KnownPattern& pattern_named(std::string_view name) {
  for (const KnownPattern& known : known_patterns()) {
    if (known.name == name) return known;
  }
  FAIL("no grammar is named " << std::string(name));
  return known_patterns().front();
}

// The pretokens with | between them.
inline std::string pieces_of(std::string_view grammar, ByteSpan text) {
  std::string out;
  std::size_t begin = 0;
  for (const std::size_t end : scan_ends(pattern_named(grammar), text)) {
    if (begin != 0) out += '|';
    out += text.substr(begin, end - begin);
    begin = end;
  }
  return out;
}

// Pretokens as they are, added tokens as "#" and their id.
inline std::vector<std::string> split_all(const TextSplitter& splitter, ByteSpan text,
                                          const AddedTokenSet& wanted) {
  std::vector<std::string> pieces;
  SplitScratch scratch;
  splitter.split(
      text, wanted, scratch,
      [&](const SpanBatch& spans) {
        std::size_t begin = 0;
        for (std::size_t i = 0; i < spans.n; begin = spans.ends[i++]) {
          REQUIRE(spans.ends[i] > begin);
          pieces.emplace_back(spans.base + begin, spans.ends[i] - begin);
        }
      },
      [&](TokenId id) { pieces.push_back("#" + std::to_string(id)); });
  return pieces;
}

inline std::vector<std::string> split_all(const TextSplitter& splitter, ByteSpan text) {
  return split_all(splitter, text, splitter.always_wanted());
}

}  // namespace bytestride::testing
