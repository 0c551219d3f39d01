#include "simd/backend.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/error.hpp"

namespace bytestride {
namespace {

#if defined(__x86_64__)
// What the processor says of itself, and what the system saves of it between two threads. Asked
// here: the compilers' own __builtin_cpu_supports needs a part of their run-time library, which on
// Windows nothing links.
struct Features {
  std::uint32_t basic = 0;        // leaf 1, ecx
  std::uint32_t extended = 0;     // leaf 7, ebx
  std::uint32_t more = 0;         // leaf 7, ecx
  std::uint32_t saved_state = 0;  // XCR0

  Features() {
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return;
    basic = ecx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
      extended = ebx;
      more = ecx;
    }
    constexpr std::uint32_t kCanAsk = 1u << 27;
    if ((basic & kCanAsk) == 0) return;
    std::uint32_t high = 0;
    __asm__("xgetbv" : "=a"(saved_state), "=d"(high) : "c"(0));
  }
};

// Intel's manual, volume 2, CPUID; volume 1, chapter 13, for the state.
constexpr std::uint32_t kPopcnt = 1u << 23;
constexpr std::uint32_t kBmi = 1u << 3, kAvx2 = 1u << 5, kBmi2 = 1u << 8;
constexpr std::uint32_t kAvx512f = 1u << 16, kAvx512dq = 1u << 17, kAvx512bw = 1u << 30;
constexpr std::uint32_t kAvx512vl = 1u << 31;
constexpr std::uint32_t kAvx512vbmi = 1u << 1, kAvx512vbmi2 = 1u << 6;
constexpr std::uint32_t kHalfState = 0x06, kWholeState = 0xE6;

bool has_all(std::uint32_t have, std::uint32_t wanted) {
  return (have & wanted) == wanted;
}
#endif

std::vector<Backend> find_backends() {
  std::vector<Backend> found{Backend::scalar};
#if defined(__x86_64__)
  const Features cpu;
  if (has_all(cpu.basic, kPopcnt) && has_all(cpu.extended, kBmi | kAvx2 | kBmi2) &&
      has_all(cpu.saved_state, kHalfState)) {
    found.push_back(Backend::avx2);
    // Byte compression (VBMI2) and byte look-up (VBMI) came together, and with all of the rest.
    if (has_all(cpu.extended, kAvx512f | kAvx512dq | kAvx512bw | kAvx512vl) &&
        has_all(cpu.more, kAvx512vbmi | kAvx512vbmi2) && has_all(cpu.saved_state, kWholeState)) {
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
