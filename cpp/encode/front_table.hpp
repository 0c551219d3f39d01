// The words of at most eight bytes that a workspace met last: small enough for its core's own
// cache.
//
// Direct-mapped, 16 bytes an entry, private to a workspace, so that looking up is two loads and a
// comparison without a branch; a new word takes its place from an older one. The key is the bytes
// themselves, so a hit is exact.
#pragma once

#include <bit>
#include <cstdint>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "encode/word_ids.hpp"

namespace bytestride {

class FrontTable {
 public:
  struct Entry {
    std::uint64_t key;  // 0: empty, and then the value is 0 too
    std::uint64_t value;
  };

  // Precondition: n_entries is a power of two, at least 2.
  explicit FrontTable(std::size_t n_entries)
      : multiplier_(process_hash_seed().b | 1),
        shift_(64u - static_cast<unsigned>(std::bit_width(n_entries - 1))),
        entries_(n_entries) {}

  // What is known of the word with this key (ShortKey), or nothing.
  std::uint64_t find(std::uint64_t key) const {
    const Entry& entry = entries_[slot_of(key)];
    return entry.key == key ? entry.value : 0;
  }
  // Precondition: the key is not 0, and ids is known and no list.
  void insert(std::uint64_t key, WordIds ids) { entries_[slot_of(key)] = {key, ids.bits()}; }

 private:
  std::size_t slot_of(std::uint64_t key) const { return (key * multiplier_) >> shift_; }

  std::uint64_t multiplier_;
  unsigned shift_;
  PageArray<Entry> entries_;
};

}  // namespace bytestride
