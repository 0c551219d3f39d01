// Where tokens lie in a text, and what follows from it: truncating, chunking, counting to a limit.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "bindings/engine.hpp"
#include "bindings/released_gil.hpp"
#include "bindings/special_tokens.hpp"
#include "documents/transcode.hpp"
#include "documents/unit_cursor.hpp"
#include "encode/token_places.hpp"
#include "encode/token_words.hpp"

namespace bytestride::python {
namespace {

constexpr std::size_t kAll = ~std::size_t{0};

// An integer of at least `least`; what is too large to count is the largest there is.
std::size_t number_of(py::handle value, const char* name, long long least) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) {
    PyErr_Clear();
    throw py::type_error(std::string(name) + " must be an integer, not " +
                         Py_TYPE(value.ptr())->tp_name);
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow < 0 || (overflow == 0 && number < least)) {
    throw py::value_error(std::string(name) + " must be at least " + std::to_string(least) +
                          ", not " + py::str(index).cast<std::string>());
  }
  return overflow > 0 ? kAll : static_cast<std::size_t>(number);
}

// One str with as many of its ids as were asked for.
class EncodedText {
 public:
  EncodedText(Engine& engine, const py::object& text, const py::object& allowed,
              const py::object& disallowed, std::size_t n_enough)
      : engine_(engine),
        document_(view_of_str(text)),
        specials_(engine, allowed, disallowed),
        workspace_(engine.encoder.borrow()) {
    specials_.refuse_texts(text);
    workspace_->tokens.clear();
    const MaybeReleaseGil release(document_.n_bytes());
    utf8_ = as_utf8(document_, workspace_->transcoded);
    engine.encoder.encode_up_to(utf8_, specials_.policy(), n_enough, *workspace_);
  }

  const TokenId* ids() const { return workspace_->tokens.data(); }
  std::size_t n_ids() const { return workspace_->tokens.size(); }
  const DocumentView& document() const { return document_; }

  // Of the first n ids.
  std::vector<TokenPlace> places(std::size_t n) const {
    const MaybeReleaseGil release(document_.n_bytes());
    return token_places(engine_.encoder, utf8_, specials_.policy().wanted, {ids(), n});
  }
  // The pretoken of each id.
  std::vector<std::uint32_t> words() const {
    const MaybeReleaseGil release(document_.n_bytes());
    return token_words(engine_.encoder, utf8_, specials_.policy().wanted, {ids(), n_ids()});
  }

 private:
  Engine& engine_;
  DocumentView document_;
  SpecialTokens specials_;
  WorkspacePool::Loan workspace_;
  ByteSpan utf8_;
};

// From bytes to units, for places whose begins ascend. A place may end beyond the begin of the
// next: all that end in one run of white space end where it does, which is found once.
class PlaceUnits {
 public:
  explicit PlaceUnits(const DocumentView& document) : cursor_(document) {}

  UnitCursor::Span of(const TokenPlace& place) {
    const std::size_t begin = cursor_.at(place.begin).begin;
    if (place.begin == place.end) return {begin, begin};
    if (place.end == farthest_byte_) return {begin, farthest_unit_};
    UnitCursor ahead = cursor_;
    const std::size_t end = ahead.at(place.end - 1).end;
    if (place.end > farthest_byte_) {
      farthest_byte_ = place.end;
      farthest_unit_ = end;
    }
    return {begin, end};
  }

 private:
  UnitCursor cursor_;
  std::size_t farthest_byte_ = 0;
  std::size_t farthest_unit_ = 0;
};

py::str part_of(const py::object& text, std::size_t begin, std::size_t end) {
  PyObject* const part =
      PyUnicode_Substring(text.ptr(), static_cast<Py_ssize_t>(begin), static_cast<Py_ssize_t>(end));
  if (part == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(part);
}

py::tuple encode_with_offsets(Engine& engine, const py::object& text, const py::object& unit,
                              const py::object& allowed, const py::object& disallowed) {
  const bool is_str = PyUnicode_Check(unit.ptr()) != 0;
  const bool in_chars = is_str && PyUnicode_CompareWithASCIIString(unit.ptr(), "char") == 0;
  if (!in_chars && !(is_str && PyUnicode_CompareWithASCIIString(unit.ptr(), "byte") == 0)) {
    throw py::value_error("unit must be 'char' or 'byte', not " +
                          py::repr(unit).cast<std::string>());
  }
  const EncodedText encoded(engine, text, allowed, disallowed, kAll);
  const std::vector<TokenPlace> places = encoded.places(encoded.n_ids());
  py::array_t<std::int64_t> offsets({static_cast<py::ssize_t>(places.size()), py::ssize_t{2}});
  std::int64_t* out = offsets.mutable_data();
  PlaceUnits units(encoded.document());
  for (const TokenPlace& place : places) {
    const auto [begin, end] = in_chars ? units.of(place) : UnitCursor::Span{place.begin, place.end};
    *out++ = static_cast<std::int64_t>(begin);
    *out++ = static_cast<std::int64_t>(end);
  }
  return py::make_tuple(engine.id_objects.list_of(encoded.ids(), encoded.n_ids()), offsets);
}

py::array_t<std::uint32_t> token_word_numbers(Engine& engine, const py::object& text,
                                              const py::object& allowed,
                                              const py::object& disallowed) {
  return array_of(EncodedText(engine, text, allowed, disallowed, kAll).words());
}

py::str truncate(Engine& engine, const py::object& text, const py::object& max_tokens,
                 const py::object& allowed, const py::object& disallowed) {
  const std::size_t most = number_of(max_tokens, "max_tokens", 0);
  const EncodedText encoded(engine, text, allowed, disallowed, most == kAll ? kAll : most + 1);
  if (encoded.n_ids() <= most) return part_of(text, 0, encoded.document().n_units);
  const std::vector<TokenPlace> places = encoded.places(most);
  const auto last = std::find_if(places.rbegin(), places.rend(), [](const TokenPlace& place) {
    return place.cut != TokenPlace::kNone;
  });
  if (last == places.rend()) return part_of(text, 0, 0);
  return part_of(text, 0, UnitCursor(encoded.document()).at(last->cut).begin);
}

py::list chunk(Engine& engine, const py::object& text, const py::object& max_tokens,
               const py::object& overlap, const py::object& allowed, const py::object& disallowed) {
  const std::size_t most = number_of(max_tokens, "max_tokens", 1);
  const std::size_t shared = number_of(overlap, "overlap", 0);
  if (shared >= most) {
    throw py::value_error("overlap must be less than max_tokens, " + std::to_string(most) +
                          ", not " + py::str(overlap).cast<std::string>());
  }
  const EncodedText encoded(engine, text, allowed, disallowed, kAll);
  const std::size_t n = encoded.n_ids();
  // cuts[i]: the character before token i, where the text may be cut there.
  std::vector<std::size_t> cuts{0};
  cuts.reserve(n + 1);
  {
    UnitCursor cursor(encoded.document());
    for (const TokenPlace& place : encoded.places(n)) {
      cuts.push_back(place.cut == TokenPlace::kNone ? place.cut : cursor.at(place.cut).begin);
    }
  }
  py::list chunks;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = n - begin > most ? begin + most : n;
    while (cuts[end] == TokenPlace::kNone) --end;
    if (end == begin) {
      std::size_t needed = begin + 1;
      while (cuts[needed] == TokenPlace::kNone) ++needed;
      throw py::value_error("the character at index " + std::to_string(cuts[begin]) + " takes " +
                            std::to_string(needed - begin) + " tokens; max_tokens must be at " +
                            "least that, not " + std::to_string(most));
    }
    chunks.append(part_of(text, cuts[begin], cuts[end]));
    if (end == n) break;
    begin = std::max(end - std::min(shared, end), begin + 1);
    while (cuts[begin] == TokenPlace::kNone) ++begin;
  }
  return chunks;
}

py::object count_till_limit(Engine& engine, const py::object& text, const py::object& limit,
                            const py::object& allowed, const py::object& disallowed) {
  const std::size_t most = number_of(limit, "limit", 0);
  const EncodedText encoded(engine, text, allowed, disallowed, most == kAll ? kAll : most + 1);
  if (encoded.n_ids() > most) return py::none();
  return py::int_(encoded.n_ids());
}

}  // namespace

void bind_places(py::class_<Engine>& engine) {
  const auto allowed = [] { return py::arg("allowed_special") = py::tuple(); };
  const auto disallowed = [] { return py::arg("disallowed_special") = "all"; };
  engine
      .def("encode_with_offsets", &encode_with_offsets, py::arg("text"), py::kw_only(),
           py::arg("unit") = "char", allowed(), disallowed(),
           R"(The ids of a text, and where in it each token lies.

Parameters
----------
text : str
unit : 'char' or 'byte'
    Of the offsets: characters of the str, or bytes of its UTF-8 (with U+FFFD for a lone surrogate).
allowed_special, disallowed_special
    As for `encode`.

Returns
-------
ids : list of int
offsets : numpy.ndarray
    int64[n_tokens, 2], begin and end, as `Encoding.offsets` of Hugging Face's tokenizers 0.23 has
    them before a post-processor trims them; begins never descend.

    - A token with a part of a character has the whole character in its offsets where they are in
      characters.
    - With a normaliser the offsets are those of the text as it was given. A character that was
      composed has those of its first part, each part of one that was decomposed those of the whole.
    - An added token with `lstrip` or `rstrip` has the white space that it takes in its offsets.
      Where another added token begins in that white space, it has its own place there too, and what
      follows it is text again, so that the offsets of the two overlap.
    - A space that the pre-tokenizer puts before a word (`add_prefix_space`) has the offsets of the
      character behind it: a token that begins with it begins with that character, and one that is
      nothing else has the whole character.)")
      .def("token_words", &token_word_numbers, py::arg("text"), py::kw_only(), allowed(),
           disallowed(),
           R"(The pretoken of each token of a text.

Parameters
----------
text : str
allowed_special, disallowed_special
    As for `encode`.

Returns
-------
numpy.ndarray
    uint32[n_tokens]: the number of the token's pretoken, where pretokens and added tokens are
    counted from 0 in the order of the text. `Encoding.word_ids` of Hugging Face's tokenizers.)")
      .def("truncate", &truncate, py::arg("text"), py::arg("max_tokens"), py::kw_only(), allowed(),
           disallowed(),
           R"(The beginning of a text, of at most so many tokens.

The cut is behind one of the first `max_tokens` ids of the whole text: the last of them behind which
a character ends. No more is encoded than that takes.

Parameters
----------
text : str
max_tokens : int
    0 or more.
allowed_special, disallowed_special
    As for `encode`.

Returns
-------
str
    A prefix of the text, or all of it if it has no more tokens. Its ids, as a part of the whole
    text, are the first of the text's; encoded alone it may have other ids, and more or fewer, for a
    word is cut in two.)")
      .def("chunk", &chunk, py::arg("text"), py::arg("max_tokens"), py::arg("overlap") = 0,
           py::kw_only(), allowed(), disallowed(),
           R"(A text in pieces of at most so many tokens each.

Parameters
----------
text : str
max_tokens : int
    1 or more; 4 are enough for any character.
overlap : int
    How many tokens of a piece, at most, the next one begins with; less than `max_tokens`. It is
    fewer where a piece would begin within a character.
allowed_special, disallowed_special
    As for `encode`.

Returns
-------
list of str
    Parts of the text, in order; together, and without the overlaps, they are the text. None for an
    empty text. Tokens are those of the whole text, of which each piece has as many as fit, cut
    where a character ends; encoded alone a piece may have other ids.

Raises
------
ValueError
    A character takes more than `max_tokens` tokens. A space that the pre-tokenizer puts before it
    is one with it, and so are added tokens of which one begins in white space that the other
    took.)")
      .def("count_till_limit", &count_till_limit, py::arg("text"), py::arg("limit"), py::kw_only(),
           allowed(), disallowed(),
           R"(The number of ids that encode gives, if it is at most `limit`.

Little more is encoded than the limit takes, whatever the length of the text.

Parameters
----------
text : str
limit : int
    0 or more.
allowed_special, disallowed_special
    As for `encode`.

Returns
-------
int or None
    None if there are more.)");
}

}  // namespace bytestride::python
