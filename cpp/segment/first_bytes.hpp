// A set of bytes, and the search for the next of them in a text: where a token could start.
//
// Cost of a search that finds nothing, in GB/s on one core of a busy machine: one byte 10 to 25
// (memchr), two to four 5 to 10, five to eight 3 (blocks, compared as vectors by the compiler),
// more 1.6 (a table look-up for each byte).
#pragma once

#include <array>
#include <cstddef>

#include "base/types.hpp"

namespace bytestride {

class FirstBytes {
 public:
  void add(char byte);
  bool empty() const { return n_ == 0; }
  // The next position at or after `from` with one of the bytes, or text.size().
  std::size_t next(ByteSpan text, std::size_t from) const;

 private:
  static constexpr std::size_t kFew = 8;

  std::array<bool, 256> contains_{};
  std::array<unsigned char, kFew> bytes_{};  // the first kFew; unused places repeat the first
  std::size_t n_ = 0;
};

}  // namespace bytestride
