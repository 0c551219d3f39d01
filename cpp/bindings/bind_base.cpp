#include "base/error.hpp"
#include "base/parallel.hpp"
#include "bindings/bind.hpp"

namespace bytestride::python {

namespace py = pybind11;

void bind_base(py::module_& module) {
  // InvalidArgument is a std::invalid_argument: pybind11 makes it a ValueError by itself.
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const NotFound& error) {
      PyErr_SetString(PyExc_KeyError, error.what());
    }
  });
  module.def("usable_cores", &usable_cores);
  module.def("set_core_limit", &set_core_limit, py::arg("n_cores"));
}

}  // namespace bytestride::python
