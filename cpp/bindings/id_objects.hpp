// Python's int of each id, made when the id is first asked for and shared by all lists after that:
// a list of ids then costs a reference count an element, not an object.
//
// Belongs to an engine, and so to one interpreter; used under its GIL, and without one (free
// threading) not used at all: there a count shared by threads costs more than a new int. The ints
// live as long as the engine. Memory: 8 bytes for each id of the vocabulary once it is near one
// that was seen, and an int, 32 bytes, for each id seen: 4 MB for all of cl100k's, 8 MB for
// o200k's. Ints made in the order of first use put the common ids side by side.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <span>

#include "base/memory.hpp"
#include "base/types.hpp"

namespace bytestride::python {

namespace py = pybind11;

class IdObjects {
 public:
  // Of the ids below n_ids.
  explicit IdObjects(std::size_t n_ids);
  ~IdObjects();
  IdObjects(const IdObjects&) = delete;
  IdObjects& operator=(const IdObjects&) = delete;

  // A list of the ids, which must be below n_ids.
  template <typename Id>
  py::list list_of(const Id* ids, std::size_t n);

  // A list of such lists, one for each document: document i has ids[offsets[i], offsets[i + 1]).
  template <typename Id>
  py::list lists_of(const Id* ids, std::span<const std::int64_t> offsets);

 private:
  // A new reference; throws error_already_set.
  PyObject* object_of(TokenId id);
  // The ints of so many ids are asked for at once: which ones come, and that their counts will be
  // written, no processor foresees.
  static constexpr std::size_t kAskedAhead = 64;
  template <typename Id>
  void ask_for(const Id* ids, std::size_t n);
  PyObject* make(TokenId id);

  std::size_t n_ids_;
  PageArray<PyObject*> objects_;
};

}  // namespace bytestride::python
