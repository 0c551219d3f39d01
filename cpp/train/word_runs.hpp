// Word counts that left memory: tables written one after the other to a file that the caller opened
// and gives as a descriptor, and read back when their part of the words is wanted.
//
// The file is scratch: nothing else reads it, and it ends with the process. Writing from several
// threads is safe; each run has its own place.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "train/word_counts.hpp"

namespace bytestride {

class WordRuns {
 public:
  struct Run {
    std::uint64_t begin;
    std::uint64_t n_bytes;
    std::size_t n_words;
  };

  // A descriptor open for reading and writing, of a file that has room from its start on.
  explicit WordRuns(int descriptor) : descriptor_(descriptor) {}

  // Throws std::system_error where the file cannot be written or read (a full disk).
  Run write(const WordCounts& words);
  void add_to(WordCounts& words, const Run& run) const;

  std::uint64_t n_bytes() const { return n_bytes_.load(std::memory_order_relaxed); }

 private:
  int descriptor_;
  std::atomic<std::uint64_t> n_bytes_{0};
};

}  // namespace bytestride
