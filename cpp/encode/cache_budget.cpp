#include "encode/cache_budget.hpp"

#include <mutex>

#include "base/parallel.hpp"

namespace bytestride {
namespace {

// Guarded by fork_safe_mutex().
std::size_t budget = kDefaultCacheBytes;
std::size_t in_use = 0;

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

CacheShare::CacheShare(std::size_t wanted, std::size_t least) {
  const std::lock_guard lock(fork_safe_mutex());
  const std::size_t left = budget > in_use ? budget - in_use : 0;
  while (wanted > left / 8 * 7 && wanted >= least) wanted /= 2;
  if (wanted < least) return;
  n_bytes_ = wanted;
  in_use += wanted;
}

bool CacheShare::grow(std::size_t n_bytes) {
  const std::lock_guard lock(fork_safe_mutex());
  const std::size_t left = budget > in_use ? budget - in_use : 0;
  if (n_bytes - n_bytes_ > left) return false;
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
