// How often each pretoken occurs: a hash table over an arena that it owns.
//
// Memory: the bytes of each different word, 16 bytes beside them (24 with the offset of its first
// occurrence), and 16 to 32 of table. Counts are 64-bit, and checked. The order of words is that of
// first sight; sorted() gives one that depends on nothing but the counts. A table that took over
// the words of others has no slots until words are added one by one again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"

namespace bytestride {

class WordCounts {
 public:
  // has_firsts: whether it keeps where each word stands first.
  explicit WordCounts(bool has_firsts = false)
      : seed_(process_hash_seed()), has_firsts_(has_firsts) {}

  bool has_firsts() const { return has_firsts_; }
  std::uint64_t hash(ByteSpan word) const { return hash_bytes(word.data(), word.size(), seed_); }
  // For who adds many, which then wait for memory together: each asks for what the next one reads,
  // the slot, the word that stands there, its bytes.
  void prefetch_slot(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }
  void prefetch_word(std::uint64_t hash) const {
    if (const std::uint32_t number = word_at(hash)) __builtin_prefetch(&words_[number - 1]);
  }
  void prefetch_bytes(std::uint64_t hash) const {
    if (const std::uint32_t number = word_at(hash)) {
      __builtin_prefetch(arena_.data() + words_[number - 1].begin);
    }
  }

  // Throws InvalidArgument where a count would pass 2^64 - 1, and then changes nothing.
  void add(ByteSpan word, std::uint64_t count, std::uint64_t first = 0) {
    add(word, hash(word), count, first);
  }
  void add(ByteSpan word, std::uint64_t hash, std::uint64_t count, std::uint64_t first);
  // All words of the other, whose first offsets count from first_shift on. Throws InvalidArgument,
  // also where only one of the two has firsts; what was added by then stays.
  void add_all(const WordCounts& other, std::uint64_t first_shift = 0);
  // The same for a table that has no word in common with this one; the other is empty afterwards.
  void take(WordCounts& other);
  void reserve(std::size_t n_words, std::size_t n_bytes);

  std::size_t n_words() const { return words_.size(); }
  std::size_t n_bytes() const { return arena_.size(); }
  ByteSpan word(std::size_t i) const {
    const std::size_t end = i + 1 < words_.size() ? words_[i + 1].begin : arena_.size();
    return {arena_.data() + words_[i].begin, end - words_[i].begin};
  }
  std::uint64_t count(std::size_t i) const { return words_[i].count; }
  // The least offset at which the word stands; 0 without firsts.
  std::uint64_t first(std::size_t i) const { return has_firsts_ ? firsts_[i] : 0; }
  // Throws InvalidArgument where it would pass 2^64 - 1.
  std::uint64_t total() const;
  // What it takes in memory now.
  std::size_t memory_bytes() const;

  // Numbers of the words by falling count, equal ones by their bytes.
  std::vector<std::uint32_t> sorted() const;

 private:
  struct Word {
    std::uint64_t begin;
    std::uint64_t count;
  };
  struct Slot {
    std::uint32_t word_and_one;  // 0: empty
    std::uint32_t tag;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  // The word in the slot where a search begins, and one; 0 if there is none.
  std::uint32_t word_at(std::uint64_t hash) const {
    return slots_.empty() ? 0 : slots_[hash & (slots_.size() - 1)].word_and_one;
  }
  void append(ByteSpan word, std::uint64_t count, std::uint64_t first);
  void index_words(std::size_t n_slots);

  HashSeed seed_;
  bool has_firsts_;
  std::string arena_;
  std::vector<Word> words_;
  std::vector<std::uint64_t> firsts_;
  std::vector<Slot> slots_;  // empty, or at most half full
};

}  // namespace bytestride
