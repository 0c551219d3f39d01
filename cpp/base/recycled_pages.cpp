#include "base/recycled_pages.hpp"

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/parallel.hpp"

namespace bytestride {

namespace {

// Guarded by the mutex that no thread holds across a fork. Never destroyed: arrays may outlive it.
struct Kept {
  std::vector<Pages> pages;
  std::size_t n_bytes = 0;
  std::size_t budget = kDefaultRecycledBudget;
};

Kept& kept() {
  static Kept* const instance = new Kept;
  return *instance;
}

// Moves the oldest to `freed` until no more than so many bytes are kept. The lock is held.
void make_room(std::size_t n_bytes, std::vector<Pages>& freed) {
  auto& all = kept().pages;
  std::size_t n_oldest = 0;
  while (kept().n_bytes > n_bytes) {
    kept().n_bytes -= all[n_oldest].n_bytes();
    freed.push_back(std::move(all[n_oldest++]));
  }
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n_oldest));
}

}  // namespace

Pages take_pages(std::size_t n_bytes) {
  {
    const std::lock_guard lock(fork_safe_mutex());
    auto& pages = kept().pages;
    for (std::size_t i = pages.size(); i-- > 0;) {
      if (pages[i].n_bytes() < n_bytes || pages[i].n_bytes() / 2 > n_bytes) continue;
      Pages taken = std::move(pages[i]);
      pages.erase(pages.begin() + static_cast<std::ptrdiff_t>(i));
      kept().n_bytes -= taken.n_bytes();
      return taken;
    }
  }
  return Pages(n_bytes);
}

void recycle_pages(Pages pages) noexcept {
  // What does not fit takes the place of the oldest; those are freed after the lock is let go.
  std::vector<Pages> freed;
  const std::size_t n_bytes = pages.n_bytes();
  if (n_bytes == 0) return;
  try {
    const std::lock_guard lock(fork_safe_mutex());
    if (n_bytes > kept().budget) return;
    make_room(kept().budget - n_bytes, freed);
    kept().pages.push_back(std::move(pages));
    kept().n_bytes += n_bytes;
  } catch (const std::bad_alloc&) {
    // No room to remember them: they are freed.
  }
}

std::size_t recycled_budget() {
  const std::lock_guard lock(fork_safe_mutex());
  return kept().budget;
}

void set_recycled_budget(std::size_t n_bytes) {
  std::vector<Pages> freed;
  const std::lock_guard lock(fork_safe_mutex());
  kept().budget = n_bytes;
  make_room(n_bytes, freed);
}

void drop_recycled_pages() {
  std::vector<Pages> freed;
  const std::lock_guard lock(fork_safe_mutex());
  freed.swap(kept().pages);
  kept().n_bytes = 0;
}

}  // namespace bytestride
