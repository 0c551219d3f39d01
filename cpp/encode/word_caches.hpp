// The word cache that an encoder uses now, handed to workers as a shared pointer: one that is
// followed by another lives until the last worker lets go of it.
//
// It starts small, so that a tokenizer that sees little text takes little of the budget, and is
// followed by one of up to eight times its size when it gets crowded and the budget has room. What
// it begins with is the encoder's matter (Seed).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "encode/word_cache.hpp"

namespace bytestride {

class WordCaches {
 public:
  using Seed = std::function<void(WordCache&)>;
  explicit WordCaches(Seed seed) : seed_(std::move(seed)) {}

  // May be null: the budget is spent.
  std::shared_ptr<WordCache> current();
  // Whether `cache` is still the one to use; cheap.
  bool serves(const WordCache* cache) const {
    return cache != nullptr && cache == latest_.load(std::memory_order_relaxed) &&
           !cache->outworn() && !(cache->crowded() && may_grow_.load(std::memory_order_relaxed));
  }
  void clear();

 private:
  void publish(const std::shared_ptr<WordCache>& instead_of, std::shared_ptr<WordCache> cache);
  // Puts a larger one in the place of `crowded`, if the budget has room.
  void grow(const std::shared_ptr<WordCache>& crowded);

  const Seed seed_;
  std::shared_ptr<WordCache> cache_;  // guarded by fork_safe_mutex()
  std::atomic<const WordCache*> latest_{nullptr};
  std::atomic<bool> may_grow_{true};  // no worker is at it, and the budget had room
};

}  // namespace bytestride
