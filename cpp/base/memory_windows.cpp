#ifdef _WIN32

#include <cstdint>
#include <new>

#include "base/memory.hpp"
#include "base/windows_headers.hpp"

namespace bytestride {
namespace {

std::size_t page_bytes() {
  static const std::size_t bytes = [] {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return static_cast<std::size_t>(info.dwPageSize);
  }();
  return bytes;
}

std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

}  // namespace

// Its heap gives back what it keeps by itself.
void give_back_free_memory() {}

// What is committed counts against the system's limit at once, touched or not: Windows has no
// memory that is only promised. Large pages need a right that processes do not have.
Pages::Pages(std::size_t n_bytes) {
  if (n_bytes == 0) return;
  if (n_bytes > SIZE_MAX / 2) throw std::bad_alloc();
  n_bytes_ = round_up(n_bytes, page_bytes());
  data_ = VirtualAlloc(nullptr, n_bytes_, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (data_ == nullptr) throw std::bad_alloc();
}

Pages::~Pages() {
  if (data_ != nullptr) VirtualFree(data_, 0, MEM_RELEASE);
}

// Addresses are given back only all at once, memory by the page.
void Pages::shrink(std::size_t n_bytes) {
  const std::size_t keep = round_up(n_bytes, page_bytes());
  if (keep >= n_bytes_) return;
  if (keep == 0) {
    VirtualFree(data_, 0, MEM_RELEASE);
    data_ = nullptr;
  } else {
    VirtualFree(static_cast<char*>(data_) + keep, n_bytes_ - keep, MEM_DECOMMIT);
  }
  n_bytes_ = keep;
}

}  // namespace bytestride

#endif
