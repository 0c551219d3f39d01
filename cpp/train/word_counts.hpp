// How often each pretoken occurs: a hash table over an arena that it owns.
//
// Memory: the bytes of each different word, 24 bytes beside them, and 16 to 32 of table. Counts are
// 64-bit. The order of words is that of first sight; sorted() gives one that depends on nothing but
// the counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/types.hpp"

namespace bytestride {

class WordCounts {
 public:
  WordCounts() : seed_(process_hash_seed()), slots_(kFirstSlots, Slot{0, kEmpty}) {}

  void add(ByteSpan word, std::uint64_t count);
  void add_all(const WordCounts& other);

  std::size_t n_words() const { return words_.size(); }
  std::size_t n_bytes() const { return arena_.size(); }
  ByteSpan word(std::size_t i) const { return {arena_.data() + words_[i].begin, words_[i].length}; }
  std::uint64_t count(std::size_t i) const { return words_[i].count; }

  // Numbers of the words by falling count, equal ones by their bytes.
  std::vector<std::uint32_t> sorted() const;

 private:
  struct Word {
    std::uint64_t begin;
    std::uint64_t count;
    std::uint32_t length;
  };
  struct Slot {
    std::uint64_t hash;
    std::uint32_t word;
  };
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFFu;
  static constexpr std::size_t kFirstSlots = 1024;

  void grow();

  HashSeed seed_;
  std::string arena_;
  std::vector<Word> words_;
  std::vector<Slot> slots_;
};

}  // namespace bytestride
