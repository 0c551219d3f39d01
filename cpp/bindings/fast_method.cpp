#include "bindings/fast_method.hpp"

#include <string>

namespace bytestride::python {
namespace {

[[noreturn]] void refuse(const Parameters& parameters, const std::string& why) {
  throw py::type_error(std::string(parameters.function) + "() " + why);
}

}  // namespace

Engine& engine_of(PyObject* self) {
  auto* const instance = reinterpret_cast<py::detail::instance*>(self);
  Engine* engine = nullptr;
  if (instance->simple_layout) {
    engine = static_cast<Engine*>(instance->simple_value_holder[0]);
  } else {  // a class derived from an engine and from another type of pybind11's
    engine = py::cast<Engine*>(py::handle(self));
  }
  if (engine == nullptr) {
    throw py::type_error("this " + std::string(Py_TYPE(self)->tp_name) +
                         " was never initialised; call its class to make one");
  }
  return *engine;
}

Arguments arguments_of(const Parameters& parameters, PyObject* const* values, Py_ssize_t n_values,
                       PyObject* keywords) {
  Arguments arguments{};
  const auto n_given = static_cast<std::size_t>(n_values);
  if (n_given > parameters.n_positional) {
    refuse(parameters, "takes " + std::to_string(parameters.n_positional) +
                           " positional arguments but " + std::to_string(n_given) + " were given");
  }
  for (std::size_t i = 0; i < n_given; ++i) arguments[i] = values[i];
  const Py_ssize_t n_keywords = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t k = 0; k < n_keywords; ++k) {
    PyObject* const name = PyTuple_GET_ITEM(keywords, k);
    std::size_t i = 0;
    while (i < parameters.n_names &&
           PyUnicode_CompareWithASCIIString(name, parameters.names[i]) != 0) {
      ++i;
    }
    if (i == parameters.n_names) {
      refuse(parameters,
             "got an unexpected keyword argument '" + py::str(name).cast<std::string>() + "'");
    }
    if (arguments[i] != nullptr) {
      refuse(parameters,
             std::string("got multiple values for argument '") + parameters.names[i] + "'");
    }
    arguments[i] = values[n_values + k];
  }
  for (std::size_t i = 0; i < parameters.n_required; ++i) {
    if (arguments[i] == nullptr) {
      refuse(parameters, std::string("missing required argument: '") + parameters.names[i] + "'");
    }
  }
  return arguments;
}

void set_error_from_exception() {
  try {
    throw;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
}

void add_method(const py::object& type, PyMethodDef& method) {
  const auto descriptor = py::reinterpret_steal<py::object>(
      PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method));
  if (!descriptor) throw py::error_already_set();
  py::setattr(type, method.ml_name, descriptor);
}

}  // namespace bytestride::python
