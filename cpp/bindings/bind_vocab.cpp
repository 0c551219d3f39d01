#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "vocab/vocab.hpp"

namespace bytestride::python {
namespace {

std::shared_ptr<Vocab> make_vocab(const py::bytes& token_bytes, const py::array& token_offsets,
                                  const py::array& token_ids,
                                  const std::optional<py::array>& merges) {
  const auto offsets = span_of<std::int64_t>(token_offsets, "token_offsets");
  const auto ids = span_of<TokenId>(token_ids, "token_ids");
  std::optional<std::span<const Pair>> pairs;
  if (merges) {
    static_assert(sizeof(Pair) == 2 * sizeof(TokenId));
    if (!py::isinstance<py::array_t<TokenId>>(*merges) || merges->ndim() != 2 ||
        merges->shape(1) != 2 || !(merges->flags() & py::array::c_style)) {
      throw py::type_error("merges must be a contiguous uint32[m, 2] array or None");
    }
    pairs.emplace(static_cast<const Pair*>(merges->data()),
                  static_cast<std::size_t>(merges->shape(0)));
  }
  std::string bytes(static_cast<std::string_view>(token_bytes));
  const py::gil_scoped_release release;
  return std::make_shared<Vocab>(std::move(bytes), offsets, ids, pairs);
}

py::array_t<TokenId> merges_of(const Vocab& vocab) {
  py::array_t<TokenId> rows({static_cast<py::ssize_t>(vocab.merges().size()), py::ssize_t{3}});
  TokenId* out = rows.mutable_data();
  for (const auto& [pair, product] : vocab.merges()) {
    *out++ = pair.left;
    *out++ = pair.right;
    *out++ = product;
  }
  return rows;
}

}  // namespace

void bind_vocab(py::module_& module) {
  py::class_<Vocab, std::shared_ptr<Vocab>>(module, "Vocab")
      .def(py::init(&make_vocab), py::arg("token_bytes"), py::arg("token_offsets"),
           py::arg("token_ids"), py::arg("merges"))
      .def_property_readonly("n_tokens", &Vocab::n_tokens)
      .def_property_readonly("max_id", &Vocab::max_id)
      .def_property_readonly("ranks_are_ids", &Vocab::ranks_are_ids)
      .def(
          "token_bytes",
          [](const Vocab& vocab, std::int64_t id) {
            if (id < 0 || id > vocab.max_id() || !vocab.has(static_cast<TokenId>(id))) {
              throw NotFound("id " + std::to_string(id) + " is no token's; ids go from 0 to " +
                             std::to_string(vocab.max_id()));
            }
            return py::bytes(vocab.token_bytes(static_cast<TokenId>(id)));
          },
          py::arg("id"))
      .def(
          "id_of",
          [](const Vocab& vocab, const py::object& token) -> std::optional<TokenId> {
            const TokenId id = vocab.id_of(HeldBuffer(token).bytes());
            return id == kNoToken ? std::nullopt : std::optional(id);
          },
          py::arg("token"))
      .def("merges", &merges_of)
      .def("unreachable", [](const Vocab& vocab) { return array_of(vocab.unreachable()); });
}

}  // namespace bytestride::python
