#include "bindings/split_callback.hpp"

#include <memory>
#include <string>
#include <vector>

#include "unicode/utf8.hpp"

namespace bytestride::python {
namespace {

namespace py = pybind11;

// What stands for an ill-formed sequence: a noncharacter, of no class but "other" in any pattern.
constexpr char32_t kStandIn = 0xFFFE;

// The text's characters, and where each ends in it.
struct Characters {
  std::u32string code_points;
  std::vector<std::size_t> ends;
};

Characters characters_of(ByteSpan text) {
  Characters characters;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const DecodedChar c = decode_utf8(p, end);
    p += c.length;
    characters.code_points.push_back(c.ok ? c.code_point : kStandIn);
    characters.ends.push_back(static_cast<std::size_t>(p - text.data()));
  }
  return characters;
}

void split_by(const py::object& function, ByteSpan text, std::vector<std::size_t>& ends) {
  const Characters characters = characters_of(text);
  const auto str = py::reinterpret_steal<py::object>(
      PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, characters.code_points.data(),
                                static_cast<Py_ssize_t>(characters.code_points.size())));
  if (!str) throw py::error_already_set();
  for (const py::handle item : py::iter(function(str))) {
    const auto end = item.cast<std::size_t>();
    if (end == 0 || end > characters.ends.size()) {
      throw py::value_error("the split function gave the end " + std::to_string(end) +
                            " in a text of " + std::to_string(characters.ends.size()) +
                            " characters");
    }
    ends.push_back(characters.ends[end - 1]);
  }
}

}  // namespace

SplitCallback split_callback(py::object function) {
  // Whoever lets go of the function last may not hold the GIL.
  std::shared_ptr<py::object> held(new py::object(std::move(function)), [](py::object* object) {
    const py::gil_scoped_acquire gil;
    delete object;
  });
  return [held](ByteSpan text, std::vector<std::size_t>& ends) {
    const py::gil_scoped_acquire gil;
    split_by(*held, text, ends);
  };
}

}  // namespace bytestride::python
