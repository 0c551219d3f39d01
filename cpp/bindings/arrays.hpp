// Between numpy arrays and spans. Inputs are taken as they are, never converted or copied behind
// the caller's back; outputs own their memory.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/memory.hpp"

namespace bytestride::python {

namespace py = pybind11;

// A one-dimensional contiguous array of exactly T; TypeError says what was given instead.
template <typename T>
std::span<const T> span_of(const py::array& array, const char* name) {
  if (!py::isinstance<py::array_t<T>>(array) || array.ndim() != 1 ||
      !(array.flags() & py::array::c_style)) {
    throw py::type_error(std::string(name) + " must be a contiguous 1-D array of " +
                         py::str(py::dtype::of<T>()).cast<std::string>() + ", not " +
                         std::to_string(array.ndim()) + "-D " +
                         py::str(array.dtype()).cast<std::string>());
  }
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

// What an array has as its base: it holds the elements.
template <typename Owner>
py::capsule capsule_owning(Owner&& owner) {
  auto held = std::make_unique<std::remove_cvref_t<Owner>>(std::forward<Owner>(owner));
  py::capsule capsule(held.get(),
                      [](void* p) { delete static_cast<std::remove_cvref_t<Owner>*>(p); });
  held.release();
  return capsule;
}

// An array that takes over what holds its elements.
template <typename T, typename Owner>
py::array_t<T> array_owning(Owner&& owner, T* data, std::size_t n) {
  return py::array_t<T>(static_cast<py::ssize_t>(n), data,
                        capsule_owning(std::forward<Owner>(owner)));
}

template <typename T>
py::array_t<T> array_of(std::vector<T> values) {
  T* const data = values.data();
  const std::size_t n = values.size();
  return array_owning<T>(std::move(values), data, n);
}

template <typename T>
py::array_t<T> array_of(PageArray<T> values, std::size_t n) {
  T* const data = values.data();
  return array_owning<T>(std::move(values), data, n);
}

}  // namespace bytestride::python
