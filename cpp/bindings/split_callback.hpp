// A Python function as a SplitCallback: it gets a str and gives the ends of its pieces, in
// characters. It runs on the calling thread, under the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include "pretokenize/text_splitter.hpp"

namespace bytestride::python {

SplitCallback split_callback(pybind11::object function);

}  // namespace bytestride::python
