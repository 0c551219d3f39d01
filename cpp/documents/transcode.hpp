// A document's text as UTF-8: itself where it is UTF-8 already, otherwise transcoded into the
// caller's scratch, which grows to the longest document it has seen.
#pragma once

#include <vector>

#include "documents/document.hpp"

namespace bytestride {

// The result lives as long as the document or, where it was transcoded, until scratch changes.
ByteSpan as_utf8(const DocumentView& document, std::vector<char>& scratch);

}  // namespace bytestride
