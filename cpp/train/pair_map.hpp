// Numbers pairs of ids: a growing open-addressing table, at most half full, 16 bytes a slot.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"

namespace bytestride {

class PairMap {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

  PairMap() : seed_(process_hash_seed()), slots_(1024, Slot{0, kNone}) {}

  std::uint32_t find(Pair pair) const {
    return slots_[slot_of(pair_key(pair.left, pair.right))].number;
  }

  // For who looks up many, which then wait for memory together.
  void prefetch(Pair pair) const {
    const std::uint64_t key = pair_key(pair.left, pair.right);
    __builtin_prefetch(&slots_[hash_u64(key, seed_) & (slots_.size() - 1)]);
  }

  // The pair's number; where it has none, it gets `number`. Precondition: number != kNone.
  std::uint32_t find_or_insert(Pair pair, std::uint32_t number) {
    const std::uint64_t key = pair_key(pair.left, pair.right);
    Slot& slot = slots_[slot_of(key)];
    if (slot.number != kNone) return slot.number;
    slot = {key, number};
    if (2 * ++n_pairs_ > slots_.size()) grow();
    return number;
  }

 private:
  struct Slot {
    std::uint64_t key;
    std::uint32_t number;
  };

  std::size_t slot_of(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash_u64(key, seed_) & mask;
    while (slots_[i].number != kNone && slots_[i].key != key) i = (i + 1) & mask;
    return i;
  }

  void grow() {
    std::vector<Slot> old(2 * slots_.size(), Slot{0, kNone});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kNone) slots_[slot_of(slot.key)] = slot;
    }
  }

  HashSeed seed_;
  std::vector<Slot> slots_;
  std::size_t n_pairs_ = 0;
};

}  // namespace bytestride
