// Many texts at once: to lists, to one flat array, to a caller's array, to counts.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/recycled_pages.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "bindings/engine.hpp"
#include "bindings/special_tokens.hpp"
#include "encode/batch_encoder.hpp"

namespace bytestride::python {
namespace {

void refuse_texts(const SpecialTokens& specials, const HeldDocuments& documents) {
  if (!specials.refuses_texts()) return;
  for (std::size_t i = 0; i < documents.list().size(); ++i) {
    const bool is_str = i < documents.texts().size() && PyUnicode_Check(documents.texts()[i].ptr());
    if (is_str) {
      specials.refuse_texts(documents.texts()[i]);
    } else {
      specials.refuse_texts_in(documents.list()[i]);
    }
  }
}

template <typename Id>
EncodedBatch<Id> encode_released(Engine& engine, const HeldDocuments& documents,
                                 const AddedTokenPolicy& policy, std::size_t n_threads,
                                 const DocumentEnds& ends = {}) {
  const py::gil_scoped_release release;
  return bytestride::encode_batch<Id>(engine.encoder, documents.list(), policy, n_threads, ends);
}

py::list encode_batch(Engine& engine, const py::object& texts, const py::object& num_threads,
                      const py::object& allowed, const py::object& disallowed) {
  const std::size_t n_threads = thread_count(num_threads);
  const SpecialTokens specials(engine, allowed, disallowed);
  const HeldDocuments documents(texts, std::nullopt);
  refuse_texts(specials, documents);
  const auto batch = encode_released<TokenId>(engine, documents, specials.policy(), n_threads);
  return engine.id_objects.lists_of(batch.tokens.data(), batch.offsets);
}

py::array_t<std::int64_t> count_documents(Engine& engine, const py::object& source,
                                          const std::optional<py::array>& offsets,
                                          const py::object& num_threads, const py::object& allowed,
                                          const py::object& disallowed) {
  const std::size_t n_threads = thread_count(num_threads);
  const SpecialTokens specials(engine, allowed, disallowed);
  const HeldDocuments documents(source, offsets);
  refuse_texts(specials, documents);
  std::vector<std::int64_t> counts;
  {
    const py::gil_scoped_release release;
    counts =
        bytestride::count_batch(engine.encoder, documents.list(), specials.policy(), n_threads);
  }
  return array_of(std::move(counts));
}

template <typename Id>
py::tuple flat_batch(Engine& engine, const HeldDocuments& documents, const AddedTokenPolicy& policy,
                     std::size_t n_threads, const DocumentEnds& ends) {
  auto batch = encode_released<Id>(engine, documents, policy, n_threads, ends);
  return py::make_tuple(array_of(std::move(batch.tokens), batch.n_tokens),
                        array_of(std::move(batch.offsets)));
}

// The same in memory that goes to the next call once the array is gone: for a caller with many
// batches of a like size that keeps few of them.
template <typename Id>
py::tuple flat_recycled(Engine& engine, const HeldDocuments& documents,
                        const AddedTokenPolicy& policy, std::size_t n_threads,
                        const DocumentEnds& ends) {
  const std::size_t n_places = most_ids(engine.encoder, documents.list(), ends);
  RecycledPages pages(n_places * sizeof(Id));
  auto* const ids = static_cast<Id*>(pages.data());
  std::vector<std::int64_t> offsets;
  {
    const py::gil_scoped_release release;
    offsets = encode_batch_into<Id>(engine.encoder, documents.list(), policy, n_threads,
                                    std::span(ids, n_places), ends);
  }
  const auto n_ids = static_cast<std::size_t>(offsets.back());
  return py::make_tuple(array_owning<Id>(std::move(pages), ids, n_ids),
                        array_of(std::move(offsets)));
}

// Whether ids go out as uint16; ValueError where the vocabulary has larger ones.
bool is_narrow(const Engine& engine, const py::dtype& dtype, const char* argument) {
  const bool narrow = dtype.equal(py::dtype::of<std::uint16_t>());
  if (!narrow && !dtype.equal(py::dtype::of<TokenId>())) {
    throw py::type_error(std::string(argument) + " must be uint16, uint32 or None, not " +
                         py::str(dtype).cast<std::string>());
  }
  if (narrow && engine.decoder.n_ids() > 0x10000) {
    throw py::value_error("uint16 holds ids below 65536, and the vocabulary's go up to " +
                          std::to_string(engine.decoder.n_ids() - 1) + "; use uint32");
  }
  return narrow;
}

// ValueError where it does not fit, and for those that no type holds.
std::optional<TokenId> end_id_of(const py::object& end_id) {
  if (end_id.is_none()) return std::nullopt;
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(end_id.ptr()));
  if (!number) {
    PyErr_Clear();
    throw py::type_error(std::string("end_id must be an integer or None, not ") +
                         Py_TYPE(end_id.ptr())->tp_name);
  }
  int overflow = 0;
  const long long id = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow < 0 || (overflow == 0 && id < 0)) {
    throw py::value_error("end_id must not be negative, and is " +
                          py::str(number).cast<std::string>());
  }
  if (overflow > 0 || id > std::numeric_limits<TokenId>::max()) {
    throw py::value_error("end_id " + py::str(number).cast<std::string>() +
                          " does not fit uint32, the widest type of ids");
  }
  return static_cast<TokenId>(id);
}

void check_fits_narrow(const std::optional<TokenId>& end_id) {
  if (!end_id || *end_id < 0x10000) return;
  throw py::value_error("end_id " + std::to_string(*end_id) +
                        " does not fit uint16, which holds ids below 65536; use uint32");
}

// One flat array of all ids and int64 offsets of the documents in it.
py::tuple encode_flat(Engine& engine, const py::object& source,
                      const std::optional<py::array>& offsets, const py::object& num_threads,
                      const std::optional<py::dtype>& dtype, const py::object& allowed,
                      const py::object& disallowed, const py::object& end_id, bool last_goes_on,
                      bool recycled) {
  const std::size_t n_threads = thread_count(num_threads);
  const DocumentEnds ends{end_id_of(end_id), last_goes_on};
  const bool narrow = dtype ? is_narrow(engine, *dtype, "dtype")
                            : engine.decoder.n_ids() <= 0x10000 && ends.id.value_or(0) < 0x10000;
  if (narrow) check_fits_narrow(ends.id);
  const SpecialTokens specials(engine, allowed, disallowed);
  const HeldDocuments documents(source, offsets);
  refuse_texts(specials, documents);
  const auto flat = [&]<typename Id>(Id) {
    return (recycled ? flat_recycled<Id> : flat_batch<Id>)(engine, documents, specials.policy(),
                                                           n_threads, ends);
  };
  return narrow ? flat(std::uint16_t{}) : flat(TokenId{});
}

template <typename Id>
py::array_t<std::int64_t> encode_to(Engine& engine, const HeldDocuments& documents,
                                    std::size_t n_threads, py::array& out,
                                    const DocumentEnds& ends) {
  const std::span<Id> places(static_cast<Id*>(out.mutable_data()),
                             static_cast<std::size_t>(out.size()));
  std::vector<std::int64_t> offsets;
  {
    const py::gil_scoped_release release;
    offsets = encode_batch_into<Id>(engine.encoder, documents.list(), engine.ordinary(), n_threads,
                                    places, ends);
  }
  return array_of(std::move(offsets));
}

// The ids to the start of `out`; returns the offsets.
py::array_t<std::int64_t> encode_into(Engine& engine, const py::object& source,
                                      const std::optional<py::array>& offsets,
                                      const py::object& num_threads, const py::object& out,
                                      const py::object& end_id, bool last_goes_on) {
  const std::size_t n_threads = thread_count(num_threads);
  const DocumentEnds ends{end_id_of(end_id), last_goes_on};
  if (!py::isinstance<py::array>(out)) {
    throw py::type_error(std::string("out must be a numpy array, not ") +
                         Py_TYPE(out.ptr())->tp_name);
  }
  auto array = py::reinterpret_borrow<py::array>(out);
  const bool narrow = is_narrow(engine, array.dtype(), "out");
  if (narrow) check_fits_narrow(ends.id);
  if (array.ndim() != 1 || !(array.flags() & py::array::c_style) || !array.writeable()) {
    throw py::value_error("out must be one-dimensional, contiguous and writeable");
  }
  const HeldDocuments documents(source, offsets);
  return narrow ? encode_to<std::uint16_t>(engine, documents, n_threads, array, ends)
                : encode_to<TokenId>(engine, documents, n_threads, array, ends);
}

}  // namespace

void bind_batch(py::class_<Engine>& engine) {
  engine
      .def("encode_batch", &encode_batch, py::arg("texts"), py::kw_only(),
           py::arg("num_threads") = py::none(), py::arg("allowed_special") = py::tuple(),
           py::arg("disallowed_special") = "all",
           R"(As encode for each of many texts, on several threads.

Parameters
----------
texts : iterable of str or bytes, or Arrow array of strings or binaries
num_threads : int, optional
    By default all cores that the process may use.

Returns
-------
list of list of int)")
      .def("_count_batch", &count_documents, py::arg("documents"), py::arg("offsets"),
           py::arg("num_threads"), py::arg("allowed_special"), py::arg("disallowed_special"))
      .def("_encode_flat", &encode_flat, py::arg("documents"), py::arg("offsets"),
           py::arg("num_threads"), py::arg("dtype"), py::arg("allowed_special") = py::tuple(),
           py::arg("disallowed_special") = py::tuple(), py::kw_only(),
           py::arg("end_id") = py::none(), py::arg("last_goes_on") = false,
           py::arg("recycled") = false)
      .def("_encode_into", &encode_into, py::arg("documents"), py::arg("offsets"),
           py::arg("num_threads"), py::arg("out"), py::kw_only(), py::arg("end_id") = py::none(),
           py::arg("last_goes_on") = false);
}

}  // namespace bytestride::python
