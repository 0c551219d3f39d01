#include "encode/word_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>

#include "base/parallel.hpp"

namespace bytestride {
namespace {

// The parts, in proportion to what 50 to 70 MB of English, code and many languages fill of each:
// twice as many short words as others, half as many long ones, 16 bytes of text and 12 ids for two
// long ones.
constexpr std::size_t kBytesPerUnit = 2 * 16 + 32 + 32 / 2 + 16 + 12 * sizeof(TokenId);
constexpr std::size_t kWantedBytes = kBytesPerUnit << 18;
constexpr std::size_t kLeastBytes = std::size_t{256} << 10;
// How many slots of a table may be filled.
constexpr std::size_t most_of(std::size_t n_slots) {
  return n_slots / 4 * 3;
}

}  // namespace

WordCache::WordCache(CacheShare share)
    : share_(std::move(share)),
      seed_(process_hash_seed()),
      n_units_(std::bit_floor(share_.n_bytes() / kBytesPerUnit)),
      short_(2 * n_units_),
      medium_(n_units_),
      long_(n_units_ / 2),
      texts_(16 * n_units_),
      ids_(12 * n_units_) {}

WordIds WordCache::value_of(const TokenId* ids, std::size_t n_ids) {
  if (WordIds::fits(ids, n_ids)) return WordIds::of(ids, n_ids);
  const std::size_t place = n_ids_.fetch_add(n_ids + 1, std::memory_order_relaxed);
  if (place + n_ids + 1 > ids_.capacity()) {
    full_.store(true, std::memory_order_relaxed);
    return {};
  }
  ids_[place] = static_cast<TokenId>(n_ids);
  std::copy(ids, ids + n_ids, ids_.data() + place + 1);
  return WordIds::list_at(place, false);
}

template <typename Table>
WordIds WordCache::put(Table& table, std::atomic<std::size_t>& n_words, std::size_t most,
                       std::uint64_t hash, const typename Table::Key& key, WordIds ids) {
  // Two steps, not one that locks: a count that misses a word now and then is as good.
  const std::size_t n = n_words.load(std::memory_order_relaxed);
  n_words.store(n + 1, std::memory_order_relaxed);
  if (n >= most) {
    full_.store(true, std::memory_order_relaxed);
  } else if (ids.known()) {
    table.insert(hash, key, ids.bits());
  }
  return ids;
}

WordIds WordCache::insert(std::uint64_t hash, std::uint64_t short_key, const TokenId* ids,
                          std::size_t n_ids) {
  return put(short_, n_short_, most_of(2 * n_units_), hash, {short_key}, value_of(ids, n_ids));
}

WordIds WordCache::insert(std::uint64_t hash, const MediumKey& key, const TokenId* ids,
                          std::size_t n_ids) {
  return put(medium_, n_medium_, most_of(n_units_), hash, {key.low, key.high},
             value_of(ids, n_ids));
}

WordIds WordCache::insert(std::uint64_t hash, ByteSpan word, const TokenId* ids,
                          std::size_t n_ids) {
  const std::size_t place = n_text_bytes_.fetch_add(word.size(), std::memory_order_relaxed);
  if (place + word.size() > texts_.capacity()) {
    full_.store(true, std::memory_order_relaxed);
    return {};
  }
  std::memcpy(texts_.data() + place, word.data(), word.size());
  return put(long_, n_long_, most_of(n_units_ / 2), hash,
             {std::uint64_t{place} << 16 | word.size(), hash}, value_of(ids, n_ids));
}

std::shared_ptr<WordCache> WordCaches::current() {
  {
    const std::lock_guard lock(fork_safe_mutex());
    if (cache_ && !cache_->full()) return cache_;
  }
  // Made outside of the lock, which the share takes itself. Another worker may be as fast: then
  // one of the two caches goes at once. The full one is let go first, to make room in the budget.
  clear();
  CacheShare share(kWantedBytes, kLeastBytes);
  auto made = share.n_bytes() == 0 ? nullptr : std::make_shared<WordCache>(std::move(share));
  const std::lock_guard lock(fork_safe_mutex());
  if (!cache_) cache_ = made;
  latest_.store(cache_.get(), std::memory_order_relaxed);
  return cache_;
}

void WordCaches::clear() {
  std::shared_ptr<WordCache> gone;
  const std::lock_guard lock(fork_safe_mutex());
  gone = std::move(cache_);
  cache_ = nullptr;
  latest_.store(nullptr, std::memory_order_relaxed);
}

}  // namespace bytestride
