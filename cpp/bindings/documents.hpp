// Python's texts as documents: views on the storage of str, bytes and buffers, which are held while
// the core reads them. Nothing is converted here; a str that is not ASCII stays in its UCS form.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <vector>

#include "bindings/arrow.hpp"
#include "documents/document.hpp"

namespace bytestride::python {

namespace py = pybind11;

// The view of one str; TypeError for anything else. Valid while the object lives.
DocumentView view_of_str(py::handle text);

// The view of one str or bytes. Valid while the object lives.
DocumentView view_of_text(py::handle text);

// A contiguous buffer of bytes (bytes, bytearray, memoryview, mmap, a numpy array of uint8), held
// open: its owner cannot resize it meanwhile.
class HeldBuffer {
 public:
  explicit HeldBuffer(const py::object& object);
  ~HeldBuffer();
  HeldBuffer(HeldBuffer&& other) noexcept;
  HeldBuffer& operator=(HeldBuffer&&) = delete;
  ByteSpan bytes() const {
    return {static_cast<const char*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
};

// Documents and whatever must stay alive with them.
class HeldDocuments {
 public:
  // From an iterable of str and bytes, from an Arrow array of strings or binaries, or from one
  // buffer with offsets: int64[n + 1], or int64[n, 2] of begins and ends.
  HeldDocuments(const py::object& source, const std::optional<py::array>& offsets);

  const DocumentList& list() const { return *list_; }
  // The str and bytes of the iterable; none if it was anything else.
  const std::vector<py::object>& texts() const { return texts_; }

 private:
  void read_buffer(const py::array& offsets);
  void read_iterable(const py::object& source);

  std::vector<py::object> texts_;
  std::optional<HeldBuffer> buffer_;
  std::optional<ArrowDocuments> arrow_;
  std::optional<py::array> offsets_;
  std::optional<DocumentList> list_;
};

// Whether it is a str that UTF-8 can hold: one without surrogates.
bool is_encodable(py::handle text);

// What num_threads means: None is all usable cores. ValueError below 1. (It comes as an object, for
// pybind11 would print all documents in its complaint about another type.)
std::size_t thread_count(const py::object& num_threads);

}  // namespace bytestride::python
