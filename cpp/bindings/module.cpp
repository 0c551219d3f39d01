#include "bindings/bind.hpp"

PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used()) {
  module.doc() = "The engine of bytestride. Private: use the names of the package.";
  bytestride::python::bind_base(module);
  bytestride::python::bind_documents(module);
  bytestride::python::bind_pretokenize(module);
  bytestride::python::bind_vocab(module);
  bytestride::python::bind_encode(module);
  bytestride::python::bind_train(module);
  bytestride::python::bind_windows(module);
}
