#include "windows/index.hpp"

#include <string>

#include "base/error.hpp"

namespace bytestride {

namespace {

void require_at_least(std::int64_t least, std::int64_t value, const char* name) {
  if (value >= least) return;
  throw InvalidArgument(std::string(name) + " must be at least " + std::to_string(least) +
                        ", found " + std::to_string(value));
}

}  // namespace

std::int64_t window_count(std::int64_t n_tokens, std::int64_t max_length, std::int64_t stride) {
  require_at_least(0, n_tokens, "n_tokens");
  require_at_least(1, max_length, "max_length");
  require_at_least(1, stride, "stride");
  if (n_tokens <= max_length) return 0;
  return (n_tokens - 1 - max_length) / stride + 1;
}

void window_starts(std::int64_t n_windows, std::int64_t stride, std::int64_t* starts) {
  for (std::int64_t w = 0; w < n_windows; ++w) starts[w] = w * stride;
}

}  // namespace bytestride
