#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <list>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#ifdef _WIN32
#include <bit>

#include "base/windows_headers.hpp"
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace bytestride {

struct BackgroundTask::State {
  enum class Step { kWaiting, kRunning, kDone };

  std::function<void()> body;
  Step step = Step::kWaiting;  // guarded by the pool's mutex
  std::exception_ptr error{};  // written by whoever runs it, read when it is done

  void run() {
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
  }
};

namespace {

std::atomic<std::size_t> core_limit{0};

using Body = std::function<void(std::size_t, std::size_t)>;

struct Job {
  const Body& body;
  std::size_t n_tasks;
  std::size_t helpers_left;  // how many more may join; guarded by the pool's mutex, as the next two
  std::size_t n_joined = 1;  // workers so far; the caller is worker 0
  std::size_t n_active = 0;  // helpers at work
  std::atomic<std::size_t> next_task{0};
  std::mutex error_mutex{};
  std::exception_ptr error{};

  void work(std::size_t worker) {
    try {
      for (std::size_t task; (task = next_task.fetch_add(1)) < n_tasks;) body(task, worker);
    } catch (...) {
      next_task.store(n_tasks);
      const std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
    }
  }
};

class Pool {
 public:
  void run(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      grow_to(job.helpers_left);
      jobs_.push_back(&job);
    }
    wake_helpers_.notify_all();
    job.work(0);
    std::unique_lock lock(mutex_);
    jobs_.remove(&job);
    helper_left_.wait(lock, [&job] { return job.n_active == 0; });
  }

  using Step = BackgroundTask::State::Step;

  void submit(BackgroundTask::State& task, std::size_t n_threads) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(&task);
      grow_to(n_threads);
    }
    wake_helpers_.notify_one();
  }

  // Here, if no helper has begun it. While a helper is at it, those that come after it are done
  // here: to sleep and be woken takes about as long as a task.
  void finish(BackgroundTask::State& task) {
    std::unique_lock lock(mutex_);
    if (task.step == Step::kWaiting) {
      run_here(task, lock);
      return;
    }
    while (task.step == Step::kRunning) {
      if (tasks_.empty()) {
        helper_left_.wait(lock, [&task] { return task.step == Step::kDone; });
      } else {
        run_here(*tasks_.front(), lock);
      }
    }
  }

  void withdraw(BackgroundTask::State& task) {
    std::unique_lock lock(mutex_);
    if (task.step == Step::kWaiting) tasks_.remove(&task);
    helper_left_.wait(lock, [&task] { return task.step != Step::kRunning; });
  }

  // Threads do not survive a fork: stop them all, keeping the mutexes until after it. Forks go one
  // at a time, or a second one would not wait for the threads that the first is stopping.
  void before_fork() {
    fork_mutex_.lock();
    mutex_.lock();
    while (!threads_.empty()) {
      stopping_ = true;
      std::vector<std::thread> stopped = std::move(threads_);
      threads_.clear();
      mutex_.unlock();
      wake_helpers_.notify_all();
      for (std::thread& thread : stopped) thread.join();
      mutex_.lock();
      stopping_ = false;
    }
  }
  void after_fork_in_parent() {
    mutex_.unlock();
    fork_mutex_.unlock();
  }
  // The jobs, and the tasks that threads ran while they waited, are other threads', which are not
  // in this process. A condition variable that one of them waited on would wait for it to leave:
  // made anew, never destroyed.
  void after_fork_in_child() {
    jobs_.clear();
    for (BackgroundTask::State* task : running_here_) {
      task->step = Step::kDone;
      task->error = std::make_exception_ptr(
          std::runtime_error("the process forked while another thread was at this batch"));
    }
    running_here_.clear();
    new (&wake_helpers_) std::condition_variable;
    new (&helper_left_) std::condition_variable;
    mutex_.unlock();
    fork_mutex_.unlock();
  }

 private:
  // On the thread that waits, without the lock for as long as it takes.
  void run_here(BackgroundTask::State& task, std::unique_lock<std::mutex>& lock) {
    tasks_.remove(&task);
    task.step = Step::kRunning;
    running_here_.push_back(&task);
    lock.unlock();
    task.run();
    lock.lock();
    running_here_.remove(&task);
    task.step = Step::kDone;
    helper_left_.notify_all();
  }

  void grow_to(std::size_t n) {
    try {
      while (threads_.size() < n && !stopping_) threads_.emplace_back([this] { help(); });
    } catch (const std::system_error&) {
      // No more threads are to be had: those there are, and the caller, do the work.
    }
  }

  // Jobs before tasks: for a job somebody waits now.
  void help() {
    std::unique_lock lock(mutex_);
    while (true) {
      Job* job = nullptr;
      wake_helpers_.wait(lock, [&] {
        job = open_job();
        return stopping_ || job != nullptr || !tasks_.empty();
      });
      if (stopping_) return;
      if (job != nullptr) {
        help_with(*job, lock);
      } else {
        help_with(*tasks_.front(), lock);
      }
      helper_left_.notify_all();
    }
  }

  void help_with(Job& job, std::unique_lock<std::mutex>& lock) {
    --job.helpers_left;
    ++job.n_active;
    const std::size_t worker = job.n_joined++;
    lock.unlock();
    job.work(worker);
    lock.lock();
    --job.n_active;
  }

  void help_with(BackgroundTask::State& task, std::unique_lock<std::mutex>& lock) {
    tasks_.pop_front();
    task.step = Step::kRunning;
    lock.unlock();
    task.run();
    lock.lock();
    task.step = Step::kDone;
  }

  Job* open_job() {
    for (Job* job : jobs_) {
      if (job->helpers_left > 0 && job->next_task.load() < job->n_tasks) return job;
    }
    return nullptr;
  }

  std::mutex fork_mutex_;  // held across a fork; taken before mutex_
  std::mutex mutex_;
  std::condition_variable wake_helpers_;
  std::condition_variable helper_left_;
  std::list<Job*> jobs_;
  std::list<BackgroundTask::State*> tasks_;         // not begun, in the order in which they came
  std::list<BackgroundTask::State*> running_here_;  // begun by who waits for them
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

// What a fork waits for. One registration for both, so that their order is ours: first the helpers
// stop, which may want the mutex for that, then it is taken.
struct ForkSafe {
  Pool pool;
  std::mutex mutex;
};

// Never destroyed: at exit the pool's threads sleep, and end with the process; others may use the
// mutex then.
ForkSafe& fork_safe() {
  static ForkSafe* const instance = [] {
    auto* made = new ForkSafe;
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(
        [] {
          fork_safe().pool.before_fork();
          fork_safe().mutex.lock();
        },
        [] {
          fork_safe().mutex.unlock();
          fork_safe().pool.after_fork_in_parent();
        },
        [] {
          fork_safe().mutex.unlock();
          fork_safe().pool.after_fork_in_child();
        });
#endif
    return made;
  }();
  return *instance;
}

}  // namespace

std::size_t usable_cores() {
  std::size_t n = 0;
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = static_cast<std::size_t>(CPU_COUNT(&set));
#elif defined(_WIN32)
  DWORD_PTR mine = 0, all = 0;  // of the process's group of at most 64
  if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all)) {
    n = static_cast<std::size_t>(std::popcount(std::uint64_t{mine}));
  }
#endif
  if (n == 0) n = std::thread::hardware_concurrency();
  if (const std::size_t limit = core_limit.load(); limit != 0) n = std::min(n, limit);
  return std::max<std::size_t>(n, 1);
}

std::mutex& fork_safe_mutex() {
  return fork_safe().mutex;
}

void set_core_limit(std::size_t n_cores) {
  core_limit.store(n_cores);
}

BackgroundTask::BackgroundTask(std::function<void()> body, std::size_t n_threads)
    : state_(new State{std::move(body)}) {
  fork_safe().pool.submit(*state_, n_threads);
}

BackgroundTask::~BackgroundTask() {
  fork_safe().pool.withdraw(*state_);
}

void BackgroundTask::wait() {
  fork_safe().pool.finish(*state_);
  if (state_->error) std::rethrow_exception(state_->error);
}

void parallel_for(std::size_t n_tasks, std::size_t n_threads, const Body& body) {
  n_threads = std::min(n_threads, n_tasks);
  if (n_threads <= 1) {
    for (std::size_t task = 0; task < n_tasks; ++task) body(task, 0);
    return;
  }
  Job job{body, n_tasks, n_threads - 1};
  fork_safe().pool.run(job);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace bytestride
