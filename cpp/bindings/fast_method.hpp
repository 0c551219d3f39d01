// Methods called by CPython's own fast convention, without pybind11's dispatcher in front: for
// those of a few hundred nanoseconds (0.1 to 0.2 us a call less).
//
// A method is a PyMethodDef with METH_FASTCALL | METH_KEYWORDS that add_method() puts on the type
// of an Engine. Its function does everything inside guarded(), which turns what is thrown into a
// Python error. The first line of the docstring is its signature for inspect, the third the one to
// read.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>

#include "bindings/engine.hpp"

namespace bytestride::python {

namespace py = pybind11;

// The engine inside of `self`, which is an instance of its type or of one derived from it.
// TypeError if its __init__ never ran.
Engine& engine_of(PyObject* self);

// The parameters of a method: the first n_positional may be given by place, the first n_required
// must be given.
struct Parameters {
  const char* function;
  std::array<const char*, 4> names;
  std::size_t n_names;
  std::size_t n_positional;
  std::size_t n_required;
};

// Borrowed references, nullptr where an argument was not given.
using Arguments = std::array<PyObject*, 4>;

// Sorts the arguments of a call into their parameters; TypeError as Python words it.
Arguments arguments_of(const Parameters& parameters, PyObject* const* values, Py_ssize_t n_values,
                       PyObject* keywords);

// Sets the Python error of the exception that is being handled.
void set_error_from_exception();

// The object that body(engine, arguments) returns, or nullptr with a Python error set.
template <typename Body>
PyObject* guarded(const Parameters& parameters, PyObject* self, PyObject* const* values,
                  Py_ssize_t n_values, PyObject* keywords, Body&& body) {
  try {
    const Arguments arguments = arguments_of(parameters, values, n_values, keywords);
    return py::object(body(engine_of(self), arguments)).release().ptr();
  } catch (...) {
    set_error_from_exception();
    return nullptr;
  }
}

using FastFunction = PyObject* (*)(PyObject* self, PyObject* const* values, Py_ssize_t n_values,
                                   PyObject* keywords);

// `method` must outlive the type.
void add_method(const py::object& type, PyMethodDef& method);

inline PyMethodDef fast_method(const char* name, FastFunction function, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

}  // namespace bytestride::python
