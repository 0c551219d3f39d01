#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "bindings/split_callback.hpp"
#include "documents/safe_cut.hpp"
#include "documents/transcode.hpp"
#include "pretokenize/grammar.hpp"
#include "pretokenize/text_splitter.hpp"
#include "unicode/classes.hpp"
#include "unicode/normalise.hpp"

namespace bytestride::python {
namespace {

namespace py = pybind11;

// content, id, special, lstrip, rstrip, single_word, normalized
using AddedTokenRow = std::tuple<std::string, TokenId, bool, bool, bool, bool, bool>;

std::shared_ptr<TextSplitter> make_splitter(const py::object& pattern,
                                            const std::vector<AddedTokenRow>& rows,
                                            const std::optional<std::string>& normalizer) {
  std::vector<AddedToken> tokens;
  for (const auto& [content, id, special, lstrip, rstrip, single_word, normalized] : rows) {
    tokens.push_back({content, id, special, lstrip, rstrip, single_word, normalized});
  }
  if (normalizer && *normalizer != "NFC") {
    throw py::value_error("normalizer must be None or 'NFC', not '" + *normalizer + "'");
  }
  AddedTokens added(std::move(tokens));
  if (!py::isinstance<py::str>(pattern)) {
    return std::make_shared<TextSplitter>(split_callback(pattern), std::move(added),
                                          normalizer.has_value());
  }
  const auto text = pattern.cast<std::string>();
  const KnownPattern* known = find_known_pattern(text);
  if (known == nullptr) {
    throw py::value_error("the core knows no grammar for this pattern; give a split function: " +
                          text);
  }
  return std::make_shared<TextSplitter>(*known, std::move(added), normalizer.has_value());
}

// The pretokens of a text, and the added tokens that are always matched, as bytes.
py::list pieces(const TextSplitter& splitter, const py::object& text) {
  std::vector<char> transcoded;
  SplitScratch scratch;
  py::list result;
  const ByteSpan bytes = as_utf8(view_of_text(text), transcoded);
  splitter.split(
      bytes, splitter.always_wanted(), scratch,
      [&](const SpanBatch& spans) {
        std::uint32_t begin = 0;
        for (std::size_t i = 0; i < spans.n; ++i) {
          result.append(py::bytes(spans.base + begin, spans.ends[i] - begin));
          begin = spans.ends[i];
        }
      },
      [&](TokenId id) {
        for (const AddedToken& token : splitter.added_tokens().all()) {
          if (token.id == id) result.append(py::bytes(token.content));
        }
      });
  return result;
}

bool in_category(std::uint8_t byte, const std::string& name) {
  if (name == "White_Space") return byte & kWhiteSpaceBit;
  return kCategoryNames[byte & 0x1F].starts_with(name);
}

// Inclusive ranges of the code points of a general category (one or two letters) or White_Space.
std::vector<std::pair<std::uint32_t, std::uint32_t>> category_ranges(const std::string& name) {
  const bool known = name == "White_Space" ||
                     (!name.empty() && std::any_of(kCategoryNames.begin(), kCategoryNames.end(),
                                                   [&](auto c) { return c.starts_with(name); }));
  if (!known) throw py::value_error("no general category of Unicode is named '" + name + "'");
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (!in_category(class_byte(c), name)) continue;
    if (!ranges.empty() && ranges.back().second + 1 == c) {
      ranges.back().second = c;
    } else {
      ranges.emplace_back(c, c);
    }
  }
  return ranges;
}

py::bytes normalize_nfc(const py::object& text) {
  std::vector<char> transcoded;
  const ByteSpan bytes = as_utf8(view_of_text(text), transcoded);
  std::string normalised;
  append_nfc(bytes, normalised);
  return py::bytes(normalised);
}

}  // namespace

void bind_pretokenize(py::module_& module) {
  py::class_<TextSplitter, std::shared_ptr<TextSplitter>>(module, "Splitter")
      .def(py::init(&make_splitter), py::arg("pattern"), py::arg("added_tokens"),
           py::arg("normalizer"))
      .def("pieces", &pieces, py::arg("text"))
      .def_property_readonly("may_cut", &TextSplitter::may_cut);
  module.def("known_patterns", [] {
    std::vector<std::pair<std::string, std::string>> patterns;
    for (const KnownPattern& known : known_patterns()) {
      patterns.emplace_back(known.name, known.pattern);
    }
    return patterns;
  });
  module.def("category_ranges", &category_ranges, py::arg("name"));
  module.def("normalize_nfc", &normalize_nfc, py::arg("text"));
  module.def(
      "last_safe_cut",
      [](const py::object& buffer) { return find_last_safe_cut(HeldBuffer(buffer).bytes()); },
      py::arg("buffer"));
}

}  // namespace bytestride::python
