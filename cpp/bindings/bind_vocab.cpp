#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "vocab/model_text.hpp"
#include "vocab/rank_lines.hpp"
#include "vocab/vocab.hpp"

namespace bytestride::python {
namespace {

std::shared_ptr<TokenTable> make_tokens(const py::bytes& token_bytes,
                                        const py::array& token_offsets,
                                        const py::array& token_ids) {
  const auto offsets = span_of<std::int64_t>(token_offsets, "token_offsets");
  const auto ids = span_of<TokenId>(token_ids, "token_ids");
  std::string bytes(static_cast<std::string_view>(token_bytes));
  const py::gil_scoped_release release;
  return std::make_shared<TokenTable>(std::move(bytes), offsets, ids);
}

std::shared_ptr<TokenTable> tokens_from_ranks(const py::bytes& text) {
  const auto view = static_cast<std::string_view>(text);
  const py::gil_scoped_release release;
  std::optional<TokenList> list = read_rank_lines(view);
  return list ? std::make_shared<TokenTable>(*std::move(list)) : nullptr;
}

// (tokens, merges, other keys, range of the vocabulary, range of the merges), or None.
py::object model_of(const py::bytes& document) {
  const auto view = static_cast<std::string_view>(document);
  std::optional<ModelText> model;
  {
    const py::gil_scoped_release release;
    model = read_model_text(view);
  }
  if (!model) return py::none();
  const auto n = static_cast<py::ssize_t>(model->pairs.size());
  py::array_t<TokenId> merges({n, py::ssize_t{2}});
  std::copy(model->pairs.begin(), model->pairs.end(),
            reinterpret_cast<Pair*>(merges.mutable_data()));
  py::list other_keys;
  for (const auto& [text, id] : model->other_keys) {
    other_keys.append(py::make_tuple(text.begin, text.end, id));
  }
  return py::make_tuple(std::const_pointer_cast<TokenTable>(model->tokens), merges, other_keys,
                        py::make_tuple(model->vocab.begin, model->vocab.end),
                        py::make_tuple(model->merges.begin, model->merges.end));
}

std::shared_ptr<TokenTable> tokens_without(const TokenTable& tokens, const py::array& ids) {
  return std::make_shared<TokenTable>(tokens.without(span_of<TokenId>(ids, "ids")));
}

py::tuple token_arrays(const TokenTable& tokens) {
  const auto n = static_cast<std::uint32_t>(tokens.size());
  py::array_t<std::int64_t> offsets(n + 1);
  py::array_t<TokenId> ids(n);
  std::int64_t* const ends = offsets.mutable_data();
  TokenId* const out = ids.mutable_data();
  std::string bytes;
  ends[0] = 0;
  for (std::uint32_t row = 0; row < n; ++row) {
    bytes += tokens.bytes(row);
    ends[row + 1] = static_cast<std::int64_t>(bytes.size());
    out[row] = tokens.id(row);
  }
  return py::make_tuple(py::bytes(bytes), offsets, ids);
}

py::object bytes_of_id(const TokenTable& tokens, std::int64_t id) {
  if (id < 0 || id > kMaxListedId) return py::none();
  const std::uint32_t row = tokens.row_of(static_cast<TokenId>(id));
  return row == kNoRow ? py::object(py::none()) : py::bytes(tokens.bytes(row));
}

py::list bytes_of_all(const TokenTable& tokens) {
  py::list all(tokens.size());
  for (std::uint32_t row = 0; row < tokens.size(); ++row) all[row] = py::bytes(tokens.bytes(row));
  return all;
}

std::optional<TokenId> id_of_bytes(const TokenTable& tokens, const py::object& token) {
  const std::uint32_t row = tokens.row_of(HeldBuffer(token).bytes());
  return row == kNoRow ? std::nullopt : std::optional(tokens.id(row));
}

std::shared_ptr<Vocab> make_vocab(const std::shared_ptr<TokenTable>& tokens,
                                  const std::optional<py::array>& merges) {
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
  const py::gil_scoped_release release;
  return std::make_shared<Vocab>(tokens, pairs);
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
  py::class_<TokenTable, std::shared_ptr<TokenTable>>(module, "TokenTable")
      .def(py::init(&make_tokens), py::arg("token_bytes"), py::arg("token_offsets"),
           py::arg("token_ids"))
      .def_property_readonly("n_tokens", &TokenTable::size)
      .def("arrays", &token_arrays)
      .def("bytes_of", &bytes_of_id, py::arg("id"))
      .def("all_bytes", &bytes_of_all)
      .def("id_of", &id_of_bytes, py::arg("token"))
      .def("without", &tokens_without, py::arg("ids"));
  module.def("read_model_text", &model_of, py::arg("document"));
  module.def("read_rank_lines", &tokens_from_ranks, py::arg("text"));
  py::class_<Vocab, std::shared_ptr<Vocab>>(module, "Vocab")
      .def(py::init(&make_vocab), py::arg("tokens").none(false), py::arg("merges"))
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
