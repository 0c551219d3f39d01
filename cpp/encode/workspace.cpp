#include "encode/workspace.hpp"

#include <algorithm>

#include "base/parallel.hpp"

namespace bytestride {
namespace {

// About the size of a core's second-level cache (half and twice as much were slower); less, where
// the budget is spent.
constexpr std::size_t kFrontBytes = std::size_t{1} << 20;
constexpr std::size_t kLeastFrontBytes = std::size_t{32} << 10;

// What a worker takes of the budget: its table, of which the largest fills half of a huge page, and
// scratch and ids, of about as much as the table. Each of many gets a small part of what is left:
// the cache that they share has to grow.
constexpr std::size_t share_for(std::size_t front_bytes) {
  return front_bytes / 2 * 5;
}
constexpr double kMostOfRest = 1.0 / 20;

constexpr std::size_t kMaxKeptBytes = std::size_t{8} << 20;

template <typename T>
void drop_if_large(std::vector<T>& scratch) {
  if (scratch.capacity() * sizeof(T) > kMaxKeptBytes) std::vector<T>().swap(scratch);
}

}  // namespace

void TokenBuffer::grow(std::size_t needed) {
  const std::size_t capacity = std::max({needed, 2 * capacity_, std::size_t{1024}});
  auto larger = std::make_unique_for_overwrite<TokenId[]>(capacity);
  if (size_ != 0) std::memcpy(larger.get(), tokens_.get(), size_ * sizeof(TokenId));
  tokens_ = std::move(larger);
  capacity_ = capacity;
}

Workspace::Workspace()
    : front_share(share_for(kFrontBytes), share_for(kLeastFrontBytes), kMostOfRest),
      front(std::max(front_share.n_bytes() / 5 * 2 / sizeof(FrontTable::Entry), std::size_t{2})) {}

void Workspace::trim() {
  drop_if_large(transcoded);
  split.stages.trim(kMaxKeptBytes);
  drop_if_large(spans->merging.blocks.symbols);
  drop_if_large(spans->merging.blocks.pairs);
  drop_if_large(spans->merging.blocks.live);
  drop_if_large(spans->merging.windows);
  drop_if_large(spans->lists);
  drop_if_large(spans->word);
  if (split.normalised.capacity() > kMaxKeptBytes) std::string().swap(split.normalised);
  if (tokens.n_bytes() > kMaxKeptBytes) tokens = TokenBuffer();
}

WorkspacePool::Loan WorkspacePool::borrow() {
  if (Workspace* const warmest = warmest_.exchange(nullptr, std::memory_order_acquire)) {
    return Loan(*this, std::unique_ptr<Workspace>(warmest));
  }
  {
    const std::lock_guard lock(fork_safe_mutex());
    if (!idle_.empty()) {
      std::unique_ptr<Workspace> idle = std::move(idle_.back());
      idle_.pop_back();
      return Loan(*this, std::move(idle));
    }
  }
  return Loan(*this, std::make_unique<Workspace>());
}

void WorkspacePool::clear() {
  const std::unique_ptr<Workspace> warmest(warmest_.exchange(nullptr, std::memory_order_acquire));
  std::vector<std::unique_ptr<Workspace>> gone;
  const std::lock_guard lock(fork_safe_mutex());
  gone.swap(idle_);
}

void WorkspacePool::give_back(std::unique_ptr<Workspace> workspace) {
  workspace->trim();
  // The usual case, without asking the system how many cores there are.
  workspace.reset(warmest_.exchange(workspace.release(), std::memory_order_acq_rel));
  if (workspace == nullptr) return;
  const std::size_t most_idle = usable_cores();
  const std::lock_guard lock(fork_safe_mutex());
  if (idle_.size() + 1 < most_idle) idle_.push_back(std::move(workspace));
}

}  // namespace bytestride
