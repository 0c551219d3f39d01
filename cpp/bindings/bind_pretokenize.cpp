#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
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

Behavior behavior_named(const std::string& name) {
  static constexpr std::pair<std::string_view, Behavior> kNames[] = {
      {"isolated", Behavior::isolated},
      {"contiguous", Behavior::contiguous},
      {"merged_with_previous", Behavior::merged_with_previous},
      {"merged_with_next", Behavior::merged_with_next}};
  for (const auto& [known, behavior] : kNames) {
    if (known == name) return behavior;
  }
  throw py::value_error("no behavior of a split is named '" + name + "'");
}

// A stage is the text of a known pattern, a split function, or a pair: ("digits", behavior),
// ("punctuation", behavior), ("space_before", "").
SplitStage make_stage(const py::handle& stage) {
  if (py::isinstance<py::str>(stage)) {
    const auto text = stage.cast<std::string>();
    const KnownPattern* known = find_known_pattern(text);
    if (known == nullptr) {
      throw py::value_error("the core knows no grammar for this pattern; give a split function: " +
                            text);
    }
    return {SplitStage::Kind::grammar, known->scan, {}, known->follow};
  }
  if (!py::isinstance<py::tuple>(stage)) {
    return {SplitStage::Kind::callback, nullptr,
            split_callback(py::reinterpret_borrow<py::object>(stage))};
  }
  const auto [kind, behavior] = stage.cast<std::pair<std::string, std::string>>();
  if (kind == "space_before") return {SplitStage::Kind::space_before};
  const ScanFunction scan = kind == "digits"        ? digit_scan(behavior_named(behavior))
                            : kind == "punctuation" ? punctuation_scan(behavior_named(behavior))
                                                    : nullptr;
  if (scan == nullptr) {
    throw py::value_error("no stage of a split is called " + kind + " " + behavior);
  }
  return {SplitStage::Kind::char_set, scan};
}

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
  std::vector<SplitStage> stages;
  if (py::isinstance<py::list>(pattern)) {
    for (const py::handle stage : pattern) stages.push_back(make_stage(stage));
  } else {
    stages.push_back(make_stage(pattern));
  }
  return std::make_shared<TextSplitter>(std::move(stages), AddedTokens(std::move(tokens)),
                                        normalizer.has_value());
}

// The pretokens of a text, and the added tokens that are always matched, as bytes. `by_windows`:
// also of a text that would be followed by character, for tests.
py::list pieces(const TextSplitter& splitter, const py::object& text, bool by_windows) {
  std::vector<char> transcoded;
  SplitScratch scratch;
  if (by_windows) scratch.least_window = 0;
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
  if (name == "Han") return byte & kHanBit;
  return kCategoryNames[byte & kCategoryBits].starts_with(name);
}

// Inclusive ranges of the code points of a general category (one or two letters), White_Space or
// the script Han.
std::vector<std::pair<std::uint32_t, std::uint32_t>> category_ranges(const std::string& name) {
  const bool known = name == "White_Space" || name == "Han" ||
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
      .def("pieces", &pieces, py::arg("text"), py::kw_only(), py::arg("by_windows") = false)
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
