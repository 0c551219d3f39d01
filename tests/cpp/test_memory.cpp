#include <doctest/doctest.h>

#include <cstdint>
#include <new>
#include <utility>

#include "base/memory.hpp"

using namespace bytestride;

TEST_CASE("pages come zeroed, hold what is written, and keep it when they shrink") {
  PageArray<std::uint32_t> array(3'000'000);
  REQUIRE(array.capacity() >= 3'000'000);
  for (std::size_t i = 0; i < 3'000'000; i += 1000) REQUIRE(array[i] == 0);
  for (std::uint32_t i = 0; i < 3'000'000; ++i) array[i] = i;
  std::uint32_t* const before = array.data();
  array.shrink(5000);
  CHECK(array.data() == before);
  CHECK(array.capacity() >= 5000);
  CHECK(array.capacity() < 3'000'000);
  for (std::uint32_t i = 0; i < 5000; ++i) REQUIRE(array[i] == i);
  array.shrink(1'000'000);  // more than there is: nothing happens
  CHECK(array[4999] == 4999);
  array.shrink(0);
  CHECK(array.capacity() == 0);
}

TEST_CASE("an empty array owns nothing") {
  PageArray<std::uint64_t> array(0);
  CHECK(array.data() == nullptr);
  CHECK(array.capacity() == 0);
  array.shrink(0);
}

TEST_CASE("moving hands the pages over") {
  PageArray<int> first(100);
  first[99] = 7;
  PageArray<int> second(std::move(first));
  CHECK(second[99] == 7);
  PageArray<int> third;
  third = std::move(second);
  CHECK(third[99] == 7);
  third = PageArray<int>(10);
  CHECK(third[9] == 0);
}

TEST_CASE("an impossible size is bad_alloc") {
  CHECK_THROWS_AS(Pages(SIZE_MAX), std::bad_alloc);
  CHECK_THROWS_AS(Pages(SIZE_MAX / 2), std::bad_alloc);
}

#ifndef _WIN32  // there it counts against the system's limit
TEST_CASE("address space costs no memory until it is touched") {
  Pages pages(std::size_t{64} << 30);
  static_cast<char*>(pages.data())[std::size_t{63} << 30] = 1;
  pages.shrink(4096);
  CHECK(pages.n_bytes() >= 4096);
}
#endif
