#include "encode/cache_budget.hpp"

#include <mutex>

#include "base/parallel.hpp"

namespace bytestride {
namespace {

// Guarded by fork_safe_mutex().
std::size_t budget = kDefaultCacheBytes;
std::size_t in_use = 0;

// Workers may still come.
constexpr double kMostOfRestToGrow = 5.0 / 6;

// Guarded as well.
bool is_room_for(std::size_t n_bytes, double most_of_rest) {
  const std::size_t left = budget > in_use ? budget - in_use : 0;
  return static_cast<double>(n_bytes) <= most_of_rest * static_cast<double>(left);
}

}  // namespace

void set_cache_budget(std::size_t n_bytes) {
  const std::lock_guard lock(fork_safe_mutex());
  budget = n_bytes;
}

std::size_t cache_budget() {
  const std::lock_guard lock(fork_safe_mutex());
  return budget;
}

std::size_t cache_bytes_in_use() {
  const std::lock_guard lock(fork_safe_mutex());
  return in_use;
}

CacheShare::CacheShare(std::size_t wanted, std::size_t least, double most_of_rest) {
  const std::lock_guard lock(fork_safe_mutex());
  while (wanted >= least && !is_room_for(wanted, most_of_rest)) wanted /= 2;
  if (wanted < least) return;
  n_bytes_ = wanted;
  in_use += wanted;
}

bool CacheShare::grow(std::size_t n_bytes) {
  const std::lock_guard lock(fork_safe_mutex());
  if (!is_room_for(n_bytes - n_bytes_, kMostOfRestToGrow)) return false;
  in_use += n_bytes - n_bytes_;
  n_bytes_ = n_bytes;
  return true;
}

CacheShare::~CacheShare() {
  if (n_bytes_ == 0) return;
  const std::lock_guard lock(fork_safe_mutex());
  in_use -= n_bytes_;
}

}  // namespace bytestride
