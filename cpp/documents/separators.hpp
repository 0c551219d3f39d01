// Cutting a buffer at separators: where its documents begin and end.
//
// A separator ends a document and belongs to none; what follows the last is a document if there is
// anything. So a file whose documents are joined by separators and one in which each ends with one
// give the same. Cost: one search through the buffer, and 16 bytes a document.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

// Two numbers a document: its begin and its end. Precondition: the separator is not empty.
std::vector<std::int64_t> cut_at_separators(ByteSpan buffer, ByteSpan separator);

}  // namespace bytestride
