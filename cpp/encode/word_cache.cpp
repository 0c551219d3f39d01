#include "encode/word_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace bytestride {
namespace {

// The parts, in proportion to what 50 MB of many languages fill of each; English and code fill less
// of all of them. For each unit a short word and one of up to 23 bytes, a quarter of a longer one,
// 8 bytes of text and 8 ids.
constexpr std::size_t kTextBytesPerUnit = 8;
constexpr std::size_t kIdsPerUnit = 8;
constexpr std::size_t kUnitsPerLongWord = 4;
constexpr std::size_t kBytesPerUnit = SharedSlots<1>::bytes_for(1) + SharedSlots<3>::bytes_for(1) +
                                      SharedSlots<2>::bytes_for(1) / kUnitsPerLongWord +
                                      kTextBytesPerUnit + kIdsPerUnit * sizeof(TokenId);
// So often as many words are turned away as are kept before it is time for others.
constexpr std::size_t kTurnedAwayPerKept = 4;

}  // namespace

template <std::size_t kKeyWords>
WordCache::Table<kKeyWords>::Table(std::size_t n_slots)
    : slots(n_slots), most_words(n_slots / 4 * 3) {}

WordCache::WordCache(CacheShare share)
    : share_(std::move(share)),
      seed_(process_hash_seed()),
      n_units_(std::bit_floor(share_.n_bytes() / kBytesPerUnit)),
      short_(n_units_),
      medium_(n_units_),
      long_(n_units_ / kUnitsPerLongWord),
      texts_(kTextBytesPerUnit * n_units_),
      ids_(kIdsPerUnit * n_units_) {}

WordCache::WordCache(CacheShare share, const WordCache& smaller) : WordCache(std::move(share)) {
  const auto ids_of = [&](WordIds value, TokenId* inline_ids) -> std::span<const TokenId> {
    if (value.is_list()) return smaller.list(value);
    return {inline_ids, value.write_to(inline_ids)};
  };
  TokenId inline_ids[WordIds::kMaxInline];
  smaller.short_.slots.for_each([&](const auto& key, std::uint64_t value) {
    const auto ids = ids_of(WordIds(value), inline_ids);
    insert(hash(key[0]), key[0], ids.data(), ids.size());
  });
  smaller.medium_.slots.for_each([&](const auto& words, std::uint64_t value) {
    const auto ids = ids_of(WordIds(value), inline_ids);
    const MediumKey key{words};
    insert(hash(key), key, ids.data(), ids.size());
  });
  smaller.long_.slots.for_each([&](const auto& key, std::uint64_t value) {
    const auto ids = ids_of(WordIds(value), inline_ids);
    insert(key[1], smaller.text_at(key[0]), ids.data(), ids.size());
  });
}

// Here and below counts go up in two steps, not in one that locks: one that misses a word now and
// then is as good.
WordIds WordCache::turn_away() {
  crowded_.store(true, std::memory_order_relaxed);
  const std::size_t n = n_turned_away_.load(std::memory_order_relaxed);
  n_turned_away_.store(n + 1, std::memory_order_relaxed);
  const std::size_t most = short_.most_words + medium_.most_words + long_.most_words;
  if (n >= kTurnedAwayPerKept * most) outworn_.store(true, std::memory_order_relaxed);
  return {};
}

WordIds WordCache::value_of(const TokenId* ids, std::size_t n_ids) {
  if (WordIds::fits(ids, n_ids)) return WordIds::of(ids, n_ids);
  // Asked first, or the count would run on for ever.
  if (n_ids_.load(std::memory_order_relaxed) >= ids_.capacity()) return {};
  const std::size_t place = n_ids_.fetch_add(n_ids + 1, std::memory_order_relaxed);
  if (place + n_ids + 1 > ids_.capacity()) return {};
  ids_[place] = static_cast<TokenId>(n_ids);
  std::copy(ids, ids + n_ids, ids_.data() + place + 1);
  return WordIds::list_at(place, false);
}

template <std::size_t kKeyWords>
WordIds WordCache::put(Table<kKeyWords>& table, std::uint64_t hash,
                       const typename SharedSlots<kKeyWords>::Key& key, const TokenId* ids,
                       std::size_t n_ids) {
  if (!table.has_room()) return turn_away();
  const WordIds value = value_of(ids, n_ids);
  if (!value.known()) return turn_away();
  table.n_words.store(table.n_words.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  table.slots.insert(hash, key, value.bits());
  return value;
}

WordIds WordCache::insert(std::uint64_t hash, std::uint64_t short_key, const TokenId* ids,
                          std::size_t n_ids) {
  return put(short_, hash, {short_key}, ids, n_ids);
}

WordIds WordCache::insert(std::uint64_t hash, const MediumKey& key, const TokenId* ids,
                          std::size_t n_ids) {
  return put(medium_, hash, key.words, ids, n_ids);
}

WordIds WordCache::insert(std::uint64_t hash, ByteSpan word, const TokenId* ids,
                          std::size_t n_ids) {
  if (!long_.has_room() || n_text_bytes_.load(std::memory_order_relaxed) >= texts_.capacity()) {
    return turn_away();
  }
  const std::size_t place = n_text_bytes_.fetch_add(word.size(), std::memory_order_relaxed);
  if (place + word.size() > texts_.capacity()) return turn_away();
  std::memcpy(texts_.data() + place, word.data(), word.size());
  return put(long_, hash, {std::uint64_t{place} << 16 | word.size(), hash}, ids, n_ids);
}

}  // namespace bytestride
