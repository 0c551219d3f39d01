#ifndef _WIN32

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/open_file.hpp"

namespace bytestride {
namespace {

static_assert(sizeof(off_t) == 8, "files of more than 2 GiB need a 64-bit off_t");

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

template <typename Transfer>
std::size_t without_interruption(const char* what, const Transfer& transfer) {
  while (true) {
    const ssize_t n = transfer();
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) fail(what);
  }
}

}  // namespace

std::int64_t file_size(int descriptor, const char* what) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) fail(what);
  return status.st_size;
}

std::size_t read_at(int descriptor, void* out, std::size_t n, std::uint64_t at, const char* what) {
  return without_interruption(what,
                              [&] { return ::pread(descriptor, out, n, static_cast<off_t>(at)); });
}

std::size_t write_at(int descriptor, const void* data, std::size_t n, std::uint64_t at,
                     const char* what) {
  return without_interruption(
      what, [&] { return ::pwrite(descriptor, data, n, static_cast<off_t>(at)); });
}

MappedFile::MappedFile(int descriptor, std::size_t n_bytes) : n_bytes_(n_bytes) {
  data_ = mmap(nullptr, n_bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data_ == MAP_FAILED) fail("mapping a file");
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, n_bytes_);
}

void expect_scattered_reads(const void* data, std::size_t n_bytes, bool scattered) {
  madvise(const_cast<void*>(data), n_bytes, scattered ? MADV_RANDOM : MADV_NORMAL);
}

}  // namespace bytestride

#endif
