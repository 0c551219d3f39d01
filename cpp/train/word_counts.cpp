#include "train/word_counts.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"

namespace bytestride {

void WordCounts::add(ByteSpan word, std::uint64_t count) {
  const std::uint64_t hash = hash_bytes(word.data(), word.size(), seed_);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i].word != kEmpty; i = (i + 1) & mask) {
    if (slots_[i].hash != hash || this->word(slots_[i].word) != word) continue;
    std::uint64_t& total = words_[slots_[i].word].count;
    if (total + count < total) throw InvalidArgument("a word's count exceeds 2^64 - 1");
    total += count;
    return;
  }
  if (words_.size() >= kEmpty - 1) throw InvalidArgument("more than 2^32 - 2 different words");
  slots_[i] = {hash, static_cast<std::uint32_t>(words_.size())};
  words_.push_back({arena_.size(), count, static_cast<std::uint32_t>(word.size())});
  arena_.append(word);
  if (2 * words_.size() > slots_.size()) grow();
}

void WordCounts::grow() {
  std::vector<Slot> larger(2 * slots_.size(), Slot{0, kEmpty});
  const std::size_t mask = larger.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.word == kEmpty) continue;
    std::size_t i = slot.hash & mask;
    while (larger[i].word != kEmpty) i = (i + 1) & mask;
    larger[i] = slot;
  }
  slots_ = std::move(larger);
}

void WordCounts::add_all(const WordCounts& other) {
  for (std::size_t i = 0; i < other.n_words(); ++i) add(other.word(i), other.count(i));
}

std::vector<std::uint32_t> WordCounts::sorted() const {
  std::vector<std::uint32_t> order(n_words());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return count(a) != count(b) ? count(a) > count(b) : word(a) < word(b);
  });
  return order;
}

}  // namespace bytestride
