// Workers finish in any order; their answers go out in the order of the chunks. Each asks for its
// place in the output when it knows its size, waits for its turn, and copies outside of the lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace bytestride {

class OrderedCommit {
 public:
  // Where chunk number `chunk`, of `size` elements, begins. Waits until all chunks before it have
  // asked. Returns false if another worker has failed: nothing is to be written then.
  bool place(std::size_t chunk, std::size_t size, std::size_t& begin) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return failed_ || next_ == chunk; });
    if (failed_) return false;
    begin = total_;
    total_ += size;
    ++next_;
    turn_.notify_all();
    return true;
  }

  // A worker that throws says so, or those behind it would wait for ever.
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    turn_.notify_all();
  }

  // Once all chunks have been placed.
  std::size_t total() const { return total_; }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_ = 0;
  std::size_t total_ = 0;
  bool failed_ = false;
};

}  // namespace bytestride
