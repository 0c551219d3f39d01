// The only place that starts threads.
//
// A pool is made at the first call that needs it and grows to the largest request. The calling
// thread works too; helpers take tasks in ascending order. The pool is joined before a fork and
// made again after it, so that no thread exists at fork. Callers on several threads share it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace bytestride {

// Cores this process may use: its affinity mask, and no more than set_core_limit said.
std::size_t usable_cores();

// An upper bound from outside, such as a container's CPU quota; 0 for none.
void set_core_limit(std::size_t n_cores);

// Calls body(task, worker) for every task in [0, n_tasks), in ascending order of their start, on at
// most n_threads threads; `worker` is below n_threads and never shared at one time. The first
// exception stops the handing out of tasks and is thrown again here once all workers have stopped.
void parallel_for(std::size_t n_tasks, std::size_t n_threads,
                  const std::function<void(std::size_t task, std::size_t worker)>& body);

// A piece of work for a helper of the pool when one is free, or else for the thread that waits for
// it; once, in either case. Across a fork a task that had not begun is still to be done, in both
// processes.
class BackgroundTask {
 public:
  // Wants n_threads helpers to be there. The body may run until the task is waited for or
  // destroyed.
  BackgroundTask(std::function<void()> body, std::size_t n_threads);
  // Waits for the body if it has begun; otherwise it never runs.
  ~BackgroundTask();
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  // Returns when the body is done, and throws what it threw; may do other tasks meanwhile. For one
  // thread at a time.
  void wait();

  struct State;  // the pool's

 private:
  std::unique_ptr<State> state_;
};

// A mutex that no thread holds while the process forks, for state that a child goes on using. All
// users share it: hold it for moments only.
std::mutex& fork_safe_mutex();

}  // namespace bytestride
