#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/parallel.hpp"
#include "support.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// How often each task was called must be once.
bool calls_each_once(std::size_t n_tasks, std::size_t n_threads) {
  std::vector<std::atomic<int>> calls(n_tasks);
  parallel_for(n_tasks, n_threads, [&](std::size_t task, std::size_t) { ++calls[task]; });
  for (const auto& n : calls) {
    if (n != 1) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("every task is called once") {
  const TimeLimit limit(60);
  for (const std::size_t n_tasks : {0, 1, 2, 3, 17, 1000}) {
    for (const std::size_t n_threads : {0, 1, 2, 3, 7, 16}) {
      CAPTURE(n_tasks);
      CAPTURE(n_threads);
      CHECK(calls_each_once(n_tasks, n_threads));
    }
  }
}

TEST_CASE("a worker number is below the number of threads and never shared at one time") {
  const TimeLimit limit(60);
  constexpr std::size_t kThreads = 5;
  std::atomic<int> inside[kThreads] = {};
  std::atomic<int> n_shared{0}, n_too_high{0};
  parallel_for(2000, kThreads, [&](std::size_t, std::size_t worker) {
    if (worker >= kThreads) {
      ++n_too_high;
      return;
    }
    if (++inside[worker] != 1) ++n_shared;
    std::this_thread::yield();
    --inside[worker];
  });
  CHECK(n_shared == 0);
  CHECK(n_too_high == 0);
}

TEST_CASE("one thread means the caller, in ascending order") {
  std::vector<std::size_t> tasks;
  const auto caller = std::this_thread::get_id();
  parallel_for(50, 1, [&](std::size_t task, std::size_t worker) {
    CHECK(worker == 0);
    CHECK(std::this_thread::get_id() == caller);
    tasks.push_back(task);
  });
  REQUIRE(tasks.size() == 50);
  for (std::size_t i = 0; i < tasks.size(); ++i) CHECK(tasks[i] == i);
}

TEST_CASE("tasks start in ascending order, so a task may wait for an earlier one") {
  const TimeLimit limit(60);
  std::atomic<std::size_t> turn{0};
  parallel_for(300, 4, [&](std::size_t task, std::size_t) {
    while (turn.load() != task) std::this_thread::yield();
    ++turn;
  });
  CHECK(turn == 300);
}

TEST_CASE("an exception stops the handing out, reaches the caller, and harms no later call") {
  const TimeLimit limit(60);
  for (const std::size_t n_threads : {1, 2, 3, 7}) {
    for (const std::size_t bad : {std::size_t{0}, std::size_t{1}, std::size_t{17}}) {
      std::atomic<std::size_t> n_called{0};
      const auto body = [&](std::size_t task, std::size_t) {
        ++n_called;
        if (task == bad) throw std::runtime_error("task failed");
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      };
      CHECK_THROWS_WITH_AS(parallel_for(200'000, n_threads, body), "task failed",
                           std::runtime_error);
      CHECK(n_called < 100'000);
      CHECK(calls_each_once(100, n_threads));
    }
  }
}

TEST_CASE("calls may be nested, and come from several threads at once") {
  const TimeLimit limit(120);
  std::atomic<int> n_inner{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&n_inner] {
      for (int round = 0; round < 20; ++round) {
        parallel_for(6, 3, [&](std::size_t, std::size_t) {
          parallel_for(5, 2, [&](std::size_t, std::size_t) { ++n_inner; });
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(n_inner == 4 * 20 * 6 * 5);
}

TEST_CASE("the core limit bounds the usable cores") {
  const std::size_t all = usable_cores();
  CHECK(all >= 1);
  set_core_limit(1);
  CHECK(usable_cores() == 1);
  set_core_limit(1'000'000);
  CHECK(usable_cores() == all);
  set_core_limit(0);
  CHECK(usable_cores() == all);
}

#if defined(__unix__) || defined(__APPLE__)

namespace {

// The child's exit status: 0 where it could use the pool several times over.
int fork_and_use_pool() {
  std::fflush(nullptr);  // or the child would hold a copy of what is not written yet
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    bool good = true;
    for (int round = 0; round < 5; ++round) good = good && calls_each_once(40, 3);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return status;
}

}  // namespace

TEST_CASE("a fork leaves a pool that works, in the child and in the parent") {
  const TimeLimit limit(120);
  for (int round = 0; round < 5; ++round) {
    CHECK(calls_each_once(100, 4));
    CHECK(fork_and_use_pool() == 0);
    CHECK(calls_each_once(100, 4));
  }
}

// Sanitizers keep locks of their own, which a fork beside running threads leaves locked.
#ifndef BYTESTRIDE_SANITIZED
TEST_CASE("a fork while other threads use the pool") {
  const TimeLimit limit(240);
  std::atomic<bool> stop{false};
  std::atomic<int> n_bad{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([&] {
      while (!stop) {
        if (!calls_each_once(8, 3)) ++n_bad;
        // Helpers may want the mutex that a fork takes while they are told to stop.
        parallel_for(
            8, 3, [](std::size_t, std::size_t) { const std::lock_guard lock(fork_safe_mutex()); });
      }
    });
  }
  std::thread second_forker([&n_bad] {
    for (int round = 0; round < 100; ++round) {
      if (fork_and_use_pool() != 0) ++n_bad;
    }
  });
  for (int round = 0; round < 100; ++round) CHECK(fork_and_use_pool() == 0);
  second_forker.join();
  stop = true;
  for (std::thread& user : users) user.join();
  CHECK(n_bad == 0);
}
#endif

#endif
