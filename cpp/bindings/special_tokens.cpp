#include "bindings/special_tokens.hpp"

#include <string>
#include <string_view>

namespace bytestride::python {
namespace {

bool is_all(const py::object& names) {
  return PyUnicode_Check(names.ptr()) && PyUnicode_CompareWithASCIIString(names.ptr(), "all") == 0;
}

// A str as UTF-8; one that has none, for a lone surrogate, is a UnicodeEncodeError.
std::string utf8_of(const py::object& text) {
  Py_ssize_t n_bytes = 0;
  const char* const bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &n_bytes);
  if (bytes == nullptr) throw py::error_already_set();
  return {bytes, static_cast<std::size_t>(n_bytes)};
}

// The names of a collection of str.
std::vector<py::object> names_of(const py::object& names, const char* argument) {
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

SpecialTokens::SpecialTokens(const TextSplitter& splitter, const py::object& allowed,
                             const py::object& disallowed)
    : wanted_(&splitter.always_wanted()), refused_(&splitter.special_tokens()) {
  const AddedTokens& added = splitter.added_tokens();
  // The index of each special token named; other texts are passed over.
  const auto special_index = [&](const py::object& name) {
    const std::string content = utf8_of(name);
    const std::size_t index = added.index_of(content);
    return index < added.all().size() && added.all()[index].special ? index : added.all().size();
  };

  const bool allows_all = is_all(allowed);
  const std::vector<py::object> allowed_names =
      allows_all ? std::vector<py::object>{} : names_of(allowed, "allowed_special");
  const bool refuses_all = is_all(disallowed);
  if (!allows_all && allowed_names.empty() && refuses_all) return;

  AddedTokenSet& wanted = own_wanted_.emplace(splitter.always_wanted());
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
    if (PyBytes_Check(text.ptr())) {
      const std::string_view bytes(PyBytes_AS_STRING(text.ptr()),
                                   static_cast<std::size_t>(PyBytes_GET_SIZE(text.ptr())));
      const std::size_t begin = bytes.find(utf8_of(refused));
      if (begin == std::string_view::npos) continue;
      throw py::value_error("the text holds '" + utf8_of(refused) + "' at byte " +
                            std::to_string(begin) + ", which disallowed_special names");
    }
    const Py_ssize_t at = PyUnicode_Find(text.ptr(), refused.ptr(), 0, PY_SSIZE_T_MAX, 1);
    if (at == -2) throw py::error_already_set();
    if (at >= 0) {
      throw py::value_error("the text holds '" + utf8_of(refused) + "' at character " +
                            std::to_string(at) + ", which disallowed_special names");
    }
  }
}

}  // namespace bytestride::python
