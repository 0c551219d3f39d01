// What all word caches of the process and the workers that fill them may take together: 64 MiB
// unless set otherwise.
//
// A cache asks for what it would like and gets at most seven eighths of what is left, so that the
// next one always finds something; a worker, of which there may be many, gets less. With a budget
// of 0 nobody gets anything, and every word is worked out anew. Shares are given back when their
// owner goes.
#pragma once

#include <cstddef>
#include <utility>

namespace bytestride {

inline constexpr std::size_t kDefaultCacheBytes = std::size_t{64} << 20;

// Takes effect for caches made from now on; those there are stay until they are cleared or outworn.
void set_cache_budget(std::size_t n_bytes);
std::size_t cache_budget();
// Bytes given out now.
std::size_t cache_bytes_in_use();

// A part of the budget; movable.
class CacheShare {
 public:
  CacheShare() = default;
  static constexpr double kMostOfRest = 7.0 / 8;
  // `wanted`, halved until it is at most such a part of what is left; 0 where not even `least` is.
  CacheShare(std::size_t wanted, std::size_t least, double most_of_rest = kMostOfRest);
  ~CacheShare();
  CacheShare(CacheShare&& other) noexcept : n_bytes_(std::exchange(other.n_bytes_, 0)) {}
  CacheShare& operator=(CacheShare&& other) noexcept {
    std::swap(n_bytes_, other.n_bytes_);
    return *this;
  }
  std::size_t n_bytes() const { return n_bytes_; }
  // Whether there was room to make it as large as this, and to leave something to others.
  bool grow(std::size_t n_bytes);

 private:
  std::size_t n_bytes_ = 0;
};

}  // namespace bytestride
