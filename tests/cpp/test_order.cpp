#include <doctest/doctest.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "simd/backend.hpp"
#include "windows/order.hpp"

using namespace bytestride;

namespace {

void check_permutation(std::uint64_t n, std::uint64_t key) {
  const Permutation permutation(n, key);
  std::vector<char> seen(n, 0);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t at = permutation(i);
    REQUIRE(at < n);
    REQUIRE(seen[at] == 0);
    seen[at] = 1;
    REQUIRE(permutation.inverse(at) == i);
  }
}

}  // namespace

TEST_CASE("a permutation is one, forwards and backwards") {
  for (std::uint64_t n = 1; n < 700; ++n) check_permutation(n, n);
  for (const std::uint64_t power : {1024u, 4096u, 65536u}) {
    for (const std::uint64_t n : {power - 1, power, power + 1}) check_permutation(n, 3);
  }
}

TEST_CASE("large permutations can be undone") {
  for (const std::uint64_t n :
       {std::uint64_t{1} << 40, (std::uint64_t{1} << 61) + 1, std::uint64_t{1} << 62}) {
    const Permutation permutation(n, 11);
    for (std::uint64_t k = 0; k < 2000; ++k) {
      const std::uint64_t i = mix_bits(k) % n;
      const std::uint64_t at = permutation(i);
      REQUIRE(at < n);
      REQUIRE(permutation.inverse(at) == i);
    }
  }
}

TEST_CASE("many numbers at a time go where each goes by itself, on every backend") {
  const Backend before = backend();
  for (const Backend with : available_backends()) {
    set_backend(with);
    CAPTURE(name_of(with));
    for (const std::uint64_t n :
         {std::uint64_t{1}, std::uint64_t{200}, std::uint64_t{257}, std::uint64_t{65537},
          (std::uint64_t{1} << 32) + 1, std::uint64_t{1} << 52, (std::uint64_t{1} << 52) + 1,
          std::uint64_t{1} << 62}) {
      const Permutation permutation(n, n + 1);
      for (std::size_t count = 0; count < 50; ++count) {
        std::vector<std::uint64_t> numbers(count), expected;
        for (std::size_t k = 0; k < count; ++k) {
          // Both ends, the begins and ends of rows, and anything between.
          const std::uint64_t at = k % 3 == 0 ? k : k % 3 == 1 ? n - 1 - k % n : mix_bits(k);
          numbers[k] = at % n;
          expected.push_back(permutation(numbers[k]));
        }
        permutation.apply(numbers.data(), count);
        REQUIRE(numbers == expected);
      }
    }
    const Permutation rows(90000, 5);
    std::vector<std::uint64_t> all(90000);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    rows.apply(all.data(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == rows(i));
  }
  set_backend(before);
}

TEST_CASE("an order in blocks keeps blocks together and has every row once") {
  for (std::int64_t n = 1; n < 60; ++n) {
    for (std::int64_t block = 1; block < 12; ++block) {
      const Order order({n}, {}, Shuffle::kBlock, 5, block);
      std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
      order.fill(0, 1, rows.size(), rows.data());
      std::vector<char> seen(rows.size(), 0);
      int changes = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        REQUIRE(rows[i] >= 0);
        REQUIRE(rows[i] < n);
        REQUIRE(seen[rows[i]] == 0);
        seen[rows[i]] = 1;
        if (i > 0 && rows[i] / block != rows[i - 1] / block) ++changes;
      }
      CHECK(changes == (n - 1) / block);
    }
  }
}

TEST_CASE("an order is the same however it is asked for") {
  const Order order({500, 90, 3000}, {700, 200, 1500}, Shuffle::kGlobal, 9, 64);
  REQUIRE(order.n_samples() == 2400);
  std::vector<std::int64_t> all(7200);
  order.fill(0, 1, all.size(), all.data());
  for (const std::int64_t step : {1, 7, 1000}) {
    std::vector<std::int64_t> some(7);
    order.fill(123, step, some.size(), some.data());
    for (std::size_t i = 0; i < some.size(); ++i) CHECK(some[i] == all[123 + i * step]);
  }
  std::vector<std::int64_t> one(1);
  for (const std::int64_t at : {7199, 0, 2399, 2400, 5000, 1}) {
    order.fill(at, 1, 1, one.data());
    CHECK(one[0] == all[at]);
  }
}

TEST_CASE("an order may be asked by several threads at once") {
  const Order order({100000, 5000}, {70000, 20000}, Shuffle::kBlock, 1, 512);
  std::vector<std::int64_t> expected(30000);
  order.fill(0, 1, expected.size(), expected.data());
  std::vector<std::vector<std::int64_t>> found(4, std::vector<std::int64_t>(expected.size()));
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&order, &mine] {
      for (std::size_t i = 0; i < mine.size(); i += 100) {
        order.fill(static_cast<std::int64_t>(i), 1, 100, mine.data() + i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) CHECK(mine == expected);
}

TEST_CASE("orders that cannot be are refused") {
  CHECK_THROWS_AS(Order({0}, {}, Shuffle::kNone, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(Order({1, 1}, {}, Shuffle::kNone, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(Order({1, 1}, {1, 0}, Shuffle::kNone, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(Order({1}, {}, Shuffle::kNone, 0, 0), InvalidArgument);
  const std::int64_t most = std::int64_t{1} << 62;
  CHECK_THROWS_AS(Order({most, most}, {1, 1}, Shuffle::kNone, 0, 1), InvalidArgument);
  const Order order({most}, {}, Shuffle::kGlobal, 0, 1);
  std::int64_t row = -1;
  order.fill(most, 1, 1, &row);
  CHECK(row >= 0);
  CHECK_THROWS_AS(order.fill(most, 1, 2, &row), InvalidArgument);
  CHECK_THROWS_AS(order.fill(-1, 1, 1, &row), InvalidArgument);
  CHECK_THROWS_AS(order.fill(0, 0, 1, &row), InvalidArgument);
}
