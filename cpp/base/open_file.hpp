// What the core asks of a file that its caller opened and names by a descriptor: its size, reads
// and writes at a place, and its bytes as memory. The core opens and closes no file.
//
// One face, two systems behind it: POSIX (open_file_posix.cpp) and Windows (open_file_windows.cpp,
// where a descriptor is one of the C library that Python uses as well). Failures of the system are
// std::system_error in the generic category, as errno has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace bytestride {

// In bytes. `what` stands in the message of an error.
std::int64_t file_size(int descriptor, const char* what);

// Reads or writes up to n bytes at a place, without moving where the descriptor stands (on Windows
// it moves, and nothing here minds); a signal does not end it. Returns how many, 0 at the end of
// the file. Safe on several threads.
std::size_t read_at(int descriptor, void* out, std::size_t n, std::uint64_t at, const char* what);
std::size_t write_at(int descriptor, const void* data, std::size_t n, std::uint64_t at,
                     const char* what);

// The first n_bytes of a file, read-only; movable, unmapped at the end. The file must hold them
// whenever they are read: on POSIX one that shrank ends the process, Windows lets none shrink.
class MappedFile {
 public:
  // Precondition: n_bytes > 0.
  MappedFile(int descriptor, std::size_t n_bytes);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), n_bytes_(other.n_bytes_) {}
  MappedFile& operator=(MappedFile&&) = delete;

  const void* data() const { return data_; }

 private:
  void* data_;
  std::size_t n_bytes_;
};

// Whether what is read of mapped memory lies far apart, so that the system should not read ahead.
// Advice only: a system that takes none reads as it likes.
void expect_scattered_reads(const void* data, std::size_t n_bytes, bool scattered);

}  // namespace bytestride
