// The arrays that a batch is written to: new ones, or the caller's after all checks.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "windows/gather.hpp"

namespace bytestride::python {

class BatchOutputs {
 public:
  // layout "xy": two arrays [n_rows, max_length] of int64 or int32. layout "rows": one of
  // [n_rows, max_length + 1], of any type that holds the ids. `out` is None, a pair or an array.
  // ValueError and TypeError say what does not fit.
  BatchOutputs(const WindowSet& set, pybind11::ssize_t n_rows, const std::string& layout,
               const pybind11::dtype& dtype, const pybind11::object& out);

  // Without the GIL.
  void fill(const ResolvedRows& rows) const;

  // (x, y), or the rows.
  pybind11::object to_python() const;

  enum class Type { kUint8, kUint16, kUint32, kInt32, kInt64 };

 private:
  pybind11::array take(const pybind11::object& out, pybind11::ssize_t n_rows,
                       pybind11::ssize_t n_columns, const char* name) const;

  bool is_xy_;
  Type type_;
  pybind11::dtype dtype_;
  pybind11::array first_;  // x or the rows
  pybind11::array second_;
  void* first_data_;
  void* second_data_ = nullptr;
};

}  // namespace bytestride::python
