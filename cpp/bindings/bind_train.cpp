#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "train/merge_loop.hpp"
#include "train/steps.hpp"
#include "train/word_counts.hpp"

namespace bytestride::python {
namespace {

std::unique_ptr<MergeLoop> make_merge_loop(const WordCounts& words, const py::array& base_ids) {
  const auto ids = span_of<TokenId>(base_ids, "base_ids");
  std::array<TokenId, 256> by_byte{};
  std::array<bool, 256> seen{};
  if (ids.size() != by_byte.size()) throw py::value_error("base_ids must hold 256 ids");
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    if (ids[byte] >= seen.size() || seen[ids[byte]]) {
      throw py::value_error("base_ids must be a permutation of 0 to 255");
    }
    seen[ids[byte]] = true;
    by_byte[byte] = ids[byte];
  }
  const py::gil_scoped_release release;
  return std::make_unique<MergeLoop>(words, by_byte);
}

py::array_t<TokenId> merges_of(const MergeLoop& loop) {
  py::array_t<TokenId> rows({static_cast<py::ssize_t>(loop.learned().size()), py::ssize_t{2}});
  TokenId* out = rows.mutable_data();
  for (const MergeLoop::Learned& learned : loop.learned()) {
    *out++ = learned.pair.left;
    *out++ = learned.pair.right;
  }
  return rows;
}

py::array_t<std::uint64_t> counts_of(const MergeLoop& loop) {
  std::vector<std::uint64_t> counts;
  for (const MergeLoop::Learned& learned : loop.learned()) counts.push_back(learned.count);
  return array_of(std::move(counts));
}

// A sequence of ids: bytes, whose bytes they are, or any sequence of integers from 0 to 2^32 - 1.
std::vector<TokenId> ids_from(const py::object& source) {
  std::vector<TokenId> ids;
  if (PyBytes_Check(source.ptr()) || PyByteArray_Check(source.ptr())) {
    const HeldBuffer held(source);
    ids.reserve(held.bytes().size());
    for (const char byte : held.bytes()) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  if (PyUnicode_Check(source.ptr())) {
    throw py::type_error("ids must be bytes or a sequence of integers, not str");
  }
  for (const py::handle item : py::iter(source)) {
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(item.ptr()));
    if (!index) throw py::error_already_set();
    const long long id = PyLong_AsLongLong(index.ptr());
    if (id == -1 && PyErr_Occurred()) throw py::error_already_set();
    if (id < 0 || id > 0xFFFFFFFFll) {
      throw py::value_error("ids must lie between 0 and 2^32 - 1; one is " + std::to_string(id));
    }
    ids.push_back(static_cast<TokenId>(id));
  }
  return ids;
}

py::dict count_pairs_of(const py::object& source) {
  py::dict counts;
  for (const PairCount& entry : count_pairs(ids_from(source))) {
    counts[py::make_tuple(entry.pair.left, entry.pair.right)] = entry.count;
  }
  return counts;
}

std::vector<TokenId> apply_merge_to(const py::object& source, const py::object& pair,
                                    const py::object& new_id) {
  const std::vector<TokenId> parts = ids_from(pair);
  if (parts.size() != 2) throw py::value_error("pair must hold two ids");
  return apply_merge(ids_from(source), {parts[0], parts[1]}, ids_from(py::make_tuple(new_id))[0]);
}

}  // namespace

void bind_train(py::module_& module) {
  bind_words(module);
  py::class_<MergeLoop>(module, "MergeLoop")
      .def(py::init(&make_merge_loop), py::arg("words"), py::arg("base_ids"))
      .def("run", &MergeLoop::run, py::arg("n_merges"), py::call_guard<py::gil_scoped_release>())
      .def("merges", &merges_of)
      .def("counts", &counts_of);
  module.def("count_pairs", &count_pairs_of, py::arg("ids"));
  module.def("apply_merge", &apply_merge_to, py::arg("ids"), py::arg("pair"), py::arg("new_id"));
}

}  // namespace bytestride::python
