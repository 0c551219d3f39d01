// The ids that a caller gives, in any container, as a span of their own type.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace bytestride::python {

namespace py = pybind11;

// An integer as an id; TypeError for anything else, KeyError for one that no id can be.
std::int64_t id_from(py::handle item);

// The ids of an iterable; errors as id_from.
std::vector<std::int64_t> ids_of_iterable(py::handle ids);

// The ids of a list or tuple of plain ints, the usual case, read without running any Python code.
class PlainIds {
 public:
  // Nothing if it is something else, or holds an int that no id can be. Valid while this lives.
  std::optional<std::span<const std::uint32_t>> read(py::handle ids);

 private:
  std::unique_ptr<std::uint32_t[]> ids_;
};

// ValueError or TypeError unless it is a 1-D array of integers.
void check_ids_array(const py::array& ids);

// Calls use(std::span<const Id>) for the ids of an array, which is read in place if it is
// contiguous and of a type that the decoder reads, or of an iterable. The span holds during the
// call.
template <typename Use>
auto with_ids(py::handle ids, Use&& use) {
  PlainIds plain_ids;
  if (const auto plain = plain_ids.read(ids)) return use(*plain);
  if (PyList_CheckExact(ids.ptr()) || !py::isinstance<py::array>(ids)) {
    const std::vector<std::int64_t> values = ids_of_iterable(ids);
    return use(std::span<const std::int64_t>(values));
  }
  const auto array = py::reinterpret_borrow<py::array>(ids);
  check_ids_array(array);
  const auto as = [&]<typename Id>(Id) {
    const py::array_t<Id, py::array::c_style | py::array::forcecast> plain(array);
    return use(std::span<const Id>(plain.data(), static_cast<std::size_t>(plain.size())));
  };
  // isinstance asks for the very type: another byte order is converted below.
  if (py::isinstance<py::array_t<std::uint32_t>>(array)) return as(std::uint32_t{});
  if (py::isinstance<py::array_t<std::uint16_t>>(array)) return as(std::uint16_t{});
  if (py::isinstance<py::array_t<std::int32_t>>(array)) return as(std::int32_t{});
  return array.dtype().kind() == 'u' ? as(std::uint64_t{}) : as(std::int64_t{});
}

}  // namespace bytestride::python
