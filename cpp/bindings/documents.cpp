#include "bindings/documents.hpp"

#include <algorithm>
#include <string>

#include "base/parallel.hpp"
#include "bindings/arrays.hpp"

namespace bytestride::python {
namespace {

std::string type_name(py::handle object) {
  return Py_TYPE(object.ptr())->tp_name;
}

DocumentView view_of_bytes(py::handle text) {
  return {PyBytes_AS_STRING(text.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(text.ptr())),
          TextKind::utf8};
}

void check_offsets(std::span<const std::int64_t> offsets, std::size_t n_bytes) {
  std::int64_t previous = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] < previous || static_cast<std::uint64_t>(offsets[i]) > n_bytes) {
      throw py::value_error("offsets[" + std::to_string(i) + "] is " + std::to_string(offsets[i]) +
                            "; offsets must ascend from 0 to at most " + std::to_string(n_bytes) +
                            ", the buffer's length");
    }
    previous = offsets[i];
  }
}

// One view a row of int64[n, 2]; rows may come in any order, and overlap.
std::vector<DocumentView> views_of_spans(ByteSpan buffer, const std::int64_t* rows,
                                         std::size_t n_rows) {
  std::vector<DocumentView> views;
  views.reserve(n_rows);
  for (std::size_t i = 0; i < n_rows; ++i) {
    const std::int64_t begin = rows[2 * i], end = rows[2 * i + 1];
    if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > buffer.size()) {
      throw py::value_error("offsets[" + std::to_string(i) + "] is [" + std::to_string(begin) +
                            ", " + std::to_string(end) + "], which is no part of a buffer of " +
                            std::to_string(buffer.size()) + " bytes");
    }
    views.push_back({buffer.data() + begin, static_cast<std::size_t>(end - begin), TextKind::utf8});
  }
  return views;
}

// Every one is looked at, so that the loop has no branch and the compiler takes many at once.
template <typename Unit>
bool has_surrogate(const char* data, std::size_t n_units) {
  const auto* units = reinterpret_cast<const Unit*>(data);
  bool found = false;
  for (std::size_t i = 0; i < n_units; ++i) found |= (units[i] & ~Unit{0x7FF}) == 0xD800;
  return found;
}

}  // namespace

DocumentView view_of_str(py::handle text) {
  PyObject* const str = text.ptr();
  if (!PyUnicode_Check(str)) {
    throw py::type_error("text must be str, not " + type_name(text));
  }
#if PY_VERSION_HEX < 0x030C0000
  if (PyUnicode_READY(str) != 0) throw py::error_already_set();
#endif
  const auto* data = static_cast<const char*>(PyUnicode_DATA(str));
  const auto n_units = static_cast<std::size_t>(PyUnicode_GET_LENGTH(str));
  if (PyUnicode_IS_ASCII(str)) return {data, n_units, TextKind::utf8};
  switch (PyUnicode_KIND(str)) {
    case PyUnicode_1BYTE_KIND:
      return {data, n_units, TextKind::ucs1};
    case PyUnicode_2BYTE_KIND:
      return {data, n_units, TextKind::ucs2};
    default:
      return {data, n_units, TextKind::ucs4};
  }
}

DocumentView view_of_text(py::handle text) {
  if (PyBytes_Check(text.ptr())) return view_of_bytes(text);
  if (PyUnicode_Check(text.ptr())) return view_of_str(text);
  throw py::type_error("a document must be str or bytes, not " + type_name(text));
}

HeldBuffer::HeldBuffer(const py::object& object) {
  if (PyUnicode_Check(object.ptr())) {
    throw py::type_error("expected bytes or another buffer of bytes, not str; encode it to UTF-8");
  }
  if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  if (view_.itemsize != 1) {
    const auto item_bytes = std::to_string(view_.itemsize);
    PyBuffer_Release(&view_);
    throw py::type_error("expected a buffer of bytes, not one of items of " + item_bytes +
                         " bytes each");
  }
}

HeldBuffer::HeldBuffer(HeldBuffer&& other) noexcept : view_(other.view_) {
  other.view_ = Py_buffer{};
}

HeldBuffer::~HeldBuffer() {
  if (view_.obj != nullptr) PyBuffer_Release(&view_);
}

HeldDocuments::HeldDocuments(const py::object& source, const std::optional<py::array>& offsets) {
  if (offsets) {
    buffer_.emplace(source);
    read_buffer(*offsets);
  } else if (PyList_CheckExact(source.ptr()) || !ArrowDocuments::is_arrow(source)) {
    read_iterable(source);
  } else {
    list_.emplace(arrow_.emplace(source).take_views());
  }
}

void HeldDocuments::read_buffer(const py::array& offsets) {
  offsets_ = offsets;
  if (offsets.ndim() == 2 && offsets.shape(1) == 2 &&
      py::isinstance<py::array_t<std::int64_t>>(offsets) &&
      (offsets.flags() & py::array::c_style)) {
    list_.emplace(views_of_spans(buffer_->bytes(), static_cast<const std::int64_t*>(offsets.data()),
                                 static_cast<std::size_t>(offsets.shape(0))));
    return;
  }
  const auto span = span_of<std::int64_t>(*offsets_, "offsets");
  if (span.empty()) throw py::value_error("offsets must hold at least one number");
  check_offsets(span, buffer_->bytes().size());
  list_.emplace(buffer_->bytes(), span);
}

void HeldDocuments::read_iterable(const py::object& source) {
  if (PyUnicode_Check(source.ptr()) || PyBytes_Check(source.ptr())) {
    throw py::type_error("documents must be an iterable of str or bytes, not one " +
                         type_name(source) + "; put it in a list");
  }
  std::vector<DocumentView> views;
  if (const Py_ssize_t hint = PyObject_LengthHint(source.ptr(), 0); hint > 0) {
    // A hint may be anything.
    const auto n = static_cast<std::size_t>(std::min(hint, Py_ssize_t{1} << 20));
    views.reserve(n);
    texts_.reserve(n);
  } else if (hint < 0) {
    throw py::error_already_set();
  }
  for (const py::handle text : py::iter(source)) {
    views.push_back(view_of_text(text));
    texts_.push_back(py::reinterpret_borrow<py::object>(text));
  }
  list_.emplace(std::move(views));
}

bool is_encodable(py::handle text) {
  if (!PyUnicode_Check(text.ptr())) return false;
  const DocumentView view = view_of_str(text);
  switch (view.kind) {
    case TextKind::ucs2:
      return !has_surrogate<std::uint16_t>(view.data, view.n_units);
    case TextKind::ucs4:
      return !has_surrogate<std::uint32_t>(view.data, view.n_units);
    default:
      return true;
  }
}

std::size_t thread_count(const py::object& num_threads) {
  if (num_threads.is_none()) return usable_cores();
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(num_threads.ptr()));
  if (!index) {
    PyErr_Clear();
    throw py::type_error("num_threads must be an integer or None, not " + type_name(num_threads));
  }
  int overflow = 0;
  const long long n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow < 0 || (overflow == 0 && n < 1)) {
    throw py::value_error("num_threads must be at least 1, or None for all cores, not " +
                          py::str(index).cast<std::string>());
  }
  // More threads than this help nobody and may not start.
  constexpr long long kMost = 1024;
  return static_cast<std::size_t>(overflow > 0 ? kMost : std::min(n, kMost));
}

}  // namespace bytestride::python
