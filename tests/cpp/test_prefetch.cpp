#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/parallel.hpp"
#include "base/recycled_pages.hpp"
#include "support.hpp"
#include "windows/gather.hpp"
#include "windows/order.hpp"
#include "windows/window_set.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

constexpr std::int64_t kLength = 12;
constexpr std::size_t kBatch = 8;

WindowSet set_over(const std::vector<std::uint16_t>& tokens) {
  const auto n = static_cast<std::int64_t>(tokens.size());
  ShardedTokens sharded(
      {{reinterpret_cast<const unsigned char*>(tokens.data()), TokenType::kUint16, n}});
  SourceOptions options;
  options.stream = {0, n};
  return WindowSet(
      {std::make_shared<WindowSource>(std::move(sharded), DocumentTable({{1, n}}),
                                      WindowRule(kLength, 5, Tail::kDrop, false), options)});
}

struct Batch {
  Pages x = take_pages(kBatch * kLength * 8);
  Pages y = take_pages(kBatch * kLength * 8);

  std::int64_t* x_data() const { return static_cast<std::int64_t*>(x.data()); }
  void fill(const WindowSet& set, const Order& order, std::int64_t first) {
    std::vector<std::int64_t> indices(kBatch);
    order.fill(first, 1, kBatch, indices.data());
    ResolvedRows rows;
    set.resolve(indices.data(), kBatch, rows);
    gather_xy(rows, x_data(), static_cast<std::int64_t*>(y.data()));
  }
  std::int64_t sum() const {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < kBatch * kLength; ++i) total += x_data()[i];
    return total;
  }
};

}  // namespace

TEST_CASE("batches gathered ahead by several users are those gathered at once") {
  const TimeLimit limit(120);
  std::vector<std::uint16_t> tokens(5000);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::uint16_t>(i * 7);
  const WindowSet set = set_over(tokens);
  const Order order({set.n_rows()}, {}, Shuffle::kGlobal, 4, 64);
  constexpr std::size_t kBatches = 60;
  std::vector<std::int64_t> expected;
  for (std::size_t b = 0; b < kBatches; ++b) {
    Batch batch;
    batch.fill(set, order, static_cast<std::int64_t>(b * kBatch));
    expected.push_back(batch.sum());
    recycle_pages(std::move(batch.x));
    recycle_pages(std::move(batch.y));
  }
  std::vector<std::vector<std::int64_t>> found(3);
  std::vector<std::thread> users;
  for (auto& mine : found) {
    users.emplace_back([&] {
      struct Ahead {
        std::unique_ptr<Batch> batch;
        std::unique_ptr<BackgroundTask> task;  // goes first
      };
      std::deque<Ahead> ahead;
      const auto take = [&] {
        ahead.front().task->wait();
        mine.push_back(ahead.front().batch->sum());
        recycle_pages(std::move(ahead.front().batch->x));
        recycle_pages(std::move(ahead.front().batch->y));
        ahead.pop_front();
      };
      for (std::size_t b = 0; b < kBatches; ++b) {
        auto batch = std::make_unique<Batch>();
        auto* const raw = batch.get();
        auto task = std::make_unique<BackgroundTask>(
            [&set, &order, raw, b] {
              raw->fill(set, order, static_cast<std::int64_t>(b * kBatch));
            },
            2);
        ahead.push_back({std::move(batch), std::move(task)});
        if (ahead.size() > 3) take();
      }
      while (!ahead.empty()) take();
    });
  }
  for (std::thread& user : users) user.join();
  for (const auto& mine : found) CHECK(mine == expected);
  drop_recycled_pages();
}
