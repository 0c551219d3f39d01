// What a pretoken became the last time: a cache of fixed size, private to a workspace.
//
// Holds pretokens of up to 15 bytes that gave up to three ids (over nine in ten), in buckets of two
// entries, one cache line each; a new entry takes the place of the bucket's older one, so nothing
// ever grows or needs clearing. The key is the bytes themselves, so a hit is exact. 4 MiB when
// full, untouched pages cost nothing.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

struct WordKey {
  static constexpr std::size_t kMaxBytes = 15;

  std::uint64_t low;
  std::uint64_t high;  // its top byte holds the length, which is not 0

  friend bool operator==(const WordKey&, const WordKey&) = default;
};

// Precondition: 1 <= n <= kMaxBytes, and [p, p + n) lies before text_end.
inline WordKey load_word_key(const char* p, std::size_t n, const char* text_end) {
  WordKey key;
  if (text_end - p >= 16) {
    const std::uint64_t all = ~std::uint64_t{0};
    key.low = load_u64(p) & (n >= 8 ? all : ~(all << (8 * n)));
    key.high = n > 8 ? load_u64(p + 8) & ~(all << (8 * (n - 8))) : 0;
  } else {
    char padded[16] = {};
    std::memcpy(padded, p, n);
    key = {load_u64(padded), load_u64(padded + 8)};
  }
  key.high |= std::uint64_t{n} << 56;
  return key;
}

class WordTable {
 public:
  // Three bytes an id (kMaxTokenId): three plain ids would leave one word in six of a small
  // vocabulary to be merged anew each time.
  static constexpr std::size_t kMaxIds = 5;

  class Entry {
   public:
    std::size_t n_ids() const { return ids_[3 * kMaxIds]; }
    // Writes n_ids() ids, and may write up to kMaxIds. Returns the end of the n_ids().
    TokenId* copy_to(TokenId* out) const {
      for (std::size_t i = 0; i < kMaxIds; ++i) {
        std::uint32_t loaded;  // with the next byte, which for the last id is n_ids()
        std::memcpy(&loaded, ids_ + 3 * i, sizeof loaded);
        out[i] = loaded & kMaxTokenId;
      }
      return out + n_ids();
    }

   private:
    friend class WordTable;
    WordKey key_;                        // all zero: empty
    std::uint8_t ids_[3 * kMaxIds + 1];  // its last byte is n_ids
  };

  WordTable() : seed_(process_hash_seed()), buckets_(kBuckets) {}

  const Entry* find(const WordKey& key) const {
    const Bucket& bucket = bucket_of(key);
    if (bucket.entries[0].key_ == key) return &bucket.entries[0];
    if (bucket.entries[1].key_ == key) return &bucket.entries[1];
    return nullptr;
  }

  // Precondition: n_ids <= kMaxIds, and the key is not there.
  void insert(const WordKey& key, const TokenId* ids, std::size_t n_ids) {
    Bucket& bucket = bucket_of(key);
    bucket.entries[1] = bucket.entries[0];
    Entry& entry = bucket.entries[0];
    entry.key_ = key;
    // Ascending, so that each one's fourth byte is written over by the next.
    for (std::size_t i = 0; i < n_ids; ++i) {
      std::memcpy(entry.ids_ + 3 * i, &ids[i], sizeof ids[i]);
    }
    entry.ids_[3 * kMaxIds] = static_cast<std::uint8_t>(n_ids);
  }

 private:
  struct alignas(64) Bucket {
    Entry entries[2];
  };
  static constexpr std::size_t kBuckets = std::size_t{1} << 16;

  Bucket& bucket_of(const WordKey& key) const {
    const std::uint64_t hash = mix(key.low ^ seed_.a, key.high ^ seed_.b);
    return buckets_[hash & (kBuckets - 1)];
  }

  HashSeed seed_;
  PageArray<Bucket> buckets_;
};

}  // namespace bytestride
