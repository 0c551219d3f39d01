// Windows and the gather over numpy arrays. Nothing is copied or converted in silence: an array of
// another type, layout or byte order is a TypeError or a ValueError that says what would do.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "bindings/bind.hpp"
#include "windows/gather.hpp"
#include "windows/index.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;

std::string describe(const py::handle& object) {
  if (!py::isinstance<py::array>(object)) return py::str(py::type::of(object).attr("__name__"));
  const auto array = py::reinterpret_borrow<py::array>(object);
  return std::string((array.flags() & py::array::c_style) != 0 ? "an" : "a non-contiguous") +
         " array of " + std::string(py::str(array.dtype())) + " and " +
         std::to_string(array.ndim()) + " dimensions";
}

// True for arrays of T in this machine's byte order, one after another in memory.
template <typename T>
bool is_plain(const py::handle& object) {
  return py::isinstance<py::array_t<T, py::array::c_style>>(object);
}

TokenShard to_shard(const py::handle& object, std::size_t i) {
  TokenType type;
  if (is_plain<std::uint16_t>(object)) {
    type = TokenType::kUint16;
  } else if (is_plain<std::int32_t>(object)) {
    type = TokenType::kInt32;
  } else if (is_plain<std::uint32_t>(object)) {
    type = TokenType::kUint32;
  } else if (is_plain<std::uint8_t>(object)) {
    type = TokenType::kUint8;
  } else {
    throw py::type_error("shard " + std::to_string(i) +
                         " must be a contiguous numpy array of uint8, uint16, uint32 or int32 in "
                         "native byte order, found " +
                         describe(object));
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (array.ndim() != 1) {
    throw py::value_error("shard " + std::to_string(i) + " must have one dimension, found " +
                          describe(object));
  }
  return {array.data(), type, array.size()};
}

// A copy: it is small, and no other thread can change a start between its check and its use.
std::vector<std::int64_t> to_starts(const py::object& object) {
  if (!is_plain<std::int64_t>(object)) {
    throw py::type_error("starts must be a contiguous numpy array of int64, found " +
                         describe(object));
  }
  const auto array = py::reinterpret_borrow<Int64Array>(object);
  if (array.ndim() != 1) {
    throw py::value_error("starts must have one dimension, found " + describe(object));
  }
  return {array.data(), array.data() + array.size()};
}

Int64Array to_output(const py::object& object, py::ssize_t n_rows, py::ssize_t max_length,
                     const char* name) {
  if (object.is_none()) return Int64Array({n_rows, max_length});
  if (!is_plain<std::int64_t>(object)) {
    throw py::type_error(std::string(name) + " must be a contiguous numpy array of int64, found " +
                         describe(object));
  }
  auto array = py::reinterpret_borrow<Int64Array>(object);
  if (array.ndim() != 2 || array.shape(0) != n_rows || array.shape(1) != max_length) {
    throw py::value_error(std::string(name) + " must have the shape (" + std::to_string(n_rows) +
                          ", " + std::to_string(max_length) + "), found " +
                          std::string(py::str(array.attr("shape"))));
  }
  if (!array.writeable()) throw py::value_error(std::string(name) + " is read-only");
  if (reinterpret_cast<std::uintptr_t>(array.data()) % alignof(std::int64_t) != 0) {
    throw py::value_error(std::string(name) + " is not aligned to 8 bytes");
  }
  return array;
}

bool overlap(const py::array& a, const py::array& b) {
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a.data());
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b.data());
  return a_begin < b_begin + static_cast<std::size_t>(b.nbytes()) &&
         b_begin < a_begin + static_cast<std::size_t>(a.nbytes());
}

// Outputs of the caller's may share memory with nothing else that a gather touches.
void check_apart(const py::array& x, const py::array& y, const py::sequence& shards) {
  if (overlap(x, y)) throw py::value_error("out_x and out_y overlap");
  for (const auto& object : shards) {
    const auto shard = py::reinterpret_borrow<py::array>(object);
    if (overlap(x, shard) || overlap(y, shard)) {
      throw py::value_error("out_x or out_y overlaps a shard");
    }
  }
}

Int64Array starts_array(std::int64_t n_tokens, std::int64_t max_length, std::int64_t stride) {
  const std::int64_t n = window_count(n_tokens, max_length, stride);
  Int64Array starts(n);
  std::int64_t* out = starts.mutable_data();
  {
    py::gil_scoped_release released;
    window_starts(n, stride, out);
  }
  return starts;
}

py::tuple gather_windows(const py::sequence& shards, const py::object& starts,
                         std::int64_t max_length, const py::object& out_x,
                         const py::object& out_y) {
  // A tuple of our own, so that the arrays stay alive and the same while the core reads them.
  const py::tuple held(shards);
  std::vector<TokenShard> views;
  views.reserve(held.size());
  for (const auto& shard : held) views.push_back(to_shard(shard, views.size()));
  const ShardedTokens tokens(std::move(views));
  const std::vector<std::int64_t> rows = to_starts(starts);

  constexpr std::int64_t kMostItems = std::numeric_limits<py::ssize_t>::max() / 8;
  const auto n_rows = static_cast<py::ssize_t>(rows.size());
  if (max_length < 1 || max_length > kMostItems / (n_rows > 0 ? n_rows : 1)) {
    throw InvalidArgument("max_length must be at least 1, and " + std::to_string(n_rows) +
                          " rows of it fit in memory; found " + std::to_string(max_length));
  }
  Int64Array x = to_output(out_x, n_rows, max_length, "out_x");
  Int64Array y = to_output(out_y, n_rows, max_length, "out_y");
  if (!out_x.is_none() || !out_y.is_none()) check_apart(x, y, held);
  std::int64_t* x_data = x.mutable_data();
  std::int64_t* y_data = y.mutable_data();
  {
    // Released for small batches too: the tokens may be mapped, and a fault waits for the disk.
    py::gil_scoped_release released;
    gather(tokens, rows.data(), rows.size(), max_length, x_data, y_data);
  }
  return py::make_tuple(std::move(x), std::move(y));
}

}  // namespace

void bind_windows(py::module_& m) {
  m.def("window_count", &window_count, py::arg("n_tokens"), py::arg("max_length"),
        py::arg("stride"), "How many full windows n_tokens hold.");
  m.def("window_starts", &starts_array, py::arg("n_tokens"), py::arg("max_length"),
        py::arg("stride"), "The starts of all full windows, int64[n].");
  m.def("gather_windows", &gather_windows, py::arg("shards"), py::arg("starts"),
        py::arg("max_length"), py::arg("out_x") = py::none(), py::arg("out_y") = py::none(),
        "Rows of max_length tokens at each start, and the same shifted by one: (x, y), "
        "int64[B, max_length].");
}

}  // namespace bytestride::python
