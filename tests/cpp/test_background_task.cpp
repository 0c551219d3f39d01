#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
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

TEST_CASE("tasks run once, whoever runs them") {
  const TimeLimit limit(60);
  for (const std::size_t n_threads : {0, 1, 3}) {
    std::vector<std::atomic<int>> runs(300);
    std::deque<std::unique_ptr<BackgroundTask>> ahead;
    for (auto& n : runs) {
      ahead.push_back(std::make_unique<BackgroundTask>([&n] { ++n; }, n_threads));
      if (ahead.size() < 4) continue;
      ahead.front()->wait();
      ahead.pop_front();
    }
    for (auto& task : ahead) task->wait();
    for (const auto& n : runs) CHECK(n == 1);
  }
}

TEST_CASE("what a task throws comes to who waits, as often as asked") {
  const TimeLimit limit(60);
  for (const std::size_t n_threads : {0, 2}) {
    BackgroundTask task([] { throw std::runtime_error("no luck"); }, n_threads);
    CHECK_THROWS_WITH(task.wait(), "no luck");
    CHECK_THROWS_WITH(task.wait(), "no luck");
  }
}

TEST_CASE("a task that is dropped has ended or never runs") {
  const TimeLimit limit(60);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> running{0};
    {
      BackgroundTask task(
          [&running] {
            ++running;
            std::this_thread::yield();
            --running;
          },
          2);
      if (round % 3 == 0) std::this_thread::yield();
    }
    CHECK(running == 0);
  }
}

TEST_CASE("tasks and parallel calls share the pool") {
  const TimeLimit limit(120);
  std::atomic<int> n_done{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([&n_done] {
      for (int round = 0; round < 100; ++round) {
        BackgroundTask task([&n_done] { ++n_done; }, 2);
        parallel_for(5, 3, [&n_done](std::size_t, std::size_t) { ++n_done; });
        if (round % 2 == 0) task.wait();
      }
    });
  }
  for (std::thread& user : users) user.join();
  CHECK(n_done >= 3 * (100 * 5 + 50));
}

#if defined(__unix__) || defined(__APPLE__)

namespace {

// The child's exit status: 0 where it could wait for every task.
template <typename Tasks>
int fork_and_wait_for(Tasks& tasks) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    bool good = true;
    for (auto& task : tasks) {
      try {
        task->wait();
      } catch (const std::runtime_error&) {
        good = false;
      }
    }
    tasks.clear();
    _exit(good ? 0 : 1);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return status;
}

}  // namespace

TEST_CASE("after a fork tasks can be waited for in the child and in the parent") {
  const TimeLimit limit(120);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::atomic<int>> runs(6);
    std::vector<std::unique_ptr<BackgroundTask>> tasks;
    for (auto& n : runs) {
      tasks.push_back(std::make_unique<BackgroundTask>(
          [&n] {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            ++n;
          },
          1));
    }
    CHECK(fork_and_wait_for(tasks) == 0);
    for (auto& task : tasks) task->wait();
    for (const auto& n : runs) CHECK(n == 1);
  }
}

#endif
