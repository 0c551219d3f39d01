// Ids as bytes and str, made at their size and written in place.
#pragma once

#include <pybind11/pybind11.h>

#include "encode/decoder.hpp"

namespace bytestride::python {

namespace py = pybind11;

// KeyError for an id that is no token's.
py::bytes decoded_bytes(const Decoder& decoder, py::handle ids);
// `errors` as in bytes.decode.
py::str decoded_text(const Decoder& decoder, py::handle ids, const char* errors);

// The name of an error handler; TypeError if it is no str. Valid while the object lives.
const char* error_handler(py::handle errors);

}  // namespace bytestride::python
