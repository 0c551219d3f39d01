// An open-addressing table that threads read and fill at once, without locks. Entries are added,
// never changed or taken out.
//
// An entry is a value and kKeyWords key words. A writer claims an empty slot by setting its value
// (compare and swap from 0), writes the key, and publishes it with the last key word (release). A
// reader that sees that word (acquire) sees all of the entry; one that does not takes the slot for
// empty and works the word out again. So a word may come to stand twice, and both are right. A
// search looks at kMaxProbes slots at most; where none of them is free the word is not kept.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <utility>

#include "base/memory.hpp"

namespace bytestride {

template <std::size_t kKeyWords>
class SharedSlots {
 public:
  using Key = std::array<std::uint64_t, kKeyWords>;  // the last word is not 0

  SharedSlots() = default;
  // Precondition: a power of two.
  explicit SharedSlots(std::size_t n_slots) : mask_(n_slots - 1), slots_(n_slots) {}

  static constexpr std::size_t bytes_for(std::size_t n_slots) { return n_slots * sizeof(Slot); }

  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }

  // The value of the slot where a search begins, if that has this key, or 0: most searches end
  // there. No branch.
  std::uint64_t find_first(std::uint64_t hash, const Key& key) const {
    Slot& slot = slots_[hash & mask_];
    std::uint64_t difference =
        atomic(slot.key[kKeyWords - 1]).load(std::memory_order_acquire) ^ key[kKeyWords - 1];
    for (std::size_t i = 0; i + 1 < kKeyWords; ++i) {
      difference |= atomic(slot.key[i]).load(std::memory_order_relaxed) ^ key[i];
    }
    return atomic(slot.value).load(std::memory_order_relaxed) &
           (static_cast<std::uint64_t>(difference != 0) - 1);
  }
  // The value of the first entry with this last key word for which same(key) holds, or 0.
  template <typename Same>
  std::uint64_t find(std::uint64_t hash, std::uint64_t last_word, const Same& same) const {
    for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
      Slot& slot = slots_[(hash + probe) & mask_];
      const std::uint64_t word = atomic(slot.key[kKeyWords - 1]).load(std::memory_order_acquire);
      if (word == last_word && same(slot.key)) {
        return atomic(slot.value).load(std::memory_order_relaxed);
      }
      if (word == 0) return 0;
    }
    return 0;
  }

  // Calls visit(key, value) for the entries there are.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i <= mask_; ++i) {
      Slot& slot = slots_[i];
      if (atomic(slot.key[kKeyWords - 1]).load(std::memory_order_acquire) == 0) continue;
      visit(std::as_const(slot.key), atomic(slot.value).load(std::memory_order_relaxed));
    }
  }

  // Whether a place was found. Precondition: the value is not 0.
  bool insert(std::uint64_t hash, const Key& key, std::uint64_t value) {
    for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
      Slot& slot = slots_[(hash + probe) & mask_];
      std::uint64_t empty = 0;
      if (!atomic(slot.value).compare_exchange_strong(empty, value, std::memory_order_relaxed)) {
        continue;
      }
      for (std::size_t i = 0; i + 1 < kKeyWords; ++i) {
        atomic(slot.key[i]).store(key[i], std::memory_order_relaxed);
      }
      atomic(slot.key[kKeyWords - 1]).store(key[kKeyWords - 1], std::memory_order_release);
      return true;
    }
    return false;
  }

 private:
  struct alignas(kKeyWords == 1 ? 16 : 32) Slot {
    std::uint64_t value;
    Key key;
  };
  static constexpr std::size_t kMaxProbes = 8;
  static std::atomic_ref<std::uint64_t> atomic(std::uint64_t& word) {
    return std::atomic_ref<std::uint64_t>(word);
  }

  std::size_t mask_ = 0;
  PageArray<Slot> slots_;
};

}  // namespace bytestride
