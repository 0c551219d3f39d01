// Letting go of the GIL for work that is worth it.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>

namespace bytestride::python {

// Below this many bytes of text a call keeps the GIL: releasing it costs more than the work.
inline constexpr std::size_t kReleaseGilBytes = 32 * 1024;

class MaybeReleaseGil {
 public:
  explicit MaybeReleaseGil(std::size_t n_bytes) {
    if (n_bytes >= kReleaseGilBytes) released_.emplace();
  }

 private:
  std::optional<pybind11::gil_scoped_release> released_;
};

}  // namespace bytestride::python
