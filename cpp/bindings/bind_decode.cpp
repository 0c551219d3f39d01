// Ids to text: one call, batches, and a stream.
#include <pybind11/critical_section.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "bindings/bind.hpp"
#include "bindings/decoded.hpp"
#include "bindings/engine.hpp"
#include "bindings/fast_method.hpp"
#include "bindings/ids_input.hpp"

namespace bytestride::python {
namespace {

PyObject* decode(PyObject* self, PyObject* const* values, Py_ssize_t n, PyObject* keywords) {
  static constexpr Parameters kParameters{"decode", {"ids", "errors"}, 2, 2, 1};
  return guarded(kParameters, self, values, n, keywords, [](Engine& engine, const Arguments& a) {
    return decoded_text(engine.decoder, a[0], a[1] == nullptr ? "replace" : error_handler(a[1]));
  });
}

// As tiktoken's: an offset is that of the character which the token's first byte belongs to.
py::tuple decode_with_offsets(const Engine& engine, const py::object& ids) {
  return with_ids(ids, [&]<typename Id>(std::span<const Id> values) {
    const std::string bytes = engine.decoder.decode(values);
    py::list offsets(values.size());
    std::size_t n_chars = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const ByteSpan token = engine.decoder.token_bytes(static_cast<std::int64_t>(values[i]));
      const bool continues = (static_cast<unsigned char>(token[0]) & 0xC0) == 0x80;
      const std::size_t offset = n_chars - (continues && n_chars > 0 ? 1 : 0);
      PyList_SET_ITEM(offsets.ptr(), static_cast<Py_ssize_t>(i), py::int_(offset).release().ptr());
      for (const char byte : token) n_chars += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }
    PyObject* const text =
        PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "strict");
    if (text == nullptr) throw py::error_already_set();
    return py::make_tuple(py::reinterpret_steal<py::str>(text), offsets);
  });
}

bool is_iterable(py::handle ids) {
  return PySequence_Check(ids.ptr()) != 0 || Py_TYPE(ids.ptr())->tp_iter != nullptr;
}

// Text of ids that come one by one: the start of a character waits for its rest.
class StreamDecoder {
 public:
  StreamDecoder(py::object engine, const py::object& errors)
      : owner_(std::move(engine)),
        engine_(owner_.cast<const Engine&>()),
        errors_(error_handler(errors)) {}

  py::str feed(const py::object& ids) {
    const std::string bytes = bytes_of(ids);  // before held_ is touched: it may run any code
    std::string all = held_ + bytes;
    Py_ssize_t n_done = 0;
    PyObject* const text = PyUnicode_DecodeUTF8Stateful(
        all.data(), static_cast<Py_ssize_t>(all.size()), errors_.c_str(), &n_done);
    if (text == nullptr) throw py::error_already_set();
    held_ = all.substr(static_cast<std::size_t>(n_done));
    return py::reinterpret_steal<py::str>(text);
  }

  py::str flush() {
    const std::string rest = std::exchange(held_, {});
    PyObject* const text =
        PyUnicode_DecodeUTF8(rest.data(), static_cast<Py_ssize_t>(rest.size()), errors_.c_str());
    if (text == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(text);
  }

  py::bytes held() const { return held_; }

 private:
  std::string bytes_of(const py::object& ids) const {
    if (PyLong_CheckExact(ids.ptr()) || !is_iterable(ids)) {
      return std::string(engine_.decoder.token_bytes(id_from(ids)));
    }
    return with_ids(ids, [&](auto values) { return engine_.decoder.decode(values); });
  }

  py::object owner_;
  const Engine& engine_;
  std::string errors_;
  std::string held_;
};

PyMethodDef decode_methods[] = {
    fast_method("decode", decode, R"(decode($self, ids, errors='replace')
--

decode(self: bytestride._core.Engine, ids: object, errors: str = 'replace') -> str

The text of ids.

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
    An id that is no token's, with its position.)"),
};

}  // namespace

void bind_decode(py::module_& module, py::class_<Engine>& engine) {
  for (PyMethodDef& method : decode_methods) add_method(engine, method);
  engine
      .def(
          "decode_bytes",
          [](const Engine& self, const py::object& ids) {
            return decoded_bytes(self.decoder, ids);
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
          [](const Engine& self, const py::object& id) {
            return py::bytes(self.decoder.token_bytes(id_from(id)));
          },
          py::arg("id"), R"(The bytes of one token.

Returns
-------
bytes

Raises
------
KeyError
    No token has this id.)")
      .def("decode_with_offsets", &decode_with_offsets, py::arg("ids"),
           R"(The text of ids, and where in it each token starts.

Parameters
----------
ids : iterable of int, or 1-D integer array

Returns
-------
text : str
offsets : list of int
    For each token the index of a character: that which its first byte is of, though it may have
    begun in the token before. As tiktoken's method of this name.

Raises
------
KeyError
    An id that is no token's, with its position.
UnicodeDecodeError
    The bytes of the ids are not UTF-8.)");
  // Two threads may not feed one stream at a time: each call locks it where no GIL does.
  py::class_<StreamDecoder>(module, "StreamDecoder",
                            R"(The text of ids as they come, piece by piece.

What comes out, end to end, is what `decode` gives for all ids. A character that is not complete
yet is held back, at most 3 bytes.

Parameters
----------
tokenizer : Tokenizer
errors : str
    What to do where the bytes are not UTF-8, as in bytes.decode.)")
      .def(py::init([](const py::object& tokenizer, const py::object& errors) {
             if (!py::isinstance<Engine>(tokenizer)) {
               throw py::type_error(std::string("tokenizer must be a Tokenizer, not ") +
                                    Py_TYPE(tokenizer.ptr())->tp_name);
             }
             return std::make_unique<StreamDecoder>(tokenizer, errors);
           }),
           py::arg("tokenizer"), py::arg("errors") = "replace")
      .def(
          "feed",
          [](const py::object& self, const py::object& ids) {
            const py::scoped_critical_section lock(self);
            return self.cast<StreamDecoder&>().feed(ids);
          },
          py::arg("ids"), R"(Take ids and give the text that is complete with them.

Parameters
----------
ids : int, iterable of int, or 1-D integer array

Returns
-------
str
    Perhaps empty.

Raises
------
KeyError
    An id that is no token's. Like after any error, the stream is as it was before the call.)")
      .def(
          "flush",
          [](const py::object& self) {
            const py::scoped_critical_section lock(self);
            return self.cast<StreamDecoder&>().flush();
          },
          R"(Give what is left at the end, and begin anew.

Returns
-------
str
    Empty, or what the error handler makes of a character that was never completed: by default
    one U+FFFD.)")
      .def_property_readonly(
          "held", [](const StreamDecoder& self) { return self.held(); },
          "Bytes of a character that is not complete yet.");
}

}  // namespace bytestride::python
