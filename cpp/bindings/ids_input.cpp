#include "bindings/ids_input.hpp"

#include <string>

namespace bytestride::python {
namespace {

// The value of a small int, -1 for any other. Precondition: an int, of no class derived from it.
std::int64_t small_int(PyObject* number) {
#if PY_VERSION_HEX >= 0x030C0000
  const auto* const as_long = reinterpret_cast<PyLongObject*>(number);
  if (!PyUnstable_Long_IsCompact(as_long)) return -1;
  const Py_ssize_t value = PyUnstable_Long_CompactValue(as_long);
  return value >= 0 && value <= 0xFFFFFFFF ? value : -1;
#else
  if (Py_SIZE(number) == 0) return 0;
  return Py_SIZE(number) == 1 ? std::int64_t{reinterpret_cast<PyLongObject*>(number)->ob_digit[0]}
                              : -1;
#endif
}

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
  for (const py::handle item : py::iter(ids)) values.push_back(id_from(item));
  return values;
}

std::optional<std::span<const std::uint32_t>> PlainIds::read(py::handle ids) {
#ifndef Py_GIL_DISABLED  // there, another thread may change the list meanwhile
  PyObject* const object = ids.ptr();
  if (!PyList_CheckExact(object) && !PyTuple_CheckExact(object)) return std::nullopt;
  const auto n = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(object));
  PyObject* const* const items = PySequence_Fast_ITEMS(object);
  ids_ = std::make_unique_for_overwrite<std::uint32_t[]>(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (!PyLong_CheckExact(items[i])) return std::nullopt;
    const std::int64_t id = small_int(items[i]);
    if (id < 0) return std::nullopt;
    ids_[i] = static_cast<std::uint32_t>(id);
  }
  return std::span<const std::uint32_t>(ids_.get(), n);
#else
  return std::nullopt;
#endif
}

void check_ids_array(const py::array& ids) {
  if (ids.ndim() != 1) throw py::value_error("ids must be one-dimensional");
  const char kind = ids.dtype().kind();
  if (kind != 'i' && kind != 'u') {
    throw py::type_error("ids must be integers, not " + py::str(ids.dtype()).cast<std::string>());
  }
}

}  // namespace bytestride::python
