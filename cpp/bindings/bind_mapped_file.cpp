// A file's bytes as a read-only array that unmaps them when it goes. Python's own mmap would keep a
// second descriptor of every file.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>

#include "base/open_file.hpp"
#include "bindings/window_objects.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

// Calls body; a failure of the system is Python's OSError with its errno.
template <typename Body>
auto with_os_errors(const Body& body) {
  try {
    return body();
  } catch (const std::system_error& error) {
    errno = error.code().value();
    PyErr_SetFromErrno(PyExc_OSError);
    throw py::error_already_set();
  }
}

py::array_t<std::uint8_t> map_file(int descriptor, std::int64_t n_bytes) {
  if (n_bytes < 1) throw py::value_error("n_bytes must be at least 1: nothing cannot be mapped");
  auto mapped = with_os_errors(
      [&] { return std::make_unique<MappedFile>(descriptor, static_cast<std::size_t>(n_bytes)); });
  const auto* const data = static_cast<const std::uint8_t*>(mapped->data());
  py::capsule owner(mapped.get(), [](void* held) { delete static_cast<MappedFile*>(held); });
  mapped.release();
  py::array_t<std::uint8_t> bytes(n_bytes, data, owner);
  bytes.attr("flags").attr("writeable") = false;
  return bytes;
}

// Python's own preadv is not on every system.
std::size_t read_file(int descriptor, const py::array_t<std::uint8_t>& out, std::uint64_t at) {
  if (!out.writeable() || out.ndim() != 1 || (out.size() != 0 && out.strides(0) != 1)) {
    throw py::value_error("out must be a writeable, contiguous array of one dimension");
  }
  const auto n_bytes = static_cast<std::size_t>(out.size());
  return with_os_errors([&] {
    const py::gil_scoped_release released;
    return read_at(descriptor, const_cast<std::uint8_t*>(out.data()), n_bytes, at,
                   "reading a file");
  });
}

void expect_scattered(const py::array_t<std::uint8_t>& mapped, bool scattered) {
  if (mapped.size() == 0) return;
  expect_scattered_reads(mapped.data(), static_cast<std::size_t>(mapped.size()), scattered);
}

}  // namespace

void bind_mapped_file(py::module_& m) {
  m.def("map_file", &map_file, py::arg("descriptor"), py::arg("n_bytes"),
        "The first bytes of an open file, mapped: uint8[n_bytes], read-only. They must be there "
        "when they are read.");
  m.def("read_file", &read_file, py::arg("descriptor"), py::arg("out").noconvert(),
        py::arg("byte_offset"),
        "Read bytes of an open file from byte_offset on into uint8[n]; how many, 0 at its end.");
  m.def("expect_scattered", &expect_scattered, py::arg("mapped"), py::arg("scattered"),
        "Tell the system whether reads of a mapped file will lie far apart.");
}

}  // namespace bytestride::python
