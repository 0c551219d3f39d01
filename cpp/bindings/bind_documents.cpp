// Documents before anything reads them: where they lie in a buffer, and whether they are UTF-8.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "documents/json_lines.hpp"
#include "documents/separators.hpp"
#include "documents/well_formed.hpp"

namespace bytestride::python {
namespace {

std::optional<std::size_t> first_unencodable(const py::sequence& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!is_encodable(texts[i])) return i;
  }
  return std::nullopt;
}

// Two numbers a row.
py::array_t<std::int64_t> pairs_of(std::vector<std::int64_t> numbers) {
  const auto n = static_cast<py::ssize_t>(numbers.size() / 2);
  return array_of(std::move(numbers)).reshape({n, py::ssize_t{2}});
}

py::array_t<std::int64_t> cut_documents(const py::object& buffer, const py::bytes& separator) {
  const HeldBuffer held(buffer);
  const std::string_view cut = separator;
  if (cut.empty()) {
    throw py::value_error("the separator between documents is empty; name at least one byte");
  }
  std::vector<std::int64_t> spans;
  {
    const py::gil_scoped_release release;
    spans = cut_at_separators(held.bytes(), cut);
  }
  return pairs_of(std::move(spans));
}

py::array_t<std::int64_t> find_ill_formed_documents(const py::object& source,
                                                    const std::optional<py::array>& offsets) {
  const HeldDocuments documents(source, offsets);
  for (std::size_t i = 0; i < documents.texts().size(); ++i) {
    if (PyUnicode_Check(documents.texts()[i].ptr())) {
      throw py::type_error("document " + std::to_string(i) +
                           " is a str, which is not UTF-8 yet; pass bytes");
    }
  }
  std::vector<std::int64_t> found;
  {
    const py::gil_scoped_release release;
    found = ill_formed_documents(documents.list());
  }
  return pairs_of(std::move(found));
}

py::tuple find_json_line_texts(const py::object& buffer, const py::bytes& member) {
  const HeldBuffer held(buffer);
  const std::string_view name = member;
  JsonLineTexts found = [&] {
    const py::gil_scoped_release release;
    return json_line_texts(held.bytes(), name);
  }();
  auto* const text = static_cast<std::uint8_t*>(found.text.data());
  const auto n_bytes = static_cast<std::size_t>(found.offsets.back());
  return py::make_tuple(array_owning<std::uint8_t>(std::move(found.text), text, n_bytes),
                        array_of(std::move(found.offsets)), array_of(std::move(found.lines)),
                        pairs_of(std::move(found.unclear)));
}

}  // namespace

void bind_documents(py::module_& module) {
  module.def(
      "first_unencodable", &first_unencodable, py::arg("texts"),
      R"(The first of a sequence that is no str, or one with a surrogate, which UTF-8 cannot hold.

Parameters
----------
texts : list or tuple

Returns
-------
int or None
    Its index.)");
  module.def("cut_documents", &cut_documents, py::arg("buffer"), py::arg("separator"),
             R"(Cut a buffer at separators into documents.

Parameters
----------
buffer : bytes or another contiguous buffer of bytes
separator : bytes
    It ends a document and belongs to none; what follows the last is a document if there is
    anything. ``b"\n"`` cuts into lines.

Returns
-------
numpy.ndarray
    int64[n_documents, 2], begin and end of each document in bytes. With the buffer it makes a
    pair that `Tokenizer.encode_ragged` and `Tokenizer.count_batch` take.

Raises
------
ValueError
    The separator is empty.)");
  module.def("ill_formed_documents", &find_ill_formed_documents, py::arg("documents"),
             py::arg("offsets") = py::none(),
             R"(The documents that are not well-formed UTF-8.

Well-formed is what Table 3-7 of the Unicode standard (chapter 3) says, which is what
``bytes.decode("utf-8")`` takes. Documents that lie end to end in one buffer are read in one sweep.

Parameters
----------
documents : iterable of bytes, Arrow array of strings or binaries, or contiguous buffer of bytes
    An Arrow array holds no nulls.
offsets : numpy.ndarray, optional
    With a buffer: int64[n + 1] byte offsets, or int64[n, 2] begins and ends.

Returns
-------
numpy.ndarray
    int64[k, 2], in order: number of the document, and the byte in it where its first ill-formed
    sequence begins (`UnicodeDecodeError.start`).

Raises
------
TypeError
    A document is a str: the message says which.
ValueError
    Offsets do not ascend within the buffer; an Arrow array holds nulls.)");
  module.def("json_line_texts", &find_json_line_texts, py::arg("buffer"), py::arg("member"),
             R"(The texts of a member in lines of JSON objects.

Read is what is plainly right: an object in UTF-8 (RFC 8259), not deeper than some hundred levels,
that has the member once, by a name without escapes, as a string without a lone surrogate.

Parameters
----------
buffer : bytes or another contiguous buffer of bytes
    Lines; the last may lack its newline. Those of nothing but white space are left out.
member : bytes
    The member's name in UTF-8.

Returns
-------
text, offsets : numpy.ndarray
    uint8 and int64[n + 1]: text i is ``text[offsets[i]:offsets[i + 1]]``.
lines : numpy.ndarray
    int64[n]: where the line of each begins in the buffer.
unclear : numpy.ndarray
    int64[k, 2], begin and end of each other line: it is not JSON, or has no such text, or takes a
    full parser to tell.)");
}

}  // namespace bytestride::python
