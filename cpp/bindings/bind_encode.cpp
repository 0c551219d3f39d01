#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "bindings/engine.hpp"
#include "bindings/special_tokens.hpp"
#include "documents/transcode.hpp"
#include "encode/batch_encoder.hpp"

namespace bytestride::python {
namespace {

// Below this a call keeps the GIL: releasing it costs more than the work.
constexpr std::size_t kReleaseGilBytes = 32 * 1024;

class MaybeReleaseGil {
 public:
  explicit MaybeReleaseGil(std::size_t n_bytes) {
    if (n_bytes >= kReleaseGilBytes) released_.emplace();
  }

 private:
  std::optional<py::gil_scoped_release> released_;
};

// Encodes one text into a borrowed workspace and gives use(tokens) the result.
template <typename Use>
auto with_ids_of(Engine& engine, const DocumentView& document, const AddedTokenPolicy& policy,
                 Use&& use) {
  const WorkspacePool::Loan workspace = engine.encoder.borrow();
  workspace->tokens.clear();
  {
    const MaybeReleaseGil release(document.n_bytes());
    engine.encoder.encode(document, policy, *workspace);
  }
  return use(workspace->tokens.data(), workspace->tokens.size());
}

template <typename Id>
py::list list_of(const Id* ids, std::size_t n) {
  PyObject* const list = PyList_New(static_cast<Py_ssize_t>(n));
  if (list == nullptr) throw py::error_already_set();
  auto owned = py::reinterpret_steal<py::list>(list);
  for (std::size_t i = 0; i < n; ++i) {
    PyObject* const number = PyLong_FromUnsignedLong(ids[i]);
    if (number == nullptr) throw py::error_already_set();
    PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), number);
  }
  return owned;
}

py::array_t<TokenId> array_copy(const TokenId* ids, std::size_t n) {
  return py::array_t<TokenId>(static_cast<py::ssize_t>(n), ids);
}

// What encode_ordinary does with added tokens: special ones are ordinary text.
AddedTokenPolicy ordinary(const Engine& engine) {
  static const AddedTokenSet none;
  return {engine.splitter->always_wanted(), none};
}

py::list encode(Engine& engine, const py::object& text, const py::object& allowed,
                const py::object& disallowed) {
  const DocumentView document = view_of_str(text);
  const SpecialTokens specials(*engine.splitter, allowed, disallowed);
  specials.refuse_texts(text);
  return with_ids_of(engine, document, specials.policy(), list_of<TokenId>);
}

py::array_t<TokenId> encode_to_numpy(Engine& engine, const py::object& text,
                                     const py::object& allowed, const py::object& disallowed) {
  const DocumentView document = view_of_str(text);
  const SpecialTokens specials(*engine.splitter, allowed, disallowed);
  specials.refuse_texts(text);
  return with_ids_of(engine, document, specials.policy(), array_copy);
}

std::size_t count(Engine& engine, const py::object& text, const py::object& allowed,
                  const py::object& disallowed) {
  const DocumentView document = view_of_str(text);
  const SpecialTokens specials(*engine.splitter, allowed, disallowed);
  specials.refuse_texts(text);
  return with_ids_of(engine, document, specials.policy(),
                     [](const TokenId*, std::size_t n) { return n; });
}

py::list encode_ordinary(Engine& engine, const py::object& text) {
  return with_ids_of(engine, view_of_str(text), ordinary(engine), list_of<TokenId>);
}

py::list encode_bytes(Engine& engine, const py::object& data) {
  const HeldBuffer held(data);
  const DocumentView document{held.bytes().data(), held.bytes().size(), TextKind::utf8};
  return with_ids_of(engine, document, ordinary(engine), list_of<TokenId>);
}

template <typename Id>
EncodedBatch<Id> encode_released(Engine& engine, const HeldDocuments& documents,
                                 const AddedTokenPolicy& policy, std::size_t n_threads) {
  const py::gil_scoped_release release;
  return bytestride::encode_batch<Id>(engine.encoder, documents.list(), policy, n_threads);
}

py::list encode_batch(Engine& engine, const py::object& texts, const py::object& num_threads,
                      const py::object& allowed, const py::object& disallowed) {
  const std::size_t n_threads = thread_count(num_threads);
  const SpecialTokens specials(*engine.splitter, allowed, disallowed);
  const HeldDocuments documents(texts, std::nullopt);
  for (const py::object& text : documents.texts()) specials.refuse_texts(text);
  const auto batch = encode_released<TokenId>(engine, documents, specials.policy(), n_threads);
  py::list lists;
  for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
    const auto begin = static_cast<std::size_t>(batch.offsets[i]);
    const auto end = static_cast<std::size_t>(batch.offsets[i + 1]);
    lists.append(list_of(batch.tokens.data() + begin, end - begin));
  }
  return lists;
}

template <typename Id>
py::tuple flat_batch(Engine& engine, const HeldDocuments& documents, std::size_t n_threads) {
  auto batch = encode_released<Id>(engine, documents, ordinary(engine), n_threads);
  return py::make_tuple(array_of(std::move(batch.tokens), batch.n_tokens),
                        array_of(std::move(batch.offsets)));
}

// One flat array of all ids and int64 offsets of the documents in it.
py::tuple encode_flat(Engine& engine, const py::object& source,
                      const std::optional<py::array>& offsets, const py::object& num_threads,
                      const std::optional<py::dtype>& dtype) {
  const std::size_t n_threads = thread_count(num_threads);
  const bool fits_u16 = engine.decoder.n_ids() <= 0x10000;
  bool narrow = fits_u16;
  if (dtype) {
    narrow = dtype->equal(py::dtype::of<std::uint16_t>());
    if (!narrow && !dtype->equal(py::dtype::of<TokenId>())) {
      throw py::type_error("dtype must be uint16, uint32 or None, not " +
                           py::str(*dtype).cast<std::string>());
    }
    if (narrow && !fits_u16) {
      throw py::value_error("uint16 holds ids below 65536, and the vocabulary's go up to " +
                            std::to_string(engine.decoder.n_ids() - 1) + "; use uint32");
    }
  }
  const HeldDocuments documents(source, offsets);
  return narrow ? flat_batch<std::uint16_t>(engine, documents, n_threads)
                : flat_batch<TokenId>(engine, documents, n_threads);
}

// An integer as an id; KeyError for one that no id can be.
std::int64_t id_from(py::handle item) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(item.ptr()));
  if (!index) throw py::error_already_set();
  int overflow = 0;
  const long long id = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) {
    throw py::key_error("id " + py::str(index).cast<std::string>() + " is no token's");
  }
  return id;
}

std::string decode_array(const Engine& engine, const py::array& ids) {
  if (ids.ndim() != 1) throw py::value_error("ids must be one-dimensional");
  const auto kind = ids.dtype().kind();
  if (kind != 'i' && kind != 'u') {
    throw py::type_error("ids must be integers, not " + py::str(ids.dtype()).cast<std::string>());
  }
  const bool plain = ids.flags() & py::array::c_style;
  if (plain && py::isinstance<py::array_t<TokenId>>(ids)) {
    return engine.decoder.decode(span_of<TokenId>(ids, "ids"));
  }
  if (plain && py::isinstance<py::array_t<std::uint16_t>>(ids)) {
    return engine.decoder.decode(span_of<std::uint16_t>(ids, "ids"));
  }
  const auto decode_as = [&]<typename Wide>(Wide) {
    const py::array_t<Wide, py::array::c_style | py::array::forcecast> wide(ids);
    return engine.decoder.decode(std::span(wide.data(), static_cast<std::size_t>(wide.size())));
  };
  return kind == 'u' ? decode_as(std::uint64_t{}) : decode_as(std::int64_t{});
}

std::string decoded(const Engine& engine, const py::object& ids) {
  if (py::isinstance<py::array>(ids)) return decode_array(engine, ids.cast<py::array>());
  if (PyUnicode_Check(ids.ptr())) throw py::type_error("ids must be integers, not str");
  std::vector<std::int64_t> values;
  for (const py::handle item : py::iter(ids)) {
    values.push_back(id_from(item));
  }
  return engine.decoder.decode(std::span<const std::int64_t>(values));
}

py::str decode(const Engine& engine, const py::object& ids, const std::string& errors) {
  const std::string bytes = decoded(engine, ids);
  PyObject* const text =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), errors.c_str());
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

}  // namespace

void bind_encode(py::module_& module) {
  const py::tuple none_allowed;
  const auto allowed = [&] { return py::arg("allowed_special") = none_allowed; };
  const auto disallowed = [] { return py::arg("disallowed_special") = "all"; };
  py::class_<Engine>(module, "Engine")
      .def(py::init<std::shared_ptr<Vocab>, std::shared_ptr<TextSplitter>, bool>(),
           py::arg("vocab"), py::arg("splitter"), py::arg("whole_pieces"))
      .def("encode", &encode, py::arg("text"), py::kw_only(), allowed(), disallowed(),
           R"(The ids of a text.

Parameters
----------
text : str
    Any text; a lone surrogate is read as U+FFFD.
allowed_special : 'all' or collection of str
    Special tokens that become their id, by their flags; by default none. One that is not named is
    not looked for: its flags do nothing.
disallowed_special : 'all' or collection of str
    Texts that raise ValueError wherever they stand, whatever the flags; by default all special
    tokens that are not allowed. With ``()`` they are encoded like any other text.

Returns
-------
list of int)")
      .def("encode_ordinary", &encode_ordinary, py::arg("text"),
           R"(The ids of a text in which special tokens are ordinary text.

Added tokens that are not special are matched all the same.

Returns
-------
list of int)")
      .def("encode_bytes", &encode_bytes, py::arg("data"),
           R"(The ids of bytes, UTF-8 or not, as encode_ordinary gives them.

Each maximal ill-formed sequence counts as one character that is no letter, number or space.

Parameters
----------
data : bytes or another contiguous buffer of bytes

Returns
-------
list of int)")
      .def("encode_to_numpy", &encode_to_numpy, py::arg("text"), py::kw_only(), allowed(),
           disallowed(), R"(As encode, in an array.

Returns
-------
numpy.ndarray
    uint32[n_tokens].)")
      .def("encode_batch", &encode_batch, py::arg("texts"), py::kw_only(),
           py::arg("num_threads") = py::none(), allowed(), disallowed(),
           R"(As encode for each of many texts, on several threads.

Parameters
----------
texts : iterable of str or bytes
num_threads : int, optional
    By default all cores that the process may use.

Returns
-------
list of list of int)")
      .def("count", &count, py::arg("text"), py::kw_only(), allowed(), disallowed(),
           R"(The number of ids that encode gives.

Returns
-------
int)")
      .def("_encode_flat", &encode_flat, py::arg("documents"), py::arg("offsets"),
           py::arg("num_threads"), py::arg("dtype"))
      .def("decode", &decode, py::arg("ids"), py::arg("errors") = "replace",
           R"(The text of ids.

Parameters
----------
ids : iterable of int, or 1-D integer array
errors : str
    What to do where the bytes are not UTF-8, as in bytes.decode.

Returns
-------
str

Raises
------
KeyError
    An id that is no token's, with its position.)")
      .def(
          "decode_bytes",
          [](const Engine& engine, const py::object& ids) {
            return py::bytes(decoded(engine, ids));
          },
          py::arg("ids"), R"(The bytes of ids.

Parameters
----------
ids : iterable of int, or 1-D integer array

Returns
-------
bytes

Raises
------
KeyError
    An id that is no token's, with its position.)")
      .def(
          "token_bytes",
          [](const Engine& engine, const py::object& id) {
            return py::bytes(engine.decoder.token_bytes(id_from(id)));
          },
          py::arg("id"), R"(The bytes of one token.

Returns
-------
bytes

Raises
------
KeyError
    No token has this id.)")
      .def_property_readonly("may_cut",
                             [](const Engine& engine) { return engine.splitter->may_cut(); })
      .def_property_readonly("vocab_size",
                             [](const Engine& engine) { return engine.decoder.n_ids(); });
}

}  // namespace bytestride::python
