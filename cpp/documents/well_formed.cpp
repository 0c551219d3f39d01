#include "documents/well_formed.hpp"

#include <utility>

#include "base/error.hpp"
#include "documents/well_formed_kernels.hpp"

namespace bytestride {
namespace {

ByteSpan text_of(const DocumentView& document) {
  BYTESTRIDE_ASSERT(document.kind == TextKind::utf8);
  return {document.data, document.n_units};
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// The documents from `first` on that lie end to end, and what they are together.
struct Run {
  std::size_t end;
  ByteSpan text;
};

Run run_from(const DocumentList& documents, std::size_t first) {
  ByteSpan text = text_of(documents[first]);
  std::size_t end = first + 1;
  for (; end < documents.size(); ++end) {
    const ByteSpan next = text_of(documents[end]);
    if (next.data() != text.data() + text.size()) break;
    text = {text.data(), text.size() + next.size()};
  }
  return {end, text};
}

class Search {
 public:
  explicit Search(const DocumentList& documents)
      : documents_(documents), find_(find_ill_formed_for(backend())) {}

  std::vector<std::int64_t> take_found() { return std::move(found_); }

  // Looks through a run up to and with its first document that the sweep finds fault with, and
  // returns the one behind it.
  std::size_t sweep(std::size_t i, const Run& run) {
    const char* const run_end = run.text.data() + run.text.size();
    const ByteSpan text(documents_[i].data, static_cast<std::size_t>(run_end - documents_[i].data));
    const char* const fault = text.data() + find_(text);
    for (; i < run.end; ++i) {
      const ByteSpan document = text_of(documents_[i]);
      if (document.empty()) continue;
      const char* const end = document.data() + document.size();
      if (is_continuation(document.front())) {
        add(i, 0);
      } else if (fault < end) {
        add(i, static_cast<std::size_t>(fault - document.data()));
      } else if (end < run_end && is_continuation(*end)) {
        // A character of the run goes on behind the document; or else the next one is at fault.
        const std::size_t at = find_(document);
        if (at < document.size()) add(i, at);
      }
      if (fault < end) return i + 1;
    }
    return run.end;
  }

 private:
  void add(std::size_t document, std::size_t position) {
    found_.push_back(static_cast<std::int64_t>(document));
    found_.push_back(static_cast<std::int64_t>(position));
  }

  const DocumentList& documents_;
  const FindIllFormed find_;
  std::vector<std::int64_t> found_;
};

}  // namespace

std::vector<std::int64_t> ill_formed_documents(const DocumentList& documents) {
  Search search(documents);
  for (std::size_t i = 0; i < documents.size();) {
    const Run run = run_from(documents, i);
    while (i < run.end) i = search.sweep(i, run);
  }
  return search.take_found();
}

}  // namespace bytestride
