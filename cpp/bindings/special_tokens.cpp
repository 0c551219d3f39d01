#include "bindings/special_tokens.hpp"

#include <string>
#include <string_view>

namespace bytestride::python {
namespace {

bool is_all(py::handle names) {
  return PyUnicode_Check(names.ptr()) && PyUnicode_CompareWithASCIIString(names.ptr(), "all") == 0;
}

// Whether it is one of Python's own collections, and empty.
bool is_empty(py::handle names) {
  PyObject* const object = names.ptr();
  if (PyTuple_CheckExact(object)) return PyTuple_GET_SIZE(object) == 0;
  if (PyAnySet_CheckExact(object)) return PySet_Size(object) == 0;
  return PyList_CheckExact(object) && PyList_GET_SIZE(object) == 0;
}

// A str as UTF-8; one that has none, for a lone surrogate, is a UnicodeEncodeError.
std::string utf8_of(py::handle text) {
  Py_ssize_t n_bytes = 0;
  const char* const bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &n_bytes);
  if (bytes == nullptr) throw py::error_already_set();
  return {bytes, static_cast<std::size_t>(n_bytes)};
}

// The names of a collection of str.
std::vector<py::object> names_of(py::handle names, const char* argument) {
  if (PyUnicode_Check(names.ptr())) {
    throw py::type_error(std::string(argument) + " must be 'all' or a collection of str, not '" +
                         utf8_of(names) + "'");
  }
  std::vector<py::object> result;
  for (const py::handle name : py::iter(names)) {
    if (!PyUnicode_Check(name.ptr())) {
      throw py::type_error(std::string(argument) + " must hold str, not " +
                           Py_TYPE(name.ptr())->tp_name);
    }
    result.push_back(py::reinterpret_borrow<py::object>(name));
  }
  return result;
}

}  // namespace

SpecialTokens::SpecialTokens(const Engine& engine, py::handle allowed, py::handle disallowed)
    : wanted_(&engine.splitter->always_wanted()), refused_(&engine.splitter->special_tokens()) {
  const bool allows_all = allowed && is_all(allowed);
  const bool allows_none = !allowed || (!allows_all && is_empty(allowed));
  const bool refuses_all = !disallowed || is_all(disallowed);
  const bool refuses_none = !refuses_all && is_empty(disallowed);
  if (allows_none && refuses_all) return;
  if (allows_all || (allows_none && refuses_none)) refused_ = &engine.no_added;
  if (allows_all) wanted_ = &engine.all_added;
  if ((allows_all && refuses_all) || ((allows_all || allows_none) && refuses_none)) return;
  read(engine, allowed, allows_all, disallowed, refuses_all);
}

void SpecialTokens::read(const Engine& engine, py::handle allowed, bool allows_all,
                         py::handle disallowed, bool refuses_all) {
  const AddedTokens& added = engine.splitter->added_tokens();
  // The index of each special token named; other texts are passed over.
  const auto special_index = [&](const py::object& name) {
    const std::string content = utf8_of(name);
    const std::size_t index = added.index_of(content);
    return index < added.all().size() && added.all()[index].special ? index : added.all().size();
  };

  const std::vector<py::object> allowed_names =
      allows_all || !allowed ? std::vector<py::object>{} : names_of(allowed, "allowed_special");
  AddedTokenSet& wanted = own_wanted_.emplace(engine.splitter->always_wanted());
  AddedTokenSet& refused = own_refused_.emplace(added);
  wanted_ = &wanted;
  refused_ = &refused;
  std::vector<bool> is_allowed(added.all().size() + 1, allows_all);
  for (const py::object& name : allowed_names) is_allowed[special_index(name)] = true;
  for (std::size_t i = 0; i < added.all().size(); ++i) {
    if (!added.all()[i].special) continue;
    if (is_allowed[i]) {
      wanted.add(added, i);
    } else if (refuses_all) {
      refused.add(added, i);
    }
  }
  if (refuses_all) return;
  for (const py::object& name : names_of(disallowed, "disallowed_special")) {
    const std::size_t index = special_index(name);
    if (index < added.all().size()) {
      refused.add(added, index);
    } else {
      refused_texts_.push_back(name);
    }
  }
}

void SpecialTokens::refuse_texts(py::handle text) const {
  for (const py::object& refused : refused_texts_) {
    const Py_ssize_t at = PyUnicode_Find(text.ptr(), refused.ptr(), 0, PY_SSIZE_T_MAX, 1);
    if (at == -2) throw py::error_already_set();
    if (at >= 0) {
      throw py::value_error("the text holds '" + utf8_of(refused) + "' at character " +
                            std::to_string(at) + ", which disallowed_special names");
    }
  }
}

void SpecialTokens::refuse_texts_in(const DocumentView& utf8) const {
  const std::string_view bytes(utf8.data, utf8.n_units);
  for (const py::object& refused : refused_texts_) {
    const std::size_t at = bytes.find(utf8_of(refused));
    if (at == std::string_view::npos) continue;
    throw py::value_error("the text holds '" + utf8_of(refused) + "' at byte " +
                          std::to_string(at) + ", which disallowed_special names");
  }
}

}  // namespace bytestride::python
