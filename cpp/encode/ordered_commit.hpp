// Workers finish in any order; their answers go out in the order of the chunks. An answer that
// comes early waits here, not its worker: that one gets an empty answer back and goes on. Whoever
// hands in the answer that was missing writes all those that now have their place, outside of the
// lock.
//
// Invariant: an answer is written once all before it have been given their places. Those that wait
// have at most most_waiting bytes together, and so have they and spare ones when one is kept; a
// worker whose answer has no room waits for its turn, which nobody has to wait for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace bytestride {

// Answer: movable, empty when made; size() in elements of the output, n_bytes() of memory, clear().
template <typename Answer>
class OrderedCommit {
 public:
  explicit OrderedCommit(std::size_t most_waiting) : most_waiting_(most_waiting) {}

  // Takes the answer to a chunk, and leaves an empty one. For each answer whose place is known now,
  // calls open(begin, size), in order and never two at a time, and then write(chunk, answer,
  // begin). Returns false if a worker has failed.
  template <typename Open, typename Write>
  bool hand_in(std::size_t chunk, Answer& answer, Open&& open, Write&& write) {
    std::unique_lock lock(mutex_);
    const auto may_go_on = [&] {
      return failed_ || chunk == next_ || n_waiting_bytes_ + answer.n_bytes() <= most_waiting_;
    };
    room_.wait(lock, may_go_on);
    if (failed_) return false;
    if (chunk != next_) {
      n_waiting_bytes_ += answer.n_bytes();
      waiting_.emplace(chunk, std::exchange(answer, take_spare()));
      return true;
    }
    const std::size_t begin = give_place(answer, open);
    std::vector<Placed> placed = place_waiting(open);
    lock.unlock();
    room_.notify_all();
    write(chunk, std::as_const(answer), begin);
    answer.clear();
    for (Placed& one : placed) {
      write(one.chunk, std::as_const(one.answer), one.begin);
      one.answer.clear();
    }
    if (placed.empty()) return true;
    lock.lock();
    for (Placed& one : placed) keep_spare(std::move(one.answer));
    return true;
  }

  // A worker that throws says so, or those behind it would wait for ever.
  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    room_.notify_all();
  }

 private:
  struct Placed {
    std::size_t chunk;
    Answer answer;
    std::size_t begin;
  };

  template <typename Open>
  std::size_t give_place(const Answer& answer, Open&& open) {
    open(total_, answer.size());
    ++next_;
    return std::exchange(total_, total_ + answer.size());
  }
  template <typename Open>
  std::vector<Placed> place_waiting(Open&& open) {
    std::vector<Placed> placed;
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      Answer& answer = waiting_.begin()->second;
      n_waiting_bytes_ -= answer.n_bytes();
      const std::size_t begin = give_place(answer, open);
      placed.push_back({next_ - 1, std::move(answer), begin});
      waiting_.erase(waiting_.begin());
    }
    return placed;
  }
  Answer take_spare() {
    if (spares_.empty()) return Answer();
    Answer spare = std::move(spares_.back());
    spares_.pop_back();
    n_spare_bytes_ -= spare.n_bytes();
    return spare;
  }
  void keep_spare(Answer&& answer) {
    if (n_waiting_bytes_ + n_spare_bytes_ + answer.n_bytes() > most_waiting_) return;
    n_spare_bytes_ += answer.n_bytes();
    spares_.push_back(std::move(answer));
  }

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t next_ = 0;
  std::size_t total_ = 0;
  std::map<std::size_t, Answer> waiting_;
  std::size_t n_waiting_bytes_ = 0;
  std::vector<Answer> spares_;
  std::size_t n_spare_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace bytestride
