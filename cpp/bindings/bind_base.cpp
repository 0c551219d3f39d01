#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/recycled_pages.hpp"
#include "bindings/arrays.hpp"
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
  module.def(
      "recycled_bytes",
      [](std::size_t n_bytes) {
        RecycledPages pages(n_bytes);
        auto* const data = static_cast<std::uint8_t*>(pages.data());
        return array_owning<std::uint8_t>(std::move(pages), data, n_bytes);
      },
      py::arg("n_bytes"),
      R"(Memory that goes to the next call for as much once the array is gone.

New pages cost more than what is read into them.

Parameters
----------
n_bytes : int

Returns
-------
numpy.ndarray
    uint8[n_bytes], of any content.)");
  module.def("recycled_budget", &recycled_budget,
             "How many bytes of memory that goes round are kept at most while nobody has them.");
  module.def("set_recycled_budget", &set_recycled_budget, py::arg("n_bytes"),
             "Keep so many at most; what is kept beyond that is freed.");
  module.def("usable_cores", &usable_cores);
  module.def("set_core_limit", &set_core_limit, py::arg("n_cores"));
}

}  // namespace bytestride::python
