// One text to ids, and the engine's class.
#include <pybind11/stl.h>

#include <cstring>
#include <utility>

#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "bindings/engine.hpp"
#include "bindings/fast_method.hpp"
#include "bindings/released_gil.hpp"
#include "bindings/special_tokens.hpp"
#include "encode/cache_budget.hpp"
#include "simd/backend.hpp"

namespace bytestride::python {
namespace {

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

// The same for the arguments (text, allowed_special, disallowed_special).
template <typename Use>
auto with_ids_of(Engine& engine, const Arguments& arguments, Use&& use) {
  const auto [text, allowed, disallowed, none] = arguments;
  const DocumentView document = view_of_str(text);
  const SpecialTokens specials(engine, allowed, disallowed);
  specials.refuse_texts(text);
  return with_ids_of(engine, document, specials.policy(), std::forward<Use>(use));
}

constexpr Parameters text_and_specials(const char* function) {
  return {function, {"text", "allowed_special", "disallowed_special"}, 3, 1, 1};
}

PyObject* encode(PyObject* self, PyObject* const* values, Py_ssize_t n, PyObject* keywords) {
  static constexpr Parameters kParameters = text_and_specials("encode");
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return with_ids_of(engine, a, [&](const TokenId* ids, std::size_t n_ids) {
      return engine.id_objects.list_of(ids, n_ids);
    });
  });
}

PyObject* encode_ordinary(PyObject* self, PyObject* const* values, Py_ssize_t n,
                          PyObject* keywords) {
  static constexpr Parameters kParameters{"encode_ordinary", {"text"}, 1, 1, 1};
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return with_ids_of(engine, view_of_str(a[0]), engine.ordinary(),
                       [&](const TokenId* ids, std::size_t n_ids) {
                         return engine.id_objects.list_of(ids, n_ids);
                       });
  });
}

PyObject* encode_to_numpy(PyObject* self, PyObject* const* values, Py_ssize_t n,
                          PyObject* keywords) {
  static constexpr Parameters kParameters = text_and_specials("encode_to_numpy");
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return with_ids_of(engine, a, [&](const TokenId* ids, std::size_t n_ids) {
      py::array_t<TokenId> array(static_cast<py::ssize_t>(n_ids));
      if (n_ids != 0) std::memcpy(array.mutable_data(), ids, n_ids * sizeof *ids);
      return array;
    });
  });
}

PyObject* count(PyObject* self, PyObject* const* values, Py_ssize_t n, PyObject* keywords) {
  static constexpr Parameters kParameters = text_and_specials("count");
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return with_ids_of(engine, a,
                       [](const TokenId*, std::size_t n_ids) { return py::int_(n_ids); });
  });
}

py::list encode_bytes(Engine& engine, const py::object& data) {
  const HeldBuffer held(data);
  const DocumentView document{held.bytes().data(), held.bytes().size(), TextKind::utf8};
  return with_ids_of(
      engine, document, engine.ordinary(),
      [&](const TokenId* ids, std::size_t n_ids) { return engine.id_objects.list_of(ids, n_ids); });
}

PyMethodDef methods[] = {
    fast_method("encode", encode,
                R"(encode($self, text, *, allowed_special=(), disallowed_special='all')
--

encode(self: bytestride._core.Engine, text: str, *, allowed_special: object = (), disallowed_special: object = 'all') -> list

The ids of a text.

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
list of int)"),
    fast_method("encode_ordinary", encode_ordinary, R"(encode_ordinary($self, text)
--

encode_ordinary(self: bytestride._core.Engine, text: str) -> list

The ids of a text in which special tokens are ordinary text.

Added tokens that are not special are matched all the same.

Returns
-------
list of int)"),
    fast_method("encode_to_numpy", encode_to_numpy,
                R"(encode_to_numpy($self, text, *, allowed_special=(), disallowed_special='all')
--

encode_to_numpy(self: bytestride._core.Engine, text: str, *, allowed_special: object = (), disallowed_special: object = 'all') -> numpy.ndarray

As encode, in an array.

Returns
-------
numpy.ndarray
    uint32[n_tokens].)"),
    fast_method("count", count,
                R"(count($self, text, *, allowed_special=(), disallowed_special='all')
--

count(self: bytestride._core.Engine, text: str, *, allowed_special: object = (), disallowed_special: object = 'all') -> int

The number of ids that encode gives.

Returns
-------
int)"),
};

std::size_t budget_from(const py::object& n_bytes) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(n_bytes.ptr()));
  if (!index) throw py::error_already_set();
  int overflow = 0;
  const long long n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow < 0 || (overflow == 0 && n < 0)) {
    throw py::value_error("n_bytes must not be negative, but is " +
                          py::str(index).cast<std::string>());
  }
  return overflow > 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(n);
}

}  // namespace

void bind_encode(py::module_& module) {
  py::class_<Engine> engine(module, "Engine");
  engine
      .def(py::init<std::shared_ptr<Vocab>, std::shared_ptr<TextSplitter>, bool>(),
           py::arg("vocab"), py::arg("splitter"), py::arg("whole_pieces"))
      .def("encode_bytes", &encode_bytes, py::arg("data"),
           R"(The ids of bytes, UTF-8 or not, as encode_ordinary gives them.

Each maximal ill-formed sequence counts as one character that is no letter, number or space.

Parameters
----------
data : bytes or another contiguous buffer of bytes

Returns
-------
list of int)")
      .def(
          "clear_cache", [](Engine& self) { self.encoder.clear_cache(); },
          R"(Forget what words became so far, and give that memory back.

Ids do not depend on it. Calls that run meanwhile finish with what they hold.)")
      .def_property_readonly("may_cut", [](const Engine& self) { return self.splitter->may_cut(); })
      .def_property_readonly("vocab_size", [](const Engine& self) { return self.decoder.n_ids(); });
  for (PyMethodDef& method : methods) add_method(engine, method);
  bind_batch(engine);
  bind_decode(module, engine);
  bind_places(engine);
  module.def(
      "backend", [] { return std::string(name_of(backend())); },
      R"(The instruction set that the core's kernels use: 'scalar', 'avx2', 'avx512' or 'neon'.

Returns
-------
str

Raises
------
ValueError
    BYTESTRIDE_BACKEND names one that this processor lacks.)");
  module.def("cache_budget", &cache_budget,
             R"(The bytes that all word caches of the process may take together.

Returns
-------
int)");
  module.def("cache_bytes_in_use", &cache_bytes_in_use,
             R"(The bytes of the budget that word caches have taken, touched or not.

Returns
-------
int)");
  module.def(
      "set_cache_budget", [](const py::object& n_bytes) { set_cache_budget(budget_from(n_bytes)); },
      py::arg("n_bytes"), R"(Set how much all word caches of the process may take together.

A tokenizer keeps what words became the last time, for all of its threads, so that a word is worked
out once. The budget holds over all tokenizers and threads, beyond their vocabularies; 64 MiB unless
set. Caches there are already stay as large as they are until they are full or cleared.

Parameters
----------
n_bytes : int
    0 for no caches: every word is then worked out anew, with the same ids.

Raises
------
ValueError
    A negative number.)");
}

}  // namespace bytestride::python
