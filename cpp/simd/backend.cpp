#include "simd/backend.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "base/error.hpp"

namespace bytestride {
namespace {

std::vector<Backend> find_backends() {
  std::vector<Backend> found{Backend::scalar};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) {
    found.push_back(Backend::avx2);
    // Byte compression (VBMI2) and byte look-up (VBMI) came together, and with all of the rest.
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")) {
      found.push_back(Backend::avx512);
    }
  }
#elif defined(__aarch64__)
  found.push_back(Backend::neon);
#endif
  return found;
}

Backend choose() {
  const std::vector<Backend>& available = available_backends();
  const char* const wanted = std::getenv("BYTESTRIDE_BACKEND");
  if (wanted == nullptr || *wanted == '\0') return available.back();
  std::string names;
  for (const Backend one : available) {
    if (name_of(one) == wanted) return one;
    names.append(names.empty() ? "" : ", ").append(name_of(one));
  }
  throw InvalidArgument("BYTESTRIDE_BACKEND is '" + std::string(wanted) +
                        "', and this processor has " + names + "; unset it or name one of these");
}

constexpr int kUnset = -1;
std::atomic<int> chosen{kUnset};

}  // namespace

std::string_view name_of(Backend backend) {
  switch (backend) {
    case Backend::scalar:
      return "scalar";
    case Backend::avx2:
      return "avx2";
    case Backend::avx512:
      return "avx512";
    case Backend::neon:
      return "neon";
  }
  return {};
}

const std::vector<Backend>& available_backends() {
  static const std::vector<Backend> available = find_backends();
  return available;
}

Backend backend() {
  int now = chosen.load(std::memory_order_relaxed);
  if (now == kUnset) {
    now = static_cast<int>(choose());
    chosen.store(now, std::memory_order_relaxed);
  }
  return static_cast<Backend>(now);
}

void set_backend(Backend backend) {
  chosen.store(static_cast<int>(backend), std::memory_order_relaxed);
}

}  // namespace bytestride
