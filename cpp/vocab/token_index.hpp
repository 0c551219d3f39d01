// From a token's bytes to its id: an open-addressing table of ids over bytes that somebody else
// owns. At most half full; 8 bytes a slot (id and a part of the hash, so that a miss seldom reads
// the bytes). Immutable once filled; owned by the Vocab.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"

namespace bytestride {

class TokenIndex {
 public:
  explicit TokenIndex(std::size_t n_tokens)
      : seed_(process_hash_seed()),
        slots_(std::bit_ceil(2 * n_tokens + 2), Slot{kNoToken, 0}),
        mask_(slots_.size() - 1) {}

  // Inserts, unless these bytes are there already: then returns the id that has them.
  // bytes_of(id) gives the bytes of an id inserted before.
  template <typename BytesOf>
  TokenId insert(ByteSpan bytes, TokenId id, const BytesOf& bytes_of) {
    const std::uint64_t hash = hash_bytes(bytes.data(), bytes.size(), seed_);
    Slot& slot = slots_[slot_of(bytes, hash, bytes_of)];
    if (slot.id != kNoToken) return slot.id;
    slot = {id, tag_of(hash)};
    return kNoToken;
  }

  template <typename BytesOf>
  TokenId find(ByteSpan bytes, const BytesOf& bytes_of) const {
    return find(bytes, hash(bytes), bytes_of);
  }

  // The same in two steps, for who looks many up: other work hides the wait for the slot.
  std::uint64_t hash(ByteSpan bytes) const { return hash_bytes(bytes.data(), bytes.size(), seed_); }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  template <typename BytesOf>
  TokenId find(ByteSpan bytes, std::uint64_t hash, const BytesOf& bytes_of) const {
    return slots_[slot_of(bytes, hash, bytes_of)].id;
  }

 private:
  struct Slot {
    TokenId id;
    std::uint32_t tag;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  template <typename BytesOf>
  std::size_t slot_of(ByteSpan bytes, std::uint64_t hash, const BytesOf& bytes_of) const {
    std::size_t i = hash & mask_;
    while (slots_[i].id != kNoToken &&
           (slots_[i].tag != tag_of(hash) || bytes_of(slots_[i].id) != bytes)) {
      i = (i + 1) & mask_;
    }
    return i;
  }

  HashSeed seed_;
  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace bytestride
