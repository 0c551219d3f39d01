// The texts of a member in lines of JSON objects, unescaped into one buffer.
//
// Only what is plainly right is read: an object (RFC 8259) in well-formed UTF-8 that has the member
// once, by a name without escapes, as a string without a lone surrogate. All else is handed back as
// unclear, for whoever can say what is wrong with it, or knows of more that is allowed. Lines of
// nothing but spaces, tabs and carriage returns are no lines. Cost: every byte is looked at once,
// eight at a time within strings; memory: no more than the input.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/recycled_pages.hpp"
#include "base/types.hpp"

namespace bytestride {

struct JsonLineTexts {
  RecycledPages text;                 // end to end
  std::vector<std::int64_t> offsets;  // text i is [offsets[i], offsets[i + 1])
  std::vector<std::int64_t> lines;    // where in the input the line of text i begins
  std::vector<std::int64_t> unclear;  // begin and end of each line that is not plainly right
};

JsonLineTexts json_line_texts(ByteSpan data, std::string_view member);

}  // namespace bytestride
