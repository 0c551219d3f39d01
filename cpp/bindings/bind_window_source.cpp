// A source of windows from what a token store says of its shards. Each shard is an object with the
// attributes of bytestride.store.ShardView; nothing is copied or converted in silence.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "bindings/arrays.hpp"
#include "bindings/window_objects.hpp"
#include "windows/packing.hpp"

namespace bytestride::python {

namespace py = pybind11;

namespace {

TokenType type_of(const py::dtype& dtype, std::size_t i) {
  const bool is_native = dtype.byteorder() == '=' || dtype.byteorder() == '|';
  const char kind = is_native ? dtype.kind() : ' ';
  const auto n_bytes = dtype.itemsize();
  if (kind == 'u' && n_bytes == 1) return TokenType::kUint8;
  if (kind == 'u' && n_bytes == 2) return TokenType::kUint16;
  if (kind == 'u' && n_bytes == 4) return TokenType::kUint32;
  if (kind == 'i' && n_bytes == 4) return TokenType::kInt32;
  throw py::type_error("shard " + std::to_string(i) +
                       " must hold uint8, uint16, uint32 or int32 in native byte order, found " +
                       std::string(py::str(static_cast<const py::object&>(dtype))));
}

TokenShard to_tokens(const py::handle& view, std::size_t i) {
  TokenShard shard{};
  shard.type = type_of(view.attr("dtype").cast<py::dtype>(), i);
  shard.n_tokens = view.attr("n_tokens").cast<std::int64_t>();
  shard.descriptor = view.attr("descriptor").cast<int>();
  shard.byte_offset = view.attr("byte_offset").cast<std::int64_t>();
  if (shard.n_tokens < 0 || shard.byte_offset < 0) {
    throw InvalidArgument("shard " + std::to_string(i) + " has a negative size or place");
  }
  const py::object ids = view.attr("ids");
  if (ids.is_none()) {
    if (shard.descriptor < 0) {
      throw InvalidArgument("shard " + std::to_string(i) + " has neither ids nor an open file");
    }
    return shard;
  }
  const auto array = ids.cast<py::array>();
  if (array.ndim() != 1 || (array.flags() & py::array::c_style) == 0 ||
      !array.dtype().equal(view.attr("dtype")) || array.size() != shard.n_tokens) {
    throw py::type_error("the ids of shard " + std::to_string(i) +
                         " must be a contiguous 1-D array of its type and size");
  }
  static const unsigned char kNothing = 0;
  shard.data = static_cast<const unsigned char*>(array.data());
  if (shard.n_tokens == 0) shard.data = &kNothing;
  return shard;
}

// A row of 64-bit numbers, perhaps unaligned; null for None.
const unsigned char* to_numbers(const py::object& object, std::int64_t& n, const char* name) {
  n = 0;
  if (object.is_none()) return nullptr;
  const auto array = object.cast<py::array>();
  const char kind = array.dtype().kind();
  if (array.ndim() != 1 || (kind != 'i' && kind != 'u') || array.itemsize() != 8 ||
      (array.size() > 1 && array.strides(0) != 8)) {
    throw py::type_error(std::string(name) + " must be a contiguous 1-D array of int64");
  }
  n = array.size();
  static const unsigned char kNothing = 0;
  return n == 0 ? &kNothing : static_cast<const unsigned char*>(array.data());
}

ShardDocuments to_documents(const py::handle& view, std::int64_t n_tokens, std::size_t i) {
  ShardDocuments shard{};
  shard.n_tokens = n_tokens;
  shard.n_documents = view.attr("n_documents").cast<std::int64_t>();
  shard.positions = to_numbers(view.attr("positions"), shard.n_positions, "positions");
  const auto unit = view.attr("unit").cast<std::uint64_t>();
  shard.shift = std::countr_zero(unit);
  shard.are_ends = view.attr("are_ends").cast<bool>();
  std::int64_t n_sequences;
  shard.sequences = to_numbers(view.attr("sequences"), n_sequences, "sequences");
  shard.descriptor = view.attr("descriptor").cast<int>();
  shard.n_bytes = view.attr("n_bytes").cast<std::int64_t>();
  bool fits = unit >= 1 && std::has_single_bit(unit) && shard.n_documents >= 0;
  if (shard.positions == nullptr) {
    fits = fits && shard.n_documents <= 1;
  } else if (shard.sequences != nullptr) {
    fits = fits && n_sequences == shard.n_documents + 1;
  } else {
    fits = fits && shard.n_positions == shard.n_documents;
  }
  if (!fits) {
    throw InvalidArgument("the documents of shard " + std::to_string(i) +
                          " are not as many as its index has positions");
  }
  return shard;
}

Tail to_tail(const std::string& name) {
  if (name == "drop") return Tail::kDrop;
  if (name == "pad") return Tail::kPad;
  if (name == "anchor") return Tail::kAnchor;
  throw InvalidArgument("tail must be 'drop', 'pad' or 'anchor', found '" + name + "'");
}

std::shared_ptr<PySource> make_source(
    const py::sequence& shards, std::int64_t max_length, std::int64_t stride,
    const std::string& tail, bool mask_overlap, bool mask_boundaries, bool per_document,
    std::int64_t first_token, std::int64_t n_tokens, std::int64_t first_document,
    std::int64_t n_documents, const py::object& selected, std::optional<std::int64_t> bos_id,
    std::optional<std::int64_t> eos_id, std::int64_t pad_id, std::int64_t ignore_index) {
  py::tuple held(shards);
  std::vector<TokenShard> token_shards;
  std::vector<ShardDocuments> document_shards;
  for (const auto& view : held) {
    const std::size_t i = token_shards.size();
    token_shards.push_back(to_tokens(view, i));
    document_shards.push_back(
        to_documents(view.attr("documents"), token_shards.back().n_tokens, i));
  }
  ShardedTokens tokens(std::move(token_shards));
  DocumentTable documents(std::move(document_shards));
  if (first_token < 0 || n_tokens < 0 || n_tokens > tokens.n_tokens() - first_token ||
      first_document < 0 || n_documents < 0 ||
      n_documents > documents.n_documents() - first_document) {
    throw InvalidArgument("this part of the store is not in it");
  }
  SourceOptions options;
  options.per_document = per_document;
  options.mask_boundaries = mask_boundaries;
  options.stream = {first_token, first_token + n_tokens};
  options.first_document = first_document;
  options.n_documents = n_documents;
  options.bos_id = bos_id;
  options.eos_id = eos_id;
  options.pad_id = pad_id;
  options.ignore_index = ignore_index;
  if (!selected.is_none()) {
    const auto numbers = span_of<std::int64_t>(selected.cast<py::array>(), "selected");
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] >= 0 && numbers[i] < documents.n_documents()) continue;
      throw InvalidArgument("document " + std::to_string(numbers[i]) + " is not in the store");
    }
    options.selected = numbers.data();
    options.n_documents = static_cast<std::int64_t>(numbers.size());
  }
  const WindowRule rule(max_length, stride, to_tail(tail), mask_overlap);
  py::gil_scoped_release released;  // counting windows may read index files
  auto core =
      std::make_shared<WindowSource>(std::move(tokens), std::move(documents), rule, options);
  py::gil_scoped_acquire acquired;
  return std::make_shared<PySource>(
      PySource{std::move(held), py::none(), selected, std::move(core)});
}

py::array_t<std::int64_t> piece_lengths(const PySource& self) {
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(self.core->n_windows()));
  {
    py::gil_scoped_release released;
    self.core->piece_lengths(lengths.data());
  }
  return array_of(std::move(lengths));
}

std::shared_ptr<PySource> packed(const PySource& self, const py::array& pieces,
                                 const py::array& offsets) {
  const auto piece_span = span_of<std::int64_t>(pieces, "pieces");
  const auto offset_span = span_of<std::int64_t>(offsets, "offsets");
  if (offset_span.empty()) throw InvalidArgument("offsets must have at least one number");
  auto core = std::make_shared<WindowSource>(*self.core);
  core->pack(piece_span.data(), static_cast<std::int64_t>(piece_span.size()), offset_span.data(),
             static_cast<std::int64_t>(offset_span.size()) - 1);
  return std::make_shared<PySource>(
      PySource{self.shards, py::make_tuple(pieces, offsets), self.selected, std::move(core)});
}

py::tuple pack(const py::array& lengths, std::int64_t capacity) {
  const auto span = span_of<std::int64_t>(lengths, "lengths");
  Packing packing;
  {
    py::gil_scoped_release released;
    packing = pack_best_fit(span.data(), static_cast<std::int64_t>(span.size()), capacity);
  }
  return py::make_tuple(array_of(std::move(packing.pieces)), array_of(std::move(packing.offsets)));
}

}  // namespace

void bind_window_source(py::module_& m) {
  py::class_<PySource, std::shared_ptr<PySource>>(
      m, "WindowSource", "Windows over one stream of tokens; its shards stay alive with it.")
      .def(py::init(&make_source), py::arg("shards"), py::kw_only(), py::arg("max_length"),
           py::arg("stride"), py::arg("tail"), py::arg("mask_overlap"), py::arg("mask_boundaries"),
           py::arg("per_document"), py::arg("first_token"), py::arg("n_tokens"),
           py::arg("first_document"), py::arg("n_documents"), py::arg("selected").none(true),
           py::arg("bos_id").none(true), py::arg("eos_id").none(true), py::arg("pad_id"),
           py::arg("ignore_index"))
      .def_property_readonly("n_rows", [](const PySource& self) { return self.core->n_rows(); })
      .def("piece_lengths", &piece_lengths, "Tokens of every window, int64[n].")
      .def("packed", &packed, py::arg("pieces"), py::arg("offsets"),
           "A source whose rows are several windows each, as pack_best_fit lists them.");
  m.def("pack_best_fit", &pack, py::arg("lengths"), py::arg("capacity"),
        "Pieces into rows: their numbers, row after row, and where each row begins.");
}

}  // namespace bytestride::python
