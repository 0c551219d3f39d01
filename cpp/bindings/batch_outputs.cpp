#include "bindings/batch_outputs.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/recycled_pages.hpp"
#include "bindings/arrays.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

// Below this an allocator reuses memory well enough.
constexpr std::size_t kLeastRecycledBytes = std::size_t{64} << 10;

using Type = BatchOutputs::Type;

struct OutputType {
  Type type;
  const char* name;
  char kind;
  std::size_t n_bytes;
  std::int64_t least;
  std::int64_t most;
};

constexpr OutputType kOutputTypes[] = {
    {Type::kInt64, "int64", 'i', 8, std::numeric_limits<std::int64_t>::min(),
     std::numeric_limits<std::int64_t>::max()},
    {Type::kInt32, "int32", 'i', 4, std::numeric_limits<std::int32_t>::min(),
     std::numeric_limits<std::int32_t>::max()},
    {Type::kUint8, "uint8", 'u', 1, 0, 0xff},
    {Type::kUint16, "uint16", 'u', 2, 0, 0xffff},
    {Type::kUint32, "uint32", 'u', 4, 0, 0xffffffff},
};

// By kind and size: to ask numpy for a type's name takes as long as a tenth of a batch.
const OutputType* find_type(const py::dtype& dtype, bool is_xy) {
  if (dtype.byteorder() != '=' && dtype.byteorder() != '|') return nullptr;
  for (const OutputType& type : kOutputTypes) {
    if (is_xy && type.kind == 'u') continue;
    if (dtype.kind() == type.kind && static_cast<std::size_t>(dtype.itemsize()) == type.n_bytes) {
      return &type;
    }
  }
  return nullptr;
}

void check_id(std::int64_t id, const char* name, const OutputType& type) {
  if (id >= type.least && id <= type.most) return;
  throw InvalidArgument(std::string(name) + " " + std::to_string(id) + " does not fit " +
                        type.name + "; ask for a wider dtype");
}

bool overlap(const py::array& a, const void* b, std::size_t n_bytes) {
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a.data());
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b);
  return a_begin < b_begin + n_bytes && b_begin < a_begin + static_cast<std::size_t>(a.nbytes());
}

// An output of the caller's may share memory with nothing else that a gather touches.
void check_apart(const py::array& out, const WindowSet& set) {
  for (const auto& source : set.sources()) {
    for (std::size_t i = 0; i < source->tokens().n_shards(); ++i) {
      const TokenShard& shard = source->tokens().shard(i);
      if (shard.data == nullptr) continue;
      if (overlap(out, shard.data,
                  static_cast<std::size_t>(shard.n_tokens) * bytes_of(shard.type))) {
        throw py::value_error("out overlaps the tokens");
      }
    }
  }
}

// An array whose memory, if it is much, comes from batches that are gone and goes to those to come.
py::array new_array(const py::dtype& dtype, py::ssize_t n_rows, py::ssize_t n_columns) {
  const std::vector<py::ssize_t> shape{n_rows, n_columns};
  const auto n_bytes = static_cast<std::size_t>(n_rows * n_columns * dtype.itemsize());
  if (n_bytes < kLeastRecycledBytes) return py::array(dtype, shape);
  RecycledPages pages(n_bytes);
  void* const data = pages.data();
  return py::array(dtype, shape, data, capsule_owning(std::move(pages)));
}

}  // namespace

BatchOutputs::BatchOutputs(const WindowSet& set, py::ssize_t n_rows, const std::string& layout,
                           const py::dtype& dtype, const py::object& out)
    : is_xy_(layout == "xy"), dtype_(dtype) {
  if (!is_xy_ && layout != "rows") {
    throw InvalidArgument("layout must be 'xy' or 'rows', found '" + layout + "'");
  }
  const OutputType* const found = find_type(dtype, is_xy_);
  if (found == nullptr) {
    throw py::type_error(std::string("dtype must be ") +
                         (is_xy_ ? "int64 or int32" : "uint8, uint16, uint32, int32 or int64") +
                         ", found " + std::string(py::str(static_cast<const py::object&>(dtype))));
  }
  type_ = found->type;
  for (const auto& source : set.sources()) {
    const SourceOptions& options = source->options();
    check_id(options.pad_id, "pad_id", *found);
    if (is_xy_) check_id(options.ignore_index, "ignore_index", *found);
    if (options.bos_id) check_id(*options.bos_id, "bos_id", *found);
    if (options.eos_id) check_id(*options.eos_id, "eos_id", *found);
    for (std::size_t i = 0; i < source->tokens().n_shards(); ++i) {
      if (found->n_bytes >= bytes_of(source->tokens().shard(i).type)) continue;
      throw InvalidArgument("ids of " +
                            std::to_string(8 * bytes_of(source->tokens().shard(i).type)) +
                            " bits do not all fit " + found->name + "; ask for a wider dtype");
    }
  }
  const auto n_columns = static_cast<std::uint64_t>(set.max_length()) + (is_xy_ ? 0 : 1);
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<py::ssize_t>::max()) / 8;
  if (n_columns > most / static_cast<std::uint64_t>(n_rows > 0 ? n_rows : 1)) {
    throw InvalidArgument(std::to_string(n_rows) + " rows of " + std::to_string(n_columns) +
                          " tokens do not fit in memory");
  }
  const auto columns = static_cast<py::ssize_t>(n_columns);
  if (is_xy_) {
    py::object x = py::none();
    py::object y = py::none();
    if (!out.is_none()) {
      if (!(py::isinstance<py::tuple>(out) || py::isinstance<py::list>(out)) || py::len(out) != 2) {
        throw py::type_error("out must be a pair of arrays, for x and y");
      }
      x = py::sequence(out)[0];
      y = py::sequence(out)[1];
    }
    first_ = take(x, n_rows, columns, "out[0]");
    second_ = take(y, n_rows, columns, "out[1]");
    if (!out.is_none()) {
      if (overlap(first_, second_.data(), static_cast<std::size_t>(second_.nbytes()))) {
        throw py::value_error("the two arrays of out overlap");
      }
      check_apart(second_, set);
    }
    second_data_ = second_.mutable_data();
  } else {
    first_ = take(out, n_rows, columns, "out");
  }
  if (!out.is_none()) check_apart(first_, set);
  first_data_ = first_.mutable_data();
}

py::array BatchOutputs::take(const py::object& out, py::ssize_t n_rows, py::ssize_t n_columns,
                             const char* name) const {
  if (out.is_none()) return new_array(dtype_, n_rows, n_columns);
  const std::string wanted =
      "a contiguous array of " + std::string(py::str(static_cast<const py::object&>(dtype_))) +
      " and shape (" + std::to_string(n_rows) + ", " + std::to_string(n_columns) + ")";
  if (!py::isinstance<py::array>(out)) {
    throw py::type_error(std::string(name) + " must be " + wanted + ", found " +
                         std::string(py::str(py::type::of(out).attr("__name__"))));
  }
  auto array = py::reinterpret_borrow<py::array>(out);
  if (!array.dtype().equal(dtype_) || (array.flags() & py::array::c_style) == 0 ||
      array.ndim() != 2 || array.shape(0) != n_rows || array.shape(1) != n_columns) {
    throw py::value_error(std::string(name) + " must be " + wanted + ", found one of " +
                          std::string(py::str(array.dtype())) + " and shape " +
                          std::string(py::str(array.attr("shape"))));
  }
  if (!array.writeable()) throw py::value_error(std::string(name) + " is read-only");
  const auto width = static_cast<std::uintptr_t>(array.itemsize());
  if (reinterpret_cast<std::uintptr_t>(array.data()) % width != 0) {
    throw py::value_error(std::string(name) + " is not aligned to its items");
  }
  return array;
}

void BatchOutputs::fill(const ResolvedRows& rows) const {
  if (is_xy_) {
    if (type_ == Type::kInt64) {
      gather_xy(rows, static_cast<std::int64_t*>(first_data_),
                static_cast<std::int64_t*>(second_data_));
    } else {
      gather_xy(rows, static_cast<std::int32_t*>(first_data_),
                static_cast<std::int32_t*>(second_data_));
    }
    return;
  }
  switch (type_) {
    case Type::kUint8:
      return gather_rows(rows, static_cast<std::uint8_t*>(first_data_));
    case Type::kUint16:
      return gather_rows(rows, static_cast<std::uint16_t*>(first_data_));
    case Type::kUint32:
      return gather_rows(rows, static_cast<std::uint32_t*>(first_data_));
    case Type::kInt32:
      return gather_rows(rows, static_cast<std::int32_t*>(first_data_));
    case Type::kInt64:
      return gather_rows(rows, static_cast<std::int64_t*>(first_data_));
  }
}

py::object BatchOutputs::to_python() const {
  if (is_xy_) return py::make_tuple(first_, second_);
  return first_;
}

}  // namespace bytestride::python
