// From a token's bytes to its row: an open-addressing table over bytes that somebody else owns.
//
// At most half full; 8 bytes a slot (the row and a part of the hash, so that a miss seldom reads
// the bytes), on huge pages where it is large. Immutable once filled; owned by the TokenTable.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"

namespace bytestride {

inline constexpr std::uint32_t kNoRow = 0xFFFFFFFFu;

class TokenIndex {
 public:
  TokenIndex() : TokenIndex(0) {}
  // Precondition: n_tokens < 2^32 - 1.
  explicit TokenIndex(std::size_t n_tokens)
      : seed_(process_hash_seed()), mask_(std::bit_ceil(2 * n_tokens + 2) - 1), slots_(mask_ + 1) {}

  std::uint64_t hash(ByteSpan bytes) const { return hash_bytes(bytes.data(), bytes.size(), seed_); }
  // For who looks many up: other work hides the wait for the slot.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }

  // Inserts, unless these bytes are there already: then returns the row that has them, otherwise
  // kNoRow. bytes_of(row) gives the bytes of a row inserted before.
  template <typename BytesOf>
  std::uint32_t insert(ByteSpan bytes, std::uint64_t hash, std::uint32_t row,
                       const BytesOf& bytes_of) {
    Slot& slot = slots_[slot_of(bytes, hash, bytes_of)];
    if (slot.row_and_one != 0) return slot.row_and_one - 1;
    slot = {row + 1, tag_of(hash)};
    return kNoRow;
  }

  // The row that find will look at first, kNoRow if none: whose bytes to wait for next.
  std::uint32_t candidate(std::uint64_t hash) const {
    std::size_t i = hash & mask_;
    while (slots_[i].row_and_one != 0 && slots_[i].tag != tag_of(hash)) i = (i + 1) & mask_;
    return slots_[i].row_and_one - 1;
  }

  // kNoRow where nothing was inserted with these bytes.
  template <typename BytesOf>
  std::uint32_t find(ByteSpan bytes, std::uint64_t hash, const BytesOf& bytes_of) const {
    return slots_[slot_of(bytes, hash, bytes_of)].row_and_one - 1;
  }

 private:
  struct Slot {
    std::uint32_t row_and_one;  // 0: empty, as pages come
    std::uint32_t tag;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  template <typename BytesOf>
  std::size_t slot_of(ByteSpan bytes, std::uint64_t hash, const BytesOf& bytes_of) const {
    std::size_t i = hash & mask_;
    while (slots_[i].row_and_one != 0 &&
           (slots_[i].tag != tag_of(hash) || bytes_of(slots_[i].row_and_one - 1) != bytes)) {
      i = (i + 1) & mask_;
    }
    return i;
  }

  HashSeed seed_;
  std::size_t mask_;
  PageArray<Slot> slots_;
};

}  // namespace bytestride
