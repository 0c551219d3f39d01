// Arrow arrays of strings and binaries as documents, through Arrow's C data interface: whatever
// speaks it (pyarrow, polars, pandas, DuckDB) is read in place, and none of them is imported.
//
// Read are string and binary, their large forms and their view forms, whole arrays and streams of
// chunks. Nothing is copied: the arrays are taken over and let go with this object. The layout of
// the three structures is that of https://arrow.apache.org/docs/format/CDataInterface.html.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <vector>

#include "documents/document.hpp"

namespace bytestride::python {

namespace py = pybind11;

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;  // -1: not counted
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
  int (*get_next)(ArrowArrayStream*, ArrowArray*);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

// One of the three, let go at the end.
template <typename Struct>
class ArrowOwned {
 public:
  ArrowOwned() = default;
  // Takes it over from where it lies.
  explicit ArrowOwned(Struct& source) : value_(source) { source.release = nullptr; }
  ArrowOwned(ArrowOwned&& other) noexcept : ArrowOwned(other.value_) {}
  ArrowOwned& operator=(ArrowOwned&&) = delete;
  ~ArrowOwned() {
    if (value_.release != nullptr) value_.release(&value_);
  }
  Struct* operator->() { return &value_; }
  Struct* get() { return &value_; }

 private:
  Struct value_{};
};

class ArrowDocuments {
 public:
  static bool is_arrow(py::handle object);

  // ValueError for an array of something else, or with nulls, naming the first row.
  explicit ArrowDocuments(const py::object& source);

  // One a row. They lie in the arrays.
  std::vector<DocumentView> take_views() { return std::move(views_); }

 private:
  void add_stream(const py::object& source);
  void add(ArrowOwned<ArrowArray> array, const char* format);

  std::vector<ArrowOwned<ArrowArray>> arrays_;
  std::vector<DocumentView> views_;
  std::size_t n_nulls_ = 0;
  std::size_t first_null_ = 0;
};

}  // namespace bytestride::python
