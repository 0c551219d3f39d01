// A file's bytes as a read-only array that unmaps them when it goes. Python's own mmap would keep a
// second descriptor of every file.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <sys/mman.h>

#include <cstdint>

#include "bindings/window_objects.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

struct Mapping {
  void* address;
  std::size_t n_bytes;
};

py::array_t<std::uint8_t> map_file(int descriptor, std::int64_t n_bytes) {
  if (n_bytes < 1) throw py::value_error("n_bytes must be at least 1: nothing cannot be mapped");
  const auto size = static_cast<std::size_t>(n_bytes);
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) {
    PyErr_SetFromErrno(PyExc_OSError);
    throw py::error_already_set();
  }
  py::capsule owner(new Mapping{address, size}, [](void* held) {
    auto* mapping = static_cast<Mapping*>(held);
    munmap(mapping->address, mapping->n_bytes);
    delete mapping;
  });
  py::array_t<std::uint8_t> bytes(n_bytes, static_cast<const std::uint8_t*>(address), owner);
  bytes.attr("flags").attr("writeable") = false;
  return bytes;
}

// Whether what is read of a mapping lies far apart, so that the system should not read ahead.
void expect_scattered(const py::array_t<std::uint8_t>& mapped, bool scattered) {
  // Advice only: a system that takes none reads as it likes.
  if (mapped.size() == 0) return;
  madvise(const_cast<std::uint8_t*>(mapped.data()), static_cast<std::size_t>(mapped.size()),
          scattered ? MADV_RANDOM : MADV_NORMAL);
}

}  // namespace

void bind_mapped_file(py::module_& m) {
  m.def("map_file", &map_file, py::arg("descriptor"), py::arg("n_bytes"),
        "The first bytes of an open file, mapped: uint8[n_bytes], read-only. They must be there "
        "when they are read.");
  m.def("expect_scattered", &expect_scattered, py::arg("mapped"), py::arg("scattered"),
        "Tell the system whether reads of a mapped file will lie far apart.");
}

}  // namespace bytestride::python
