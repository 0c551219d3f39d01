#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "train/merge_loop.hpp"
#include "train/steps.hpp"
#include "train/word_counts.hpp"

namespace bytestride::python {
namespace {

TieBreak tie_break_named(const std::string& name) {
  if (name == "smaller_ids") return TieBreak::smaller_ids;
  if (name == "greater_bytes") return TieBreak::greater_bytes;
  if (name == "first_seen") return TieBreak::first_seen;
  throw py::value_error("tie_break must be 'smaller_ids', 'greater_bytes' or 'first_seen', not '" +
                        name + "'");
}

std::unique_ptr<MergeLoop> make_merge_loop(
    const WordCounts& words, const py::array& base_ids, const std::string& tie_break,
    std::uint64_t min_count, std::optional<std::size_t> max_token_bytes,
    const std::vector<std::pair<py::bytes, TokenId>>& existing, TokenId next_id,
    std::size_t n_expected) {
  const auto ids = span_of<TokenId>(base_ids, "base_ids");
  MergeRules rules;
  if (ids.size() != rules.base_ids.size()) throw py::value_error("base_ids must hold 256 ids");
  std::copy(ids.begin(), ids.end(), rules.base_ids.begin());
  rules.next_id = next_id;
  rules.tie_break = tie_break_named(tie_break);
  rules.min_count = min_count;
  if (max_token_bytes) rules.max_token_bytes = *max_token_bytes;
  for (const auto& [bytes, id] : existing) rules.existing.emplace_back(bytes, id);
  const py::gil_scoped_release release;
  return std::make_unique<MergeLoop>(words, std::move(rules), n_expected);
}

void replay(MergeLoop& loop, const py::array& pairs, const py::array& products) {
  const auto ids = span_of<TokenId>(products, "products");
  if (!py::isinstance<py::array_t<TokenId>>(pairs) || pairs.ndim() != 2 || pairs.shape(1) != 2 ||
      !(pairs.flags() & py::array::c_style) ||
      static_cast<std::size_t>(pairs.shape(0)) != ids.size()) {
    throw py::type_error("pairs must be a contiguous uint32[n, 2] for n products");
  }
  const auto* const numbers = static_cast<const TokenId*>(pairs.data());
  std::vector<Pair> all;
  for (std::size_t i = 0; i < ids.size(); ++i) all.push_back({numbers[2 * i], numbers[2 * i + 1]});
  const py::gil_scoped_release release;
  loop.replay(all, ids);
}

py::array_t<TokenId> learned_merges_of(const MergeLoop& loop) {
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

py::array_t<TokenId> products_of(const MergeLoop& loop) {
  std::vector<TokenId> products;
  for (const MergeLoop::Learned& learned : loop.learned()) products.push_back(learned.product);
  return array_of(std::move(products));
}

py::array_t<std::uint64_t> merged_of(const MergeLoop& loop) {
  std::vector<std::uint64_t> merged;
  for (const MergeLoop::Learned& learned : loop.learned()) merged.push_back(learned.n_merged);
  return array_of(std::move(merged));
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
      .def(py::init(&make_merge_loop), py::arg("words"), py::arg("base_ids"), py::kw_only(),
           py::arg("tie_break") = "smaller_ids", py::arg("min_count") = 1,
           py::arg("max_token_bytes") = py::none(),
           py::arg("existing") = std::vector<std::pair<py::bytes, TokenId>>(),
           py::arg("next_id") = 256, py::arg("n_expected") = 0,
           R"(Learns merges from word counts, of which it takes a copy.

Parameters
----------
words : WordCounts
base_ids : numpy.ndarray
    uint32[256], the id of each byte.
tie_break : {'smaller_ids', 'greater_bytes', 'first_seen'}
    Of equally frequent pairs, the one that merges first.
min_count : int
    Rarer pairs do not merge.
max_token_bytes : int, optional
    A pair that a merge makes is passed over unless its tokens have fewer bytes together.
existing : list of (bytes, int)
    Tokens with ids below next_id that a merge may make, instead of a new one.
next_id : int
    The id of the first new token.
n_expected : int
    About how many tokens will be learned; changes the time it takes, and nothing else.

Raises
------
ValueError
    Ids that are not different or not below next_id; 'first_seen' for words without firsts; 4 GiB of
    different words or more.)")
      .def("replay", &replay, py::arg("pairs"), py::arg("products"),
           R"(Merge what was learned before, in order, whatever the counts.

Parameters
----------
pairs : numpy.ndarray
    uint32[n, 2].
products : numpy.ndarray
    uint32[n], the token that each makes.

Raises
------
ValueError
    A pair of a token that nothing made, or a product with the bytes of another token.)")
      .def("run", &MergeLoop::run, py::arg("n_tokens"), py::call_guard<py::gil_scoped_release>(),
           "Learn so many new tokens more; how many there were, fewer where no pair was left.")
      .def("merges", &learned_merges_of, "uint32[n, 2], all pairs in order.")
      .def("counts", &counts_of, "uint64[n], of each pair before it merged.")
      .def("merged", &merged_of,
           "uint64[n], how many occurrences each merge replaced: so many tokens fewer.")
      .def("products", &products_of, "uint32[n], the token that each pair became.");
  module.def("count_pairs", &count_pairs_of, py::arg("ids"));
  module.def("apply_merge", &apply_merge_to, py::arg("ids"), py::arg("pair"), py::arg("new_id"));
}

}  // namespace bytestride::python
