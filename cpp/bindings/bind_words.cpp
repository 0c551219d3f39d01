// Word counts: the table, and the counter that fills one.
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/documents.hpp"
#include "train/word_counter.hpp"

namespace bytestride::python {
namespace {

void add_documents(WordCounter& counter, const py::object& source,
                   const std::optional<py::array>& offsets, const py::object& num_threads) {
  const HeldDocuments documents(source, offsets);
  const std::size_t n_threads = thread_count(num_threads);
  const py::gil_scoped_release release;
  counter.add(documents.list(), n_threads);
}

WordCounts counted_part(WordCounter& counter, std::size_t part) {
  if (part >= WordCounter::kParts) throw py::index_error("no such part of the words");
  const py::gil_scoped_release release;
  return counter.finish_part(part);
}

// words, offsets, counts and firsts or None, in the order of sorted().
py::tuple arrays_of(const WordCounts& words) {
  std::vector<std::uint32_t> order;
  {
    const py::gil_scoped_release release;
    order = words.sorted();
  }
  const auto n = static_cast<py::ssize_t>(order.size());
  py::array_t<std::uint8_t> bytes(static_cast<py::ssize_t>(words.n_bytes()));
  py::array_t<std::int64_t> offsets(n + 1);
  py::array_t<std::uint64_t> counts(n);
  py::object firsts = py::none();
  std::uint64_t* first = nullptr;
  if (words.has_firsts()) {
    py::array_t<std::uint64_t> array(n);
    first = array.mutable_data();
    firsts = std::move(array);
  }
  auto* to = reinterpret_cast<char*>(bytes.mutable_data());
  std::int64_t* const offset = offsets.mutable_data();
  std::uint64_t* const count = counts.mutable_data();
  offset[0] = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ByteSpan word = words.word(order[i]);
    to = std::copy(word.begin(), word.end(), to);
    offset[i + 1] = offset[i] + static_cast<std::int64_t>(word.size());
    count[i] = words.count(order[i]);
    if (first != nullptr) first[i] = words.first(order[i]);
  }
  return py::make_tuple(std::move(bytes), std::move(offsets), std::move(counts), std::move(firsts));
}

py::tuple longest_of(const WordCounts& words) {
  ByteSpan longest;
  for (std::size_t i = 0; i < words.n_words(); ++i) {
    if (words.word(i).size() > longest.size()) longest = words.word(i);
  }
  return py::make_tuple(longest.size(), py::bytes(longest.substr(0, 40)));
}

WordCounts words_from(const py::object& buffer, const py::array& offsets, const py::array& counts,
                      const std::optional<py::array>& firsts) {
  const HeldBuffer held(buffer);
  const ByteSpan bytes = held.bytes();
  const auto ends = span_of<std::int64_t>(offsets, "offsets");
  const auto numbers = span_of<std::uint64_t>(counts, "counts");
  const auto places =
      firsts ? span_of<std::uint64_t>(*firsts, "firsts") : std::span<const std::uint64_t>();
  if (ends.size() != numbers.size() + 1 || (firsts && places.size() != numbers.size())) {
    throw py::value_error("for n counts there must be n + 1 offsets, and n firsts or none");
  }
  std::int64_t previous = 0;
  for (const std::int64_t end : ends) {
    if (end < previous || end > static_cast<std::int64_t>(bytes.size())) {
      throw py::value_error("offsets must ascend within the " + std::to_string(bytes.size()) +
                            " bytes of the words");
    }
    previous = end;
  }
  const py::gil_scoped_release release;
  WordCounts words(firsts.has_value());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto begin = static_cast<std::size_t>(ends[i]);
    words.add(bytes.substr(begin, static_cast<std::size_t>(ends[i + 1]) - begin), numbers[i],
              firsts ? places[i] : 0);
  }
  return words;
}

}  // namespace

void bind_words(py::module_& module) {
  py::class_<WordCounts>(module, "WordCounts", "How often each word occurs.")
      .def(py::init<bool>(), py::kw_only(), py::arg("firsts") = false, "An empty table.")
      .def("arrays", &arrays_of,
           R"(The table, by falling count, words of one count by their bytes.

Returns
-------
tuple
    words uint8[n_bytes], offsets int64[n + 1], counts uint64[n], and firsts uint64[n] or None.)")
      .def("add_all", &WordCounts::add_all, py::arg("other"), py::arg("first_shift") = 0,
           py::call_guard<py::gil_scoped_release>(),
           R"(Add the words of another table, whose firsts count from first_shift on.

Raises
------
ValueError
    A sum above 2^64 - 1; only one of the two has firsts.)")
      .def("longest", &longest_of,
           R"(The length of the longest word, in bytes, and its first 40 bytes.

Returns
-------
tuple of int and bytes)")
      .def_property_readonly("n_words", &WordCounts::n_words)
      .def_property_readonly("n_bytes", &WordCounts::n_bytes)
      .def_property_readonly("memory_bytes", &WordCounts::memory_bytes)
      .def_property_readonly("has_firsts", &WordCounts::has_firsts)
      .def_property_readonly("total", &WordCounts::total);

  module.def("words_from_arrays", &words_from, py::arg("words"), py::arg("offsets"),
             py::arg("counts"), py::arg("firsts") = py::none(),
             R"(A table of words; one that is given twice has the sum of its counts.

Parameters
----------
words : bytes or another buffer of bytes
    All words side by side.
offsets : numpy.ndarray
    int64[n + 1]; word i is words[offsets[i]:offsets[i + 1]].
counts : numpy.ndarray
    uint64[n].
firsts : numpy.ndarray, optional
    uint64[n]: the offset at which each stands first.

Raises
------
ValueError
    Offsets that descend or leave the words; arrays of different lengths; a sum above 2^64 - 1.)");

  py::class_<WordCounter>(module, "WordCounter")
      .def(py::init([](std::shared_ptr<TextSplitter> splitter, bool firsts, bool count_added,
                       bool by_lines, std::size_t memory_bytes, int spill_descriptor) {
             const CountOptions options{firsts, count_added, by_lines, memory_bytes,
                                        spill_descriptor};
             return std::make_unique<WordCounter>(std::move(splitter), options);
           }),
           py::arg("splitter"), py::kw_only(), py::arg("firsts") = false,
           py::arg("count_added") = false, py::arg("by_lines") = false, py::arg("memory_bytes") = 0,
           py::arg("spill_descriptor") = -1,
           R"(A counter of the words of a split.

Parameters
----------
splitter : Splitter
firsts : bool
    Keep for each word how many bytes of words stand before its first occurrence; counting then
    takes one thread.
count_added : bool
    Added tokens in the text count as words.
by_lines : bool
    Each line of a document, with its newline, is split by itself.
memory_bytes : int
    What the tables may take together; 0 for no limit.
spill_descriptor : int
    Of a scratch file open for reading and writing, where tables go that exceed the limit. It stays
    the caller's, and open until the counter has finished.

Raises
------
ValueError
    A limit below 4 MiB, or one without a descriptor.)")
      .def("add", &add_documents, py::arg("documents"), py::arg("offsets") = py::none(),
           py::arg("num_threads") = py::none())
      .def("finish", &WordCounter::finish, py::call_guard<py::gil_scoped_release>(),
           "All counts so far, in one table; the counter is as new afterwards.")
      .def("finish_part", &counted_part, py::arg("part"),
           "The words of one of n_parts parts, for who has no room for all; each may be had once.")
      .def_property_readonly("n_parts", [](const WordCounter&) { return WordCounter::kParts; })
      .def_property_readonly("n_spilled_bytes", &WordCounter::n_spilled_bytes,
                             "Bytes written to the scratch file so far.")
      .def_property_readonly("n_texts", &WordCounter::n_texts,
                             "Documents or lines so far, empty ones left out; one that was cut "
                             "counts for each part.")
      .def_property_readonly("n_text_bytes", &WordCounter::n_text_bytes,
                             "Bytes of all pretokens counted so far.");
}

}  // namespace bytestride::python
