#ifndef _WIN32

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "base/memory.hpp"

namespace bytestride {
namespace {

std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// From this on memory is worth huge pages: it starts where one can, and its last one is whole.
constexpr std::size_t kLeastHugeBytes = std::size_t{1} << 20;

void* map(std::size_t n_bytes) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* const data = mmap(nullptr, n_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return data;
}

// A multiple of the huge page, at a multiple of it: more is mapped, and both ends are given back.
void* map_aligned(std::size_t n_bytes) {
  char* const data = static_cast<char*>(map(n_bytes + kHugePageBytes));
  const std::size_t before =
      (kHugePageBytes - reinterpret_cast<std::uintptr_t>(data) % kHugePageBytes) % kHugePageBytes;
  if (before != 0) munmap(data, before);
  munmap(data + before + n_bytes, kHugePageBytes - before);
  return data + before;
}

}  // namespace

void give_back_free_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

Pages::Pages(std::size_t n_bytes) {
  if (n_bytes == 0) return;
  if (n_bytes > SIZE_MAX / 2) throw std::bad_alloc();
  const bool huge = n_bytes >= kLeastHugeBytes;
  const std::size_t rounded = round_up(n_bytes, huge ? kHugePageBytes : page_bytes());
  data_ = huge ? map_aligned(rounded) : map(rounded);
  n_bytes_ = rounded;
#ifdef MADV_HUGEPAGE
  if (huge) madvise(data_, n_bytes_, MADV_HUGEPAGE);
#endif
}

Pages::~Pages() {
  if (data_ != nullptr) munmap(data_, n_bytes_);
}

void Pages::shrink(std::size_t n_bytes) {
  const std::size_t keep = round_up(n_bytes, page_bytes());
  if (keep >= n_bytes_) return;
  munmap(static_cast<char*>(data_) + keep, n_bytes_ - keep);
  n_bytes_ = keep;
  if (keep == 0) data_ = nullptr;
}

}  // namespace bytestride

#endif
