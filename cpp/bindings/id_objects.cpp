#include "bindings/id_objects.hpp"

#include <algorithm>
#include <cstdint>

namespace bytestride::python {
namespace {

// Keeps the cyclic garbage collector from running: every some hundred lists it would go through
// the ids of those there are, and there is nothing that it could free. Its first run afterwards
// goes through all of them once.
class CollectorPause {
 public:
  CollectorPause() : was_enabled_(PyGC_Disable() != 0) {}
  ~CollectorPause() {
    if (was_enabled_) PyGC_Enable();
  }
  CollectorPause(const CollectorPause&) = delete;
  CollectorPause& operator=(const CollectorPause&) = delete;

 private:
  bool was_enabled_;
};

}  // namespace

#ifdef Py_GIL_DISABLED

IdObjects::IdObjects(std::size_t n_ids) : n_ids_(n_ids) {}

IdObjects::~IdObjects() = default;

PyObject* IdObjects::object_of(TokenId id) {
  return make(id);
}

template <typename Id>
void IdObjects::ask_for(const Id*, std::size_t) {}

#else

IdObjects::IdObjects(std::size_t n_ids) : n_ids_(n_ids), objects_(n_ids) {}

// An engine goes as any Python object goes: under the GIL.
IdObjects::~IdObjects() {
  for (std::size_t id = 0; id < n_ids_; ++id) Py_XDECREF(objects_[id]);
}

inline PyObject* IdObjects::object_of(TokenId id) {
  PyObject*& object = objects_[id];
  if (object == nullptr) object = make(id);
  Py_INCREF(object);
  return object;
}

template <typename Id>
inline void IdObjects::ask_for(const Id* ids, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(&objects_[ids[i]]);
  for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(objects_[ids[i]], 1);
}

#endif

PyObject* IdObjects::make(TokenId id) {
  PyObject* const object = PyLong_FromUnsignedLong(id);
  if (object == nullptr) throw py::error_already_set();
  return object;
}

template <typename Id>
py::list IdObjects::list_of(const Id* ids, std::size_t n) {
  PyObject* const list = PyList_New(static_cast<Py_ssize_t>(n));
  if (list == nullptr) throw py::error_already_set();
  auto owned = py::reinterpret_steal<py::list>(list);
  for (std::size_t first = 0; first < n; first += kAskedAhead) {
    const std::size_t last = std::min(n, first + kAskedAhead);
    ask_for(ids + first, last - first);
    for (std::size_t i = first; i < last; ++i) {
      PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), object_of(ids[i]));
    }
  }
  return owned;
}

template <typename Id>
py::list IdObjects::lists_of(const Id* ids, std::span<const std::int64_t> offsets) {
  const std::size_t n = offsets.size() - 1;
  py::list lists(n);
  const CollectorPause pause;
  for (std::size_t i = 0; i < n; ++i) {
    const auto n_ids = static_cast<std::size_t>(offsets[i + 1] - offsets[i]);
    PyList_SET_ITEM(lists.ptr(), static_cast<Py_ssize_t>(i),
                    list_of(ids + offsets[i], n_ids).release().ptr());
  }
  return lists;
}

template py::list IdObjects::lists_of(const std::uint32_t*, std::span<const std::int64_t>);
template py::list IdObjects::list_of(const std::uint16_t*, std::size_t);
template py::list IdObjects::list_of(const std::uint32_t*, std::size_t);

}  // namespace bytestride::python
