// Documents before anything reads them: lines of JSON all at once and each alone, what is not UTF-8
// in one sweep and document by document, and cuts at a separator. Input: the length of a separator,
// the separator, then text.

#include <string>
#include <vector>

#include "check.hpp"
#include "documents/json_lines.hpp"
#include "documents/separators.hpp"
#include "documents/well_formed.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// What a buffer of lines came to: the texts, and the places of their lines and of the unclear ones.
struct Read {
  std::string text;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int64_t> lines;
  std::vector<std::int64_t> unclear;
};

void read(ByteSpan data, std::int64_t place, Read& into) {
  const JsonLineTexts found = json_line_texts(data, "text");
  const auto n_bytes = static_cast<std::size_t>(found.offsets.back());
  require(n_bytes <= data.size(), "texts are longer than their lines");
  require(found.offsets.size() == found.lines.size() + 1, "as many texts as lines");
  const auto first = static_cast<std::int64_t>(into.text.size());
  into.text.append(static_cast<const char*>(found.text.data()), n_bytes);
  for (std::size_t i = 0; i < found.lines.size(); ++i) {
    require(found.offsets[i] <= found.offsets[i + 1], "texts end where they begin, or behind it");
    into.offsets.push_back(first + found.offsets[i + 1]);
    into.lines.push_back(place + found.lines[i]);
  }
  for (const std::int64_t at : found.unclear) into.unclear.push_back(place + at);
}

void check_lines(ByteSpan data) {
  Read whole;
  read(data, 0, whole);
  Read alone;
  for (std::size_t begin = 0; begin < data.size();) {
    const std::size_t newline = data.find('\n', begin);
    const std::size_t end = newline == ByteSpan::npos ? data.size() : newline + 1;
    read(data.substr(begin, end - begin), static_cast<std::int64_t>(begin), alone);
    begin = end;
  }
  require(whole.text == alone.text && whole.offsets == alone.offsets, "texts of lines alone");
  require(whole.lines == alone.lines && whole.unclear == alone.unclear, "places of lines alone");
  const DocumentList texts(whole.text, whole.offsets);
  require(ill_formed_documents(texts).empty(), "a text is not UTF-8");
}

void check_documents(ByteSpan data, ByteSpan separator) {
  const std::vector<std::int64_t> spans = cut_at_separators(data, separator);
  std::string joined;
  std::vector<DocumentView> apart;
  std::vector<std::int64_t> expected;
  for (std::size_t i = 0; i < spans.size(); i += 2) {
    const auto begin = static_cast<std::size_t>(spans[i]);
    const ByteSpan document = data.substr(begin, static_cast<std::size_t>(spans[i + 1]) - begin);
    require(document.find(separator) == ByteSpan::npos, "a separator is in a document");
    joined += document;
    if (begin + document.size() < data.size()) joined += separator;
    apart.push_back({document.data(), document.size(), TextKind::utf8});
    const DocumentList alone({apart.back()});
    for (std::size_t k = 0; const std::int64_t number : ill_formed_documents(alone)) {
      expected.push_back(k++ == 0 ? static_cast<std::int64_t>(apart.size() - 1) : number);
    }
  }
  require(joined == data, "documents and separators are the whole");
  require(ill_formed_documents(DocumentList(apart)) == expected, "documents one by one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  std::string separator(input.take(1 + input.byte() % 4));
  if (separator.empty()) separator = "\n";
  check_lines(input.rest());
  check_documents(input.rest(), separator);
  return 0;
}
