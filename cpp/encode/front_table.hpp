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

  // Looking up, apart from the table: a copy on the stack keeps its three fields in registers.
  class Reader {
   public:
    explicit Reader(const FrontTable& table)
        : multiplier_(table.multiplier_), shift_(table.shift_), entries_(table.entries_.data()) {}
    void prefetch(std::uint64_t key) const {
      __builtin_prefetch(&entries_[key * multiplier_ >> shift_]);
    }
    // What is known of the word with this key (ShortKey), or 0. No branch: every sixth word is
    // not here.
    std::uint64_t find(std::uint64_t key) const {
      const Entry& entry = entries_[key * multiplier_ >> shift_];
      return entry.value & (static_cast<std::uint64_t>(entry.key != key) - 1);
    }

   private:
    std::uint64_t multiplier_;
    unsigned shift_;
    const Entry* entries_;
  };

  // Precondition: the key is not 0, and ids is known and no list.
  void insert(std::uint64_t key, WordIds ids) {
    entries_[key * multiplier_ >> shift_] = {key, ids.bits()};
  }

 private:
  std::uint64_t multiplier_;
  unsigned shift_;
  PageArray<Entry> entries_;
};

}  // namespace bytestride
