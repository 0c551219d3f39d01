#ifdef _WIN32

#include <io.h>

#include <algorithm>
#include <system_error>

#include "base/open_file.hpp"
#include "base/windows_headers.hpp"

namespace bytestride {
namespace {

// The errno of each code lies in the C++ library's table.
[[noreturn]] void fail(DWORD code, const char* what) {
  const auto condition = std::system_category().default_error_condition(static_cast<int>(code));
  const bool is_known = condition.category() == std::generic_category();
  const int error = is_known ? condition.value() : static_cast<int>(std::errc::io_error);
  throw std::system_error(error, std::generic_category(), what);
}

HANDLE handle_of(int descriptor, const char* what) {
  const auto handle = reinterpret_cast<HANDLE>(_get_osfhandle(descriptor));
  if (handle == INVALID_HANDLE_VALUE) fail(ERROR_INVALID_HANDLE, what);
  return handle;
}

// Takes a size of 32 bits at a time.
DWORD at_once(std::size_t n) {
  return static_cast<DWORD>(std::min(n, std::size_t{1} << 30));
}

OVERLAPPED place(std::uint64_t at) {
  OVERLAPPED overlapped{};
  overlapped.Offset = static_cast<DWORD>(at);
  overlapped.OffsetHigh = static_cast<DWORD>(at >> 32);
  return overlapped;
}

}  // namespace

std::int64_t file_size(int descriptor, const char* what) {
  LARGE_INTEGER size;
  if (!GetFileSizeEx(handle_of(descriptor, what), &size)) fail(GetLastError(), what);
  return size.QuadPart;
}

std::size_t read_at(int descriptor, void* out, std::size_t n, std::uint64_t at, const char* what) {
  OVERLAPPED overlapped = place(at);
  DWORD n_read = 0;
  if (ReadFile(handle_of(descriptor, what), out, at_once(n), &n_read, &overlapped)) return n_read;
  const DWORD code = GetLastError();
  if (code != ERROR_HANDLE_EOF) fail(code, what);
  return 0;
}

std::size_t write_at(int descriptor, const void* data, std::size_t n, std::uint64_t at,
                     const char* what) {
  OVERLAPPED overlapped = place(at);
  DWORD n_written = 0;
  if (!WriteFile(handle_of(descriptor, what), data, at_once(n), &n_written, &overlapped)) {
    fail(GetLastError(), what);
  }
  return n_written;
}

MappedFile::MappedFile(int descriptor, std::size_t n_bytes) : n_bytes_(n_bytes) {
  constexpr const char* kWhat = "mapping a file";
  // Of the size that the file has; the view keeps what stands behind the closed handle.
  const HANDLE section =
      CreateFileMappingW(handle_of(descriptor, kWhat), nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (section == nullptr) fail(GetLastError(), kWhat);
  data_ = MapViewOfFile(section, FILE_MAP_READ, 0, 0, n_bytes);
  const DWORD code = GetLastError();
  CloseHandle(section);
  if (data_ == nullptr) fail(code, kWhat);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
}

// Windows takes such advice when a file is opened, and not for memory.
void expect_scattered_reads(const void*, std::size_t, bool) {}

}  // namespace bytestride

#endif
