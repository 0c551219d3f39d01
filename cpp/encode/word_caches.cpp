#include "encode/word_caches.hpp"

#include <algorithm>
#include <mutex>

#include "base/parallel.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kFirstBytes = std::size_t{6} << 20;
constexpr std::size_t kLeastBytes = std::size_t{192} << 10;
constexpr std::size_t kGrowth = 8;
constexpr std::size_t kMostBytes = kFirstBytes * kGrowth;  // 48 MiB

}  // namespace

std::shared_ptr<WordCache> WordCaches::current() {
  std::shared_ptr<WordCache> crowded;
  {
    const std::lock_guard lock(fork_safe_mutex());
    if (cache_ && !cache_->outworn()) {
      if (!cache_->crowded() || !may_grow_.exchange(false)) return cache_;
      crowded = cache_;
    }
  }
  if (crowded) {
    grow(crowded);
  } else {
    // Made outside of the lock, which the share takes itself. Another worker may be as fast: then
    // one of the two caches goes at once. An outworn one is let go first, to make room in the
    // budget.
    clear();
    CacheShare share(kFirstBytes, kLeastBytes);
    if (share.n_bytes() != 0) {
      auto cache = std::make_shared<WordCache>(std::move(share));
      seed_(*cache);
      publish(nullptr, std::move(cache));
    }
  }
  const std::lock_guard lock(fork_safe_mutex());
  return cache_;
}

// Words that other threads add to the crowded one meanwhile are lost, and come again.
void WordCaches::grow(const std::shared_ptr<WordCache>& crowded) {
  const std::size_t n_bytes_before = crowded->share().n_bytes();
  std::size_t n_bytes = std::min(n_bytes_before * kGrowth, kMostBytes);
  // Many workers leave less to it.
  while (n_bytes > n_bytes_before && !crowded->share().grow(n_bytes)) n_bytes /= 2;
  // No memory, no growth: may_grow_ stays false until the cache is cleared or outworn.
  if (n_bytes <= n_bytes_before) return;
  publish(crowded, std::make_shared<WordCache>(std::move(crowded->share()), *crowded));
}

void WordCaches::publish(const std::shared_ptr<WordCache>& instead_of,
                         std::shared_ptr<WordCache> cache) {
  const std::lock_guard lock(fork_safe_mutex());
  // Cleared or followed by another meanwhile: then this one is of no use.
  if (cache_ != instead_of) return;
  cache_ = std::move(cache);
  latest_.store(cache_.get(), std::memory_order_relaxed);
  may_grow_.store(true, std::memory_order_relaxed);
}

void WordCaches::clear() {
  std::shared_ptr<WordCache> gone;
  const std::lock_guard lock(fork_safe_mutex());
  gone = std::move(cache_);
  cache_ = nullptr;
  latest_.store(nullptr, std::memory_order_relaxed);
  may_grow_.store(true, std::memory_order_relaxed);
}

}  // namespace bytestride
