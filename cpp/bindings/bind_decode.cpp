// Ids to text: one call, batches, and a stream.
#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "bindings/decoded.hpp"
#include "bindings/engine.hpp"
#include "bindings/fast_method.hpp"
#include "bindings/ids_input.hpp"

namespace bytestride::python {
namespace {

PyObject* decode(PyObject* self, PyObject* const* values, Py_ssize_t n, PyObject* keywords) {
  static constexpr Parameters kParameters{"decode", {"ids", "errors"}, 2, 2, 1};
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return decoded_text(engine.decoder, a[0], a[1] == nullptr ? "replace" : error_handler(a[1]));
  });
}

PyMethodDef methods[] = {
    fast_method("decode", decode, R"(decode($self, ids, errors='replace')
--

decode(self: bytestride._core.Engine, ids: object, errors: str = 'replace') -> str

The text of ids.

Parameters
----------
ids : iterable of int, or 1-D integer array
errors : str
    What to do where the bytes are not UTF-8, as in bytes.decode.

Returns
-------
str

Raises
------
KeyError
    An id that is no token's, with its position.)"),
};

}  // namespace

void bind_decode(py::module_&, py::class_<Engine>& engine) {
  for (PyMethodDef& method : methods) add_method(engine, method);
  engine
      .def(
          "decode_bytes",
          [](const Engine& self, const py::object& ids) {
            return decoded_bytes(self.decoder, ids);
          },
          py::arg("ids"), R"(The bytes of ids.

Parameters
----------
ids : iterable of int, or 1-D integer array

Returns
-------
bytes

Raises
------
KeyError
    An id that is no token's, with its position.)")
      .def(
          "token_bytes",
          [](const Engine& self, const py::object& id) {
            return py::bytes(self.decoder.token_bytes(id_from(id)));
          },
          py::arg("id"), R"(The bytes of one token.

Returns
-------
bytes

Raises
------
KeyError
    No token has this id.)");
}

}  // namespace bytestride::python
