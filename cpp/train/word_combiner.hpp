// The words that a worker counts most, in its core's own cache: nine of ten occurrences end here.
//
// Two tables of words as numbers (up to 8 bytes, up to 23), two places a word in one cache line. A
// word that finds both taken turns out the rarer of the two, with its count. Owned by one worker;
// 1 MiB.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"
#include "pretokenize/word_key.hpp"

namespace bytestride {

class WordCombiner {
 public:
  WordCombiner() : seed_(process_hash_seed()), short_(kShort), medium_(kMedium) {}

  // One occurrence of a word. For one that had to leave, calls turn_out(numbers, n_bytes, count):
  // its bytes, in as many whole numbers as they need.
  // Precondition: the key is not 0.
  template <typename TurnOut>
  void add(std::uint64_t short_key, const TurnOut& turn_out) {
    ShortEntry* const pair = &short_[pair_of(short_key * seed_.b, kShort)];
    if (pair[0].key == short_key) {
      ++pair[0].count;
    } else if (pair[1].key == short_key) {
      ++pair[1].count;
    } else {
      ShortEntry& rarer = pair[pair[1].count < pair[0].count];
      leave(rarer, turn_out);
      rarer = {short_key, 1};
    }
  }
  template <typename TurnOut>
  void add(const MediumKey& key, const TurnOut& turn_out) {
    const auto& [first, second, third] = key.words;
    const std::uint64_t hash = mix(mix(first ^ seed_.a, second ^ seed_.b) ^ third, seed_.b | 1);
    MediumEntry* const pair = &medium_[pair_of(hash, kMedium)];
    if (pair[0].key.is(key)) {
      ++pair[0].count;
    } else if (pair[1].key.is(key)) {
      ++pair[1].count;
    } else {
      MediumEntry& rarer = pair[pair[1].count < pair[0].count];
      leave(rarer, turn_out);
      rarer = {key, 1};
    }
  }

  // Turns out everything.
  template <typename TurnOut>
  void clear(const TurnOut& turn_out) {
    for (ShortEntry& entry : short_) {
      leave(entry, turn_out);
      entry = {};
    }
    for (MediumEntry& entry : medium_) {
      leave(entry, turn_out);
      entry = {};
    }
  }

 private:
  struct ShortEntry {
    std::uint64_t key = 0;
    std::uint64_t count = 0;  // 0: empty
  };
  struct MediumEntry {
    MediumKey key{};
    std::uint64_t count = 0;
  };
  static constexpr std::size_t kShort = std::size_t{1} << 15;   // of 16 bytes
  static constexpr std::size_t kMedium = std::size_t{1} << 14;  // of 32 bytes

  // The first of the two places of a word, from the upper bits of its hash.
  static std::size_t pair_of(std::uint64_t hash, std::size_t n_places) {
    return (hash >> 40) & (n_places - 2);
  }

  template <typename TurnOut>
  static void leave(const ShortEntry& entry, const TurnOut& turn_out) {
    if (entry.count == 0) return;
    turn_out(&entry.key, ShortKey::length(entry.key), entry.count);
  }
  template <typename TurnOut>
  static void leave(const MediumEntry& entry, const TurnOut& turn_out) {
    if (entry.count == 0) return;
    turn_out(entry.key.words.data(), entry.key.length(), entry.count);
  }

  HashSeed seed_;
  std::vector<ShortEntry> short_;
  std::vector<MediumEntry> medium_;
};

}  // namespace bytestride
