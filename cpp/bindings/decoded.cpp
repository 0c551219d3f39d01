#include "bindings/decoded.hpp"

#include <span>
#include <string>

#include "base/error.hpp"
#include "bindings/ids_input.hpp"
#include "bindings/released_gil.hpp"

namespace bytestride::python {
namespace {

// An id takes about 4 bytes of text.
constexpr std::size_t kBytesPerId = 4;

[[noreturn]] void throw_changed() {
  throw InvalidArgument("the ids changed while they were being decoded");
}

template <typename Id>
py::bytes bytes_of(const Decoder& decoder, std::span<const Id> ids, std::size_t n_bytes) {
  PyObject* const bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(n_bytes));
  if (bytes == nullptr) throw py::error_already_set();
  auto owned = py::reinterpret_steal<py::bytes>(bytes);
  const MaybeReleaseGil release(kBytesPerId * ids.size());
  if (!decoder.write(ids, PyBytes_AS_STRING(bytes), n_bytes)) throw_changed();
  return owned;
}

Py_UCS4 largest_of(TextWidth width) {
  switch (width) {
    case TextWidth::ascii:
      return 0x7F;
    case TextWidth::latin1:
      return 0xFF;
    case TextWidth::ucs2:
      return 0xFFFF;
    case TextWidth::ucs4:
      break;
  }
  return 0x10FFFF;
}

// The str, or none where the bytes are not UTF-8.
template <typename Id>
py::object text_in_place(const Decoder& decoder, std::span<const Id> ids, const DecodedSize& size) {
  if (size.n_chars == 0) return {};
  PyObject* const text =
      PyUnicode_New(static_cast<Py_ssize_t>(size.n_chars), largest_of(size.widest));
  if (text == nullptr) throw py::error_already_set();
  auto owned = py::reinterpret_steal<py::object>(text);
  void* const data = PyUnicode_DATA(text);
  bool whole = false;
  {
    const MaybeReleaseGil release(kBytesPerId * ids.size());
    switch (size.widest) {
      case TextWidth::ascii:
        whole = decoder.write(ids, static_cast<char*>(data), size.n_bytes);
        break;
      case TextWidth::latin1:
        whole = decoder.write_text(ids, static_cast<std::uint8_t*>(data), size.n_chars);
        break;
      case TextWidth::ucs2:
        whole = decoder.write_text(ids, static_cast<std::uint16_t*>(data), size.n_chars);
        break;
      case TextWidth::ucs4:
        whole = decoder.write_text(ids, static_cast<std::uint32_t*>(data), size.n_chars);
        break;
    }
  }
  return whole ? owned : py::object();
}

template <typename Id>
py::str text_of(const Decoder& decoder, std::span<const Id> ids, const char* errors) {
  DecodedSize size{};
  {
    const MaybeReleaseGil release(kBytesPerId * ids.size());
    size = decoder.measure(ids);
  }
  if (py::object text = text_in_place(decoder, ids, size)) return py::str(std::move(text));
  const py::bytes bytes = bytes_of(decoder, ids, size.n_bytes);
  PyObject* const text =
      PyUnicode_DecodeUTF8(PyBytes_AS_STRING(bytes.ptr()), PyBytes_GET_SIZE(bytes.ptr()), errors);
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

}  // namespace

py::bytes decoded_bytes(const Decoder& decoder, py::handle ids) {
  return with_ids(ids, [&]<typename Id>(std::span<const Id> values) {
    std::size_t n_bytes = 0;
    {
      const MaybeReleaseGil release(kBytesPerId * values.size());
      n_bytes = decoder.measure(values).n_bytes;
    }
    return bytes_of(decoder, values, n_bytes);
  });
}

py::str decoded_text(const Decoder& decoder, py::handle ids, const char* errors) {
  return with_ids(ids, [&](auto values) { return text_of(decoder, values, errors); });
}

const char* error_handler(py::handle errors) {
  if (!PyUnicode_Check(errors.ptr())) {
    throw py::type_error(std::string("errors must be str, not ") + Py_TYPE(errors.ptr())->tp_name);
  }
  const char* const name = PyUnicode_AsUTF8(errors.ptr());
  if (name == nullptr) throw py::error_already_set();
  return name;
}

}  // namespace bytestride::python
