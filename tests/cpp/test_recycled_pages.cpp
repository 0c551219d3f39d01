// Memory that goes round: new pages are zero, used ones have what was written to them.
#include <doctest/doctest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/recycled_pages.hpp"

using namespace bytestride;

namespace {

constexpr std::size_t kSize = 100'000;

Pages written(std::size_t n_bytes = kSize) {
  Pages pages(n_bytes);
  std::memset(pages.data(), 1, n_bytes);
  return pages;
}

bool is_used(const Pages& pages) {
  return *static_cast<const char*>(pages.data()) == 1;
}

struct Fresh {
  Fresh() { drop_recycled_pages(); }
  ~Fresh() {
    drop_recycled_pages();
    set_recycled_budget(kDefaultRecycledBudget);
  }
};

}  // namespace

TEST_CASE("pages go to who takes about as many next, and to nobody else") {
  const Fresh fresh;
  recycle_pages(written());
  CHECK_FALSE(is_used(take_pages(kSize / 3)));
  CHECK_FALSE(is_used(take_pages(2 * kSize)));
  const Pages taken = take_pages(kSize - 5'000);
  CHECK(taken.n_bytes() >= kSize);
  CHECK(is_used(taken));
  CHECK_FALSE(is_used(take_pages(kSize)));
}

TEST_CASE("what owns pages gives them on, and what it was moved from does not") {
  const Fresh fresh;
  {
    RecycledPages first(kSize);
    std::memset(first.data(), 1, kSize);
    const RecycledPages second(std::move(first));
    CHECK(second.n_bytes() >= kSize);
  }
  const Pages taken = take_pages(kSize);
  CHECK(is_used(taken));
  CHECK_FALSE(is_used(take_pages(kSize)));
  const RecycledPages none(0);
  CHECK(none.data() == nullptr);
}

TEST_CASE("no more is kept than the budget, of what was used last") {
  const Fresh fresh;
  const auto n_kept = [] {
    std::vector<Pages> taken;
    do {
      taken.push_back(take_pages(kSize));
    } while (is_used(taken.back()));
    return taken.size() - 1;
  };
  const auto recycle_four = [] {
    for (int i = 0; i < 4; ++i) recycle_pages(written());
  };
  CHECK(recycled_budget() == kDefaultRecycledBudget);
  recycle_four();
  CHECK(n_kept() == 4);
  set_recycled_budget(5 * kSize / 2);
  recycle_four();
  CHECK(n_kept() == 2);
  recycle_four();
  set_recycled_budget(3 * kSize / 2);
  CHECK(n_kept() == 1);
  recycle_pages(written(4 * kSize));  // more than that at once
  CHECK_FALSE(is_used(take_pages(4 * kSize)));
  set_recycled_budget(0);
  recycle_four();
  CHECK(n_kept() == 0);
}
