// What pretokens became, for all threads of an encoder: a cache of a fixed size, filled once.
//
// Three tables by length (up to 8 bytes, up to 23, longer), each with the words themselves as keys,
// so that a hit is exact; texts of long words and lists of more than three ids stand in two arenas.
// One that gets crowded is followed by a larger one, with what it has (WordCaches). The largest
// takes nothing more where it is full, and goes on giving: the words that come often come early.
// Only when many more words were turned away than are kept is it outworn (another kind of text).
// Reading and adding need no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/hash.hpp"
#include "base/memory.hpp"
#include "base/types.hpp"
#include "encode/cache_budget.hpp"
#include "encode/shared_slots.hpp"
#include "encode/word_ids.hpp"
#include "pretokenize/word_key.hpp"

namespace bytestride {

class WordCache {
 public:
  // Longer words seldom come again, and would take the place of many others.
  static constexpr std::size_t kMaxWordBytes = 1024;

  explicit WordCache(CacheShare share);
  // The same, with all words of `smaller`, which other threads may go on using.
  WordCache(CacheShare share, const WordCache& smaller);

  std::uint64_t hash(std::uint64_t short_key) const { return hash_u64(short_key, seed_); }
  std::uint64_t hash(const MediumKey& key) const {
    const auto& [first, second, third] = key.words;
    return mix(mix(first ^ seed_.a, second ^ seed_.b) ^ third, seed_.b | 1);
  }
  std::uint64_t hash(ByteSpan word) const {
    return hash_bytes(word.data(), word.size(), seed_) | std::uint64_t{1} << 63;  // never 0
  }

  void prefetch(std::uint64_t hash, std::uint64_t) const { short_.slots.prefetch(hash); }
  void prefetch(std::uint64_t hash, const MediumKey&) const { medium_.slots.prefetch(hash); }
  void prefetch(std::uint64_t hash, ByteSpan) const { long_.slots.prefetch(hash); }

  // What is known of most words that are, without a branch; of others find() may know more.
  WordIds find_first(std::uint64_t hash, std::uint64_t short_key) const {
    return WordIds(short_.slots.find_first(hash, {short_key}));
  }
  WordIds find_first(std::uint64_t hash, const MediumKey& key) const {
    return WordIds(medium_.slots.find_first(hash, key.words));
  }

  WordIds find(std::uint64_t hash, std::uint64_t short_key) const {
    return WordIds(short_.slots.find(hash, short_key, [](const auto&) { return true; }));
  }
  WordIds find(std::uint64_t hash, const MediumKey& key) const {
    return WordIds(medium_.slots.find(hash, key.words[2], [&](const auto& words) {
      return words[0] == key.words[0] && words[1] == key.words[1];
    }));
  }
  WordIds find(std::uint64_t hash, ByteSpan word) const {
    return WordIds(
        long_.slots.find(hash, hash, [&](const auto& words) { return text_at(words[0]) == word; }));
  }

  // Keep a word and its ids; nothing where there is no room. Precondition: n_ids is not 0, and a
  // long word has at most kMaxWordBytes bytes.
  WordIds insert(std::uint64_t hash, std::uint64_t short_key, const TokenId* ids,
                 std::size_t n_ids);
  WordIds insert(std::uint64_t hash, const MediumKey& key, const TokenId* ids, std::size_t n_ids);
  WordIds insert(std::uint64_t hash, ByteSpan word, const TokenId* ids, std::size_t n_ids);

  // The ids of a list that is not of a batch.
  std::span<const TokenId> list(WordIds ids) const {
    const TokenId* const at = ids_.data() + ids.place();
    return {at + 1, at[0]};
  }
  void prefetch_list(WordIds ids) const { __builtin_prefetch(ids_.data() + ids.place()); }
  // How many words it can be given beforehand and not be crowded.
  std::size_t n_seeds() const { return n_units_ / 2; }
  // Whether a part is three quarters full, or nothing fits into it.
  bool crowded() const { return crowded_.load(std::memory_order_relaxed); }
  bool outworn() const { return outworn_.load(std::memory_order_relaxed); }
  CacheShare& share() { return share_; }

 private:
  ByteSpan text_at(std::uint64_t place) const {
    return {texts_.data() + (place >> 16), place & 0xFFFF};
  }
  // One of the three tables, and how many words it has and may have.
  template <std::size_t kKeyWords>
  struct Table {
    SharedSlots<kKeyWords> slots;
    std::size_t most_words;
    std::atomic<std::size_t> n_words{0};

    explicit Table(std::size_t n_slots);
    std::size_t size() const { return n_words.load(std::memory_order_relaxed); }
    bool has_room() const { return size() < most_words; }
  };
  // A value for these ids, or one that is not known where the arena is full.
  WordIds value_of(const TokenId* ids, std::size_t n_ids);
  template <std::size_t kKeyWords>
  WordIds put(Table<kKeyWords>& table, std::uint64_t hash,
              const typename SharedSlots<kKeyWords>::Key& key, const TokenId* ids,
              std::size_t n_ids);
  WordIds turn_away();

  CacheShare share_;
  HashSeed seed_;
  std::size_t n_units_;  // of size; each part has its share of one (word_cache.cpp)
  Table<1> short_;
  Table<3> medium_;
  Table<2> long_;
  PageArray<char> texts_;
  PageArray<TokenId> ids_;
  std::atomic<std::size_t> n_text_bytes_{0};
  std::atomic<std::size_t> n_ids_{0};
  std::atomic<std::size_t> n_turned_away_{0};
  std::atomic<bool> crowded_{false};
  std::atomic<bool> outworn_{false};
};

}  // namespace bytestride
