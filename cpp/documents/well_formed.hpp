// Which documents are not well-formed UTF-8 (Table 3-7 of the Unicode standard), and where.
//
// Documents that lie end to end in one buffer are read in one sweep: if that goes well, no
// character is cut by an end, and nothing more is looked at. A sweep that meets an ill-formed
// sequence goes on behind the document that has it. Cost: every byte once, those of documents
// whose ends cut a character twice.
#pragma once

#include <cstdint>
#include <vector>

#include "documents/document.hpp"

namespace bytestride {

// Two numbers for each such document, in order: which it is, and the position in it where its
// first ill-formed sequence begins. Precondition: every document is of kind utf8.
std::vector<std::int64_t> ill_formed_documents(const DocumentList& documents);

}  // namespace bytestride
