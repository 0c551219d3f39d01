#include "bindings/ids_input.hpp"

#include <string>

namespace bytestride::python {
namespace {

std::int64_t id_of_int(PyObject* number) {
  int overflow = 0;
  const long long id = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow != 0) {
    throw py::key_error("id " + py::str(py::handle(number)).cast<std::string>() + " is no token's");
  }
  return id;
}

}  // namespace

std::int64_t id_from(py::handle item) {
  if (PyLong_CheckExact(item.ptr())) return id_of_int(item.ptr());
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(item.ptr()));
  if (!index) throw py::error_already_set();
  return id_of_int(index.ptr());
}

std::vector<std::int64_t> ids_of_iterable(py::handle ids) {
  if (PyUnicode_Check(ids.ptr())) throw py::type_error("ids must be integers, not str");
  std::vector<std::int64_t> values;
#ifndef Py_GIL_DISABLED
  if (PyList_CheckExact(ids.ptr())) {
    PyObject* const list = ids.ptr();
    values.reserve(static_cast<std::size_t>(PyList_GET_SIZE(list)));
    // An item's __index__ may change the list: its size is asked for each time.
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
      PyObject* const item = PyList_GET_ITEM(list, i);
      values.push_back(PyLong_CheckExact(item)
                           ? id_of_int(item)
                           : id_from(py::reinterpret_borrow<py::object>(item)));
    }
    return values;
  }
#endif
  for (const py::handle item : py::iter(ids)) values.push_back(id_from(item));
  return values;
}

void check_ids_array(const py::array& ids) {
  if (ids.ndim() != 1) throw py::value_error("ids must be one-dimensional");
  const char kind = ids.dtype().kind();
  if (kind != 'i' && kind != 'u') {
    throw py::type_error("ids must be integers, not " + py::str(ids.dtype()).cast<std::string>());
  }
}

}  // namespace bytestride::python
