// The sampling core as Python sees it: objects that keep alive what the core only looks at.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "windows/order.hpp"
#include "windows/window_set.hpp"

namespace bytestride::python {

struct PySource {
  pybind11::object shards;   // with the arrays that they name
  pybind11::object packing;  // its two arrays, or None
  pybind11::object selected;
  std::shared_ptr<WindowSource> core;
};

struct PyWindowSet {
  std::vector<std::shared_ptr<PySource>> parts;
  std::shared_ptr<const WindowSet> core;
};

struct PyOrder {
  std::shared_ptr<const Order> core;
};

// Copies indices, so that no other thread changes one between its check and its use.
std::vector<std::int64_t> to_indices(const pybind11::array& indices);

void bind_window_source(pybind11::module_& module);
void bind_pending_batch(pybind11::module_& module);
void bind_mapped_file(pybind11::module_& module);

}  // namespace bytestride::python
