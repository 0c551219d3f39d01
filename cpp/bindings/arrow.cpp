#include "bindings/arrow.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace bytestride::python {
namespace {

// The pointer in a capsule; TypeError if it is another's capsule.
template <typename Struct>
Struct& in_capsule(py::handle capsule, const char* name) {
  void* const pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) {
    PyErr_Clear();
    throw py::type_error(std::string("an Arrow object must give a capsule named ") + name);
  }
  auto* const found = static_cast<Struct*>(pointer);
  if (found->release == nullptr) throw py::value_error("the Arrow object was used up already");
  return *found;
}

bool is_documents(const ArrowSchema& schema) {
  if (schema.dictionary != nullptr) return false;
  const std::string_view format = schema.format;
  return format == "u" || format == "z" || format == "U" || format == "Z" || format == "vu" ||
         format == "vz";
}

void check_schema(const ArrowSchema& schema, const py::object& source) {
  if (is_documents(schema)) return;
  const std::string type = py::hasattr(source, "type")
                               ? py::str(source.attr("type")).cast<std::string>()
                               : "those of format '" + std::string(schema.format) + "'";
  throw py::value_error("an Arrow array of documents holds strings or binaries, not " + type);
}

bool is_valid(const ArrowArray& array, std::int64_t row) {
  const auto* const bits = static_cast<const std::uint8_t*>(array.buffers[0]);
  const std::int64_t bit = array.offset + row;
  return bits == nullptr || ((bits[bit / 8] >> (bit % 8)) & 1) != 0;
}

template <typename Offset>
void append_views(const ArrowArray& array, std::vector<DocumentView>& views) {
  const auto* const offsets = static_cast<const Offset*>(array.buffers[1]) + array.offset;
  const auto* const data = static_cast<const char*>(array.buffers[2]);
  for (std::int64_t row = 0; row < array.length; ++row) {
    const Offset begin = offsets[row], end = offsets[row + 1];
    if (begin < 0 || end < begin) {
      throw py::value_error("offset " + std::to_string(row) + " of the Arrow array is " +
                            std::to_string(begin) + " and the next " + std::to_string(end) +
                            "; offsets must ascend");
    }
    views.push_back({data + begin, static_cast<std::size_t>(end - begin), TextKind::utf8});
  }
}

// A view is 16 bytes: a length, and up to 12 bytes of text or else where the text lies.
void append_views_of_view_array(const ArrowArray& array, std::vector<DocumentView>& views) {
  constexpr std::size_t kViewBytes = 16, kMostInline = 12;
  const auto* const first = static_cast<const char*>(array.buffers[1]) +
                            static_cast<std::size_t>(array.offset) * kViewBytes;
  const std::int64_t n_data = array.n_buffers - 3;
  const auto* const data_sizes =
      static_cast<const std::int64_t*>(array.buffers[array.n_buffers - 1]);
  for (std::int64_t row = 0; row < array.length; ++row) {
    const char* const view = first + static_cast<std::size_t>(row) * kViewBytes;
    std::int32_t length, buffer, offset;
    std::memcpy(&length, view, 4);
    std::memcpy(&buffer, view + 8, 4);
    std::memcpy(&offset, view + 12, 4);
    if (length >= 0 && static_cast<std::size_t>(length) <= kMostInline) {
      views.push_back({view + 4, static_cast<std::size_t>(length), TextKind::utf8});
      continue;
    }
    if (length < 0 || offset < 0 || buffer < 0 || buffer >= n_data ||
        std::int64_t{offset} + length > data_sizes[buffer]) {
      throw py::value_error("view " + std::to_string(row) +
                            " of the Arrow array points outside of its buffers");
    }
    const auto* const data = static_cast<const char*>(array.buffers[2 + buffer]);
    views.push_back({data + offset, static_cast<std::size_t>(length), TextKind::utf8});
  }
}

}  // namespace

bool ArrowDocuments::is_arrow(py::handle object) {
  return py::hasattr(object, "__arrow_c_stream__") || py::hasattr(object, "__arrow_c_array__");
}

ArrowDocuments::ArrowDocuments(const py::object& source) {
  if (py::hasattr(source, "__arrow_c_stream__")) {
    add_stream(source);
  } else {
    const py::object pair = source.attr("__arrow_c_array__")();
    if (!py::isinstance<py::tuple>(pair) || py::len(pair) != 2) {
      throw py::type_error("__arrow_c_array__ must give two capsules");
    }
    const py::tuple capsules = pair;
    ArrowOwned<ArrowSchema> schema(in_capsule<ArrowSchema>(capsules[0], "arrow_schema"));
    ArrowOwned<ArrowArray> array(in_capsule<ArrowArray>(capsules[1], "arrow_array"));
    check_schema(*schema.get(), source);
    add(std::move(array), schema->format);
  }
  if (n_nulls_ != 0) {
    throw py::value_error(
        std::to_string(n_nulls_) + " documents of the Arrow array are null, the first at " +
        std::to_string(first_null_) + "; drop them or fill them with an empty string");
  }
}

void ArrowDocuments::add_stream(const py::object& source) {
  const py::object capsule = source.attr("__arrow_c_stream__")();
  ArrowOwned<ArrowArrayStream> stream(in_capsule<ArrowArrayStream>(capsule, "arrow_array_stream"));
  const auto check = [&](int error) {
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (error == 0) return;
    const char* const why = stream->get_last_error(stream.get());
    throw py::value_error(std::string("the Arrow stream failed: ") +
                          (why == nullptr ? std::strerror(error) : why));
  };
  ArrowOwned<ArrowSchema> schema;
  check(stream->get_schema(stream.get(), schema.get()));
  check_schema(*schema.get(), source);
  while (true) {
    ArrowOwned<ArrowArray> array;
    check(stream->get_next(stream.get(), array.get()));
    if (array->release == nullptr) return;  // no more
    add(std::move(array), schema->format);
  }
}

void ArrowDocuments::add(ArrowOwned<ArrowArray> owned, const char* format) {
  arrays_.push_back(std::move(owned));
  const ArrowArray& array = *arrays_.back().get();
  if (array.length == 0) return;
  if (array.null_count != 0) {
    for (std::int64_t row = 0; row < array.length; ++row) {
      if (is_valid(array, row)) continue;
      if (n_nulls_++ == 0) first_null_ = views_.size() + static_cast<std::size_t>(row);
    }
  }
  views_.reserve(views_.size() + static_cast<std::size_t>(array.length));
  switch (format[0]) {
    case 'v':
      return append_views_of_view_array(array, views_);
    case 'u':
    case 'z':
      return append_views<std::int32_t>(array, views_);
    default:
      return append_views<std::int64_t>(array, views_);
  }
}

}  // namespace bytestride::python
