// Errors that leave the core. Each carries a message a user can act on; the bindings give each its
// Python class: InvalidArgument -> ValueError, NotFound -> KeyError, std::bad_alloc -> MemoryError.
#pragma once

#include <cassert>
#include <stdexcept>
#include <string>

namespace bytestride {

// A value that the caller can correct.
struct InvalidArgument : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// A token id or token that the vocabulary does not hold.
struct NotFound : std::out_of_range {
  using std::out_of_range::out_of_range;
};

}  // namespace bytestride

// A precondition that the public door has already checked; compiled out of release builds.
#define BYTESTRIDE_ASSERT(condition) assert(condition)
