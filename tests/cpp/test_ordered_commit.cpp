#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/parallel.hpp"
#include "encode/ordered_commit.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

struct Text {
  std::string text;

  std::size_t size() const { return text.size(); }
  std::size_t n_bytes() const { return text.size(); }
  void clear() { text.clear(); }
};

// What was written where, and in which order places were opened.
struct Output {
  std::vector<std::size_t> opened;
  std::string text = std::string(100, '.');

  auto open() {
    return [this](std::size_t begin, std::size_t size) {
      opened.push_back(begin);
      if (begin + size > text.size()) throw std::length_error("no room");
    };
  }
  auto write() {
    return [this](std::size_t, const Text& answer, std::size_t begin) {
      std::copy(answer.text.begin(), answer.text.end(), text.begin() + begin);
    };
  }
};

}  // namespace

TEST_CASE("an answer that comes early waits, and the missing one brings it out") {
  OrderedCommit<Text> commit(100);
  Output out;
  Text third{"ccc"}, second{"bb"}, first{"a"}, fourth{"dddd"};
  CHECK(commit.hand_in(2, third, out.open(), out.write()));
  CHECK(third.size() == 0);
  CHECK(commit.hand_in(1, second, out.open(), out.write()));
  CHECK(out.opened.empty());
  CHECK(commit.hand_in(0, first, out.open(), out.write()));
  CHECK(first.size() == 0);
  CHECK(out.opened == std::vector<std::size_t>{0, 1, 3});
  CHECK(commit.hand_in(3, fourth, out.open(), out.write()));
  CHECK(out.text.substr(0, 11) == "abbcccdddd.");
}

TEST_CASE("an answer without room waits for its turn, in its worker") {
  const TimeLimit limit(60);
  OrderedCommit<Text> commit(4);
  Output out;
  std::atomic<bool> handed_in{false};
  Text small{"bb"}, first{"a"};
  CHECK(commit.hand_in(1, small, out.open(), out.write()));
  std::thread other([&] {
    Text large{"ccc"};
    commit.hand_in(2, large, out.open(), out.write());
    handed_in = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_FALSE(handed_in);
  CHECK(commit.hand_in(0, first, out.open(), out.write()));
  other.join();
  CHECK(out.text.substr(0, 7) == "abbccc.");
}

TEST_CASE("after a failure nothing is written, and nobody waits") {
  const TimeLimit limit(60);
  OrderedCommit<Text> commit(0);
  Output out;
  bool written = true;
  std::thread other([&] {
    Text late{"b"};
    written = commit.hand_in(1, late, out.open(), out.write());
  });
  commit.fail();
  other.join();
  Text first{"a"};
  CHECK_FALSE(written);
  CHECK_FALSE(commit.hand_in(0, first, out.open(), out.write()));
  CHECK(out.opened.empty());
}

TEST_CASE("what opening throws goes to who handed in") {
  OrderedCommit<Text> commit(1000);
  Output out;
  Text large{std::string(200, 'x')};
  CHECK_THROWS_AS(commit.hand_in(0, large, out.open(), out.write()), std::length_error);
  commit.fail();
  CHECK_FALSE(commit.hand_in(1, large, out.open(), out.write()));
}

TEST_CASE("answers of random sizes and speeds come out in order, whatever may wait") {
  const TimeLimit limit(120);
  for (const std::size_t most_waiting : {0, 40, 100'000}) {
    std::vector<std::string> texts;
    std::string expected;
    Random random(most_waiting);
    for (int i = 0; i < 3000; ++i) {
      texts.emplace_back(random.below(30), static_cast<char>('a' + i % 26));
      expected += texts.back();
    }
    std::string out(expected.size(), '.');
    std::size_t n_opened = 0;  // needs no lock: never two at a time
    OrderedCommit<Text> commit(most_waiting);
    parallel_for(texts.size(), 5, [&](std::size_t task, std::size_t) {
      Text answer{texts[task]};
      if (answer.size() % 7 == 3) std::this_thread::sleep_for(std::chrono::microseconds(50));
      commit.hand_in(
          task, answer, [&](std::size_t, std::size_t) { ++n_opened; },
          [&](std::size_t, const Text& text, std::size_t begin) {
            std::copy(text.text.begin(), text.text.end(), out.begin() + begin);
          });
    });
    CHECK(out == expected);
    CHECK(n_opened == texts.size());
  }
}
