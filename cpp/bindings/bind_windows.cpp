// Windows, their order, and batches of them as numpy arrays.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "bindings/arrays.hpp"
#include "bindings/batch_outputs.hpp"
#include "bindings/bind.hpp"
#include "bindings/released_gil.hpp"
#include "bindings/window_objects.hpp"
#include "windows/gather.hpp"
#include "windows/order.hpp"

namespace bytestride::python {

namespace py = pybind11;

std::vector<std::int64_t> to_indices(const py::array& indices) {
  const auto span = span_of<std::int64_t>(indices, "indices");
  return {span.begin(), span.end()};
}

namespace {

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;

std::int64_t window_count(std::int64_t n_tokens, std::int64_t max_length, std::int64_t stride) {
  return WindowRule(max_length, stride, Tail::kDrop, false).count(n_tokens);
}

Int64Array window_starts(std::int64_t n_tokens, std::int64_t max_length, std::int64_t stride) {
  const std::int64_t n = window_count(n_tokens, max_length, stride);
  Int64Array starts(n);
  std::int64_t* out = starts.mutable_data();
  {
    py::gil_scoped_release released;
    for (std::int64_t w = 0; w < n; ++w) out[w] = w * stride;
  }
  return starts;
}

ResolvedRows resolve(const PyWindowSet& set, const std::vector<std::int64_t>& indices) {
  ResolvedRows rows;
  set.core->resolve(indices.data(), indices.size(), rows);
  return rows;
}

py::object batch(const PyWindowSet& self, const py::array& indices, const std::string& layout,
                 const py::dtype& dtype, const py::object& out) {
  const std::vector<std::int64_t> wanted = to_indices(indices);
  const BatchOutputs outputs(*self.core, static_cast<py::ssize_t>(wanted.size()), layout, dtype,
                             out);
  {
    // Released for small batches too: the tokens may be mapped, and a fault waits for the disk.
    py::gil_scoped_release released;
    outputs.fill(resolve(self, wanted));
  }
  return outputs.to_python();
}

Int64Array spans(const PyWindowSet& self, const py::array& indices) {
  const std::vector<std::int64_t> wanted = to_indices(indices);
  Int64Array out({static_cast<py::ssize_t>(wanted.size()), py::ssize_t{3}});
  std::int64_t* at = out.mutable_data();
  {
    py::gil_scoped_release released;
    self.core->spans(wanted.data(), wanted.size(), at);
  }
  return out;
}

// An array [B, max_length] whose rows write(rows, row, its place) fills in.
template <typename T, typename Write>
py::array_t<T> by_rows(const PyWindowSet& self, const py::array& indices, Write&& write) {
  const std::vector<std::int64_t> wanted = to_indices(indices);
  const std::int64_t max_length = self.core->max_length();
  const auto n_rows = static_cast<std::int64_t>(wanted.size());
  if (max_length >
      std::numeric_limits<std::int64_t>::max() / 8 / std::max<std::int64_t>(n_rows, 1)) {
    throw InvalidArgument(std::to_string(n_rows) + " rows of " + std::to_string(max_length) +
                          " do not fit in memory");
  }
  py::array_t<T> out({n_rows, max_length});
  T* at = out.mutable_data();
  {
    py::gil_scoped_release released;
    const ResolvedRows rows = resolve(self, wanted);
    for (std::size_t row = 0; row < wanted.size(); ++row, at += max_length) write(rows, row, at);
  }
  return out;
}

py::array_t<bool> loss_mask(const PyWindowSet& self, const py::array& indices) {
  return by_rows<bool>(self, indices, [](const ResolvedRows& rows, std::size_t row, bool* out) {
    write_loss_mask(rows, row, out);
  });
}

Int64Array position_ids(const PyWindowSet& self, const py::array& indices) {
  const std::int64_t max_length = self.core->max_length();
  return by_rows<std::int64_t>(
      self, indices, [max_length](const ResolvedRows& rows, std::size_t row, std::int64_t* out) {
        std::vector<Cut> cuts;
        find_cuts(rows, row, cuts);
        cuts.push_back({max_length, 0});
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
          const std::int64_t end = std::min(cuts[i + 1].place, max_length);
          for (std::int64_t at = cuts[i].place; at < end; ++at) out[at] = at - cuts[i].place;
        }
      });
}

Int64Array document_ids(const PyWindowSet& self, const py::array& indices) {
  const std::int64_t max_length = self.core->max_length();
  return by_rows<std::int64_t>(
      self, indices, [max_length](const ResolvedRows& rows, std::size_t row, std::int64_t* out) {
        std::vector<Cut> cuts;
        find_cuts(rows, row, cuts);
        for (const Cut& cut : cuts) {
          std::fill(out + std::min(cut.place, max_length), out + max_length, cut.document);
        }
      });
}

py::tuple cu_seqlens(const PyWindowSet& self, const py::array& indices) {
  const std::vector<std::int64_t> wanted = to_indices(indices);
  const std::int64_t max_length = self.core->max_length();
  if (max_length >
      std::numeric_limits<std::int32_t>::max() / std::max<std::int64_t>(1, wanted.size())) {
    throw InvalidArgument("a batch of 2**31 tokens or more has no cu_seqlens, which are int32");
  }
  std::vector<std::int32_t> ends(1, 0);
  std::int32_t longest = 0;
  {
    py::gil_scoped_release released;
    const ResolvedRows rows = resolve(self, wanted);
    std::vector<Cut> cuts;
    for (std::size_t row = 0; row < wanted.size(); ++row) {
      find_cuts(rows, row, cuts);
      const auto base = static_cast<std::int64_t>(row) * max_length;
      cuts.push_back({max_length, 0});
      for (const Cut& cut : cuts) {
        const auto end = static_cast<std::int32_t>(base + std::min(cut.place, max_length));
        if (end == ends.back()) continue;
        longest = std::max(longest, end - ends.back());
        ends.push_back(end);
      }
    }
  }
  return py::make_tuple(array_of(std::move(ends)), longest);
}

std::shared_ptr<PyWindowSet> make_set(std::vector<std::shared_ptr<PySource>> parts) {
  std::vector<std::shared_ptr<const WindowSource>> sources;
  for (const auto& part : parts) {
    if (part == nullptr) throw py::type_error("a part must be a WindowSource, found None");
    sources.push_back(part->core);
  }
  auto core = std::make_shared<const WindowSet>(std::move(sources));
  return std::make_shared<PyWindowSet>(PyWindowSet{std::move(parts), std::move(core)});
}

Shuffle to_shuffle(const std::string& name) {
  if (name == "global") return Shuffle::kGlobal;
  if (name == "block") return Shuffle::kBlock;
  if (name == "none") return Shuffle::kNone;
  throw InvalidArgument("shuffle must be 'global', 'block' or 'none', found '" + name + "'");
}

std::shared_ptr<PyOrder> make_order(std::vector<std::int64_t> rows,
                                    std::vector<std::int64_t> counts, const std::string& shuffle,
                                    std::uint64_t seed, std::int64_t block_rows) {
  return std::make_shared<PyOrder>(PyOrder{std::make_shared<const Order>(
      std::move(rows), std::move(counts), to_shuffle(shuffle), seed, block_rows)});
}

Int64Array order_indices(const PyOrder& self, std::int64_t first, std::int64_t count,
                         std::int64_t step) {
  if (count < 0) throw InvalidArgument("count must not be negative");
  Int64Array out(count);
  std::int64_t* at = out.mutable_data();
  {
    const MaybeReleaseGil released(static_cast<std::size_t>(count) * sizeof *at);
    self.core->fill(first, step, static_cast<std::size_t>(count), at);
  }
  return out;
}

}  // namespace

void bind_windows(py::module_& m) {
  // What pybind11 looks up in numpy at its first array takes a millisecond: now, not at a first
  // batch.
  py::dtype::of<std::int64_t>();
  py::register_exception<ChangedFile>(m, "ChangedFileError", PyExc_ValueError);
  m.def("window_count", &window_count, py::arg("n_tokens"), py::arg("max_length"),
        py::arg("stride"), "How many full windows n_tokens hold.");
  m.def("window_starts", &window_starts, py::arg("n_tokens"), py::arg("max_length"),
        py::arg("stride"), "The starts of all full windows, int64[n].");
  bind_mapped_file(m);
  bind_window_source(m);
  py::class_<PyWindowSet, std::shared_ptr<PyWindowSet>>(
      m, "WindowSet", "The rows of one or more sources, one after another.")
      .def(py::init(&make_set), py::arg("parts"))
      .def_property_readonly("n_rows", [](const PyWindowSet& self) { return self.core->n_rows(); })
      .def("batch", &batch, py::arg("indices"), py::arg("layout"), py::arg("dtype"),
           py::arg("out").none(true),
           "Rows as (x, y), [B, max_length] each, or as one array [B, max_length + 1].")
      .def("spans", &spans, py::arg("indices"), "Start, tokens, first target: int64[B, 3].")
      .def("loss_mask", &loss_mask, py::arg("indices"), "Which targets are scored, bool[B, L].")
      .def("position_ids", &position_ids, py::arg("indices"), "Places in documents, int64[B, L].")
      .def("document_ids", &document_ids, py::arg("indices"), "Documents, int64[B, L].")
      .def("cu_seqlens", &cu_seqlens, py::arg("indices"),
           "Where stretches of one document end in the flattened inputs, and the longest of them.");
  py::class_<PyOrder, std::shared_ptr<PyOrder>>(m, "Order", "Positions to rows, by arithmetic.")
      .def(py::init(&make_order), py::arg("rows"), py::arg("counts"), py::arg("shuffle"),
           py::arg("seed"), py::arg("block_rows"))
      .def_property_readonly("n_samples",
                             [](const PyOrder& self) { return self.core->n_samples(); })
      .def("indices", &order_indices, py::arg("first"), py::arg("count"), py::arg("step"),
           "Rows at positions first, first + step, …: int64[count].");
  bind_pending_batch(m);
}

}  // namespace bytestride::python
