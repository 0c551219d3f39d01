#include "train/word_counts.hpp"

#include <algorithm>
#include <bit>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kMostWords = 0xFFFFFFFEu;

// What words are sorted by: most comparisons end with the first two numbers.
struct SortKey {
  std::uint64_t count;
  std::uint64_t first_bytes;
  std::uint32_t word;
};

// So that smaller numbers are smaller texts, as far as eight bytes tell.
std::uint64_t first_bytes_of(ByteSpan word) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes = bytes << 8 | (i < word.size() ? static_cast<unsigned char>(word[i]) : 0);
  }
  return bytes;
}

}  // namespace

void WordCounts::add(ByteSpan word, std::uint64_t hash, std::uint64_t count, std::uint64_t first) {
  if (2 * (words_.size() + 1) > slots_.size()) {
    index_words(std::max(kFirstSlots, std::bit_ceil(2 * words_.size() + 2)));
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i].word_and_one != 0; i = (i + 1) & mask) {
    const std::uint32_t number = slots_[i].word_and_one - 1;
    if (slots_[i].tag != tag_of(hash)) continue;
    const ByteSpan other = this->word(number);
    if (other.size() != word.size() || !same_bytes(other.data(), word.data(), word.size())) {
      continue;
    }
    std::uint64_t& total = words_[number].count;
    if (total + count < total) throw InvalidArgument("a word's count exceeds 2^64 - 1");
    total += count;
    if (has_firsts_) firsts_[number] = std::min(firsts_[number], first);
    return;
  }
  append(word, count, first);
  slots_[i] = {static_cast<std::uint32_t>(words_.size()), tag_of(hash)};
}

void WordCounts::append(ByteSpan word, std::uint64_t count, std::uint64_t first) {
  if (words_.size() >= kMostWords) throw InvalidArgument("more than 2^32 - 2 different words");
  words_.push_back({arena_.size(), count});
  arena_.append(word);
  if (has_firsts_) firsts_.push_back(first);
}

void WordCounts::index_words(std::size_t n_slots) {
  std::vector<Slot>().swap(slots_);
  slots_.resize(n_slots, Slot{0, 0});
  const std::size_t mask = n_slots - 1;
  for (std::size_t number = 0; number < words_.size(); ++number) {
    const std::uint64_t hash = this->hash(word(number));
    std::size_t i = hash & mask;
    while (slots_[i].word_and_one != 0) i = (i + 1) & mask;
    slots_[i] = {static_cast<std::uint32_t>(number + 1), tag_of(hash)};
  }
}

void WordCounts::add_all(const WordCounts& other, std::uint64_t first_shift) {
  if (has_firsts_ != other.has_firsts_) {
    throw InvalidArgument("only one of the two tables keeps where words stand first");
  }
  for (std::size_t i = 0; i < other.n_words(); ++i) {
    const std::uint64_t first = other.first(i) + first_shift;
    if (has_firsts_ && first < first_shift) {
      throw InvalidArgument("a first offset exceeds 2^64 - 1");
    }
    add(other.word(i), other.count(i), first);
  }
}

void WordCounts::take(WordCounts& other) {
  slots_ = {};
  reserve(n_words() + other.n_words(), n_bytes() + other.n_bytes());
  for (std::size_t i = 0; i < other.n_words(); ++i) {
    append(other.word(i), other.count(i), other.first(i));
  }
  other = WordCounts(has_firsts_);
}

void WordCounts::reserve(std::size_t n_words, std::size_t n_bytes) {
  words_.reserve(n_words);
  arena_.reserve(n_bytes);
  if (has_firsts_) firsts_.reserve(n_words);
}

std::uint64_t WordCounts::total() const {
  std::uint64_t total = 0;
  for (const Word& word : words_) {
    if (total + word.count < total) throw InvalidArgument("all counts together exceed 2^64 - 1");
    total += word.count;
  }
  return total;
}

std::size_t WordCounts::memory_bytes() const {
  return arena_.capacity() + words_.capacity() * sizeof(Word) +
         firsts_.capacity() * sizeof(std::uint64_t) + slots_.capacity() * sizeof(Slot);
}

std::vector<std::uint32_t> WordCounts::sorted() const {
  std::vector<SortKey> keys;
  keys.reserve(n_words());
  for (std::uint32_t i = 0; i < n_words(); ++i) {
    keys.push_back({count(i), first_bytes_of(word(i)), i});
  }
  std::sort(keys.begin(), keys.end(), [this](const SortKey& a, const SortKey& b) {
    if (a.count != b.count) return a.count > b.count;
    if (a.first_bytes != b.first_bytes) return a.first_bytes < b.first_bytes;
    return word(a.word) < word(b.word);
  });
  std::vector<std::uint32_t> order;
  order.reserve(n_words());
  for (const SortKey& key : keys) order.push_back(key.word);
  return order;
}

}  // namespace bytestride
