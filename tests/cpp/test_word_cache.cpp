#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "encode/cache_budget.hpp"
#include "encode/front_table.hpp"
#include "encode/word_caches.hpp"
#include "pretokenize/short_keys.hpp"
#include "pretokenize/word_key.hpp"
#include "simd/backend.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// On the heap at its exact size, so that a sanitizer sees a load beyond the end.
std::vector<char> exactly(const std::string& text) {
  return {text.begin(), text.end()};
}

std::uint64_t short_key(const std::string& word) {
  return ShortKey::load_at_end(word.data(), word.size());
}

MediumKey medium_key(const std::string& word) {
  return MediumKey::load(word.data(), word.size(), word.size());
}

std::vector<TokenId> ids_of(const WordCache& cache, WordIds value) {
  if (value.is_list()) return {cache.list(value).begin(), cache.list(value).end()};
  TokenId out[WordIds::kMaxInline];
  return {out, value.write_to(out)};
}

std::vector<TokenId> random_ids(Random& random) {
  std::vector<TokenId> ids(1 + random.below(6));
  for (TokenId& id : ids) {
    id = random.one_in(9) ? kMaxTokenId - static_cast<TokenId>(random.below(3))
                          : static_cast<TokenId>(random.below(1 << 20));
  }
  return ids;
}

WordCache cache_of(std::size_t n_bytes) {
  return WordCache(CacheShare(n_bytes, n_bytes));
}

// A word by its length's own table.
WordIds find(const WordCache& cache, const std::string& word) {
  if (word.size() <= 8 && short_key(word) != 0) {
    return cache.find(cache.hash(short_key(word)), short_key(word));
  }
  if (word.size() <= MediumKey::kMaxBytes)
    return cache.find(cache.hash(medium_key(word)), medium_key(word));
  return cache.find(cache.hash(ByteSpan(word)), ByteSpan(word));
}

WordIds insert(WordCache& cache, const std::string& word, const std::vector<TokenId>& ids) {
  if (word.size() <= 8 && short_key(word) != 0) {
    return cache.insert(cache.hash(short_key(word)), short_key(word), ids.data(), ids.size());
  }
  if (word.size() <= MediumKey::kMaxBytes) {
    const MediumKey key = medium_key(word);
    return cache.insert(cache.hash(key), key, ids.data(), ids.size());
  }
  return cache.insert(cache.hash(ByteSpan(word)), ByteSpan(word), ids.data(), ids.size());
}

}  // namespace

TEST_CASE("a key is its bytes, whatever lies behind them and how near the end of the text is") {
  for_seeds(3000, [](Random& random) {
    const std::size_t n = 1 + random.below(MediumKey::kMaxBytes);
    const std::string word = letters(random, ByteSpan("a\0\xFF\xF8", 4), n);
    const std::string behind = letters(random, ByteSpan("b\0\x80", 3), random.below(30));
    const std::vector<char> text = exactly(word + behind);
    const MediumKey key = MediumKey::load(text.data(), n, text.size());
    CHECK(key.words == medium_key(word).words);
    if (n > ShortKey::kMaxBytes) return;
    CHECK(ShortKey::load_at_end(text.data(), n) == short_key(word));
    if (text.size() >= ShortKey::kReadAhead) {
      CHECK(ShortKey::load(text.data(), n) == short_key(word));
    }
  });
}

TEST_CASE("different words have different keys, and few short ones have none") {
  std::map<std::uint64_t, std::string> short_keys;
  std::map<std::array<std::uint64_t, 3>, std::string> medium_keys;
  for_seeds(8000, [&](Random& random) {
    const std::string alphabet = random.one_in(2) ? std::string("\0\x01", 2) : "\xFF\xF9\xF8";
    const std::string word = letters(random, alphabet, 1 + random.below(MediumKey::kMaxBytes));
    const MediumKey key = medium_key(word);
    CHECK(key.words[2] != 0);
    const auto [at, is_new] = medium_keys.insert({key.words, word});
    CHECK((is_new || at->second == word));
    if (word.size() > ShortKey::kMaxBytes) return;
    if (short_key(word) == 0) {
      CHECK(word.size() == 8);
      CHECK((static_cast<unsigned char>(word[7]) >= 0xF8 || word == std::string(8, '\0')));
      return;
    }
    const auto [short_at, short_is_new] = short_keys.insert({short_key(word), word});
    CHECK((short_is_new || short_at->second == word));
  });
}

TEST_CASE("short keys of many words are those of each, on every backend") {
  const Backend before = backend();
  for_seeds(2000, [](Random& random) {
    const std::string text =
        letters(random, ByteSpan("ab\0\xFF\xF8\xF9", 6), 40 + random.below(400));
    std::vector<std::uint32_t> ends;
    const std::uint32_t begin = static_cast<std::uint32_t>(random.below(20));
    for (std::uint32_t at = begin + 1; at + 8 < text.size();) {
      ends.push_back(at);
      at += static_cast<std::uint32_t>(1 + random.below(random.one_in(4) ? 40 : 9));
    }
    if (ends.empty()) return;
    for (const Backend one : available_backends()) {
      set_backend(one);
      std::vector<std::uint64_t> keys(ends.size());
      load_short_keys(text.data(), begin, ends, keys.data());
      std::uint32_t at = begin;
      for (std::size_t i = 0; i < ends.size(); ++i) {
        CHECK(keys[i] == ShortKey::load_at_end(text.data() + at, ends[i] - at));
        at = ends[i];
      }
    }
  });
  set_backend(before);
}

TEST_CASE("a front table gives what was put in last, or nothing") {
  FrontTable table(64);
  std::map<std::string, TokenId> all;
  for_seeds(5000, [&](Random& random) {
    const std::string word = letters(random, "abcdef", 1 + random.below(8));
    const TokenId id = static_cast<TokenId>(random.below(1000));
    table.insert(short_key(word), WordIds::of(&id, 1));
    all[word] = id;
    CHECK(FrontTable::Reader(table).find(short_key(word)) == WordIds::of(&id, 1).bits());
  });
  std::size_t n_found = 0;
  for (const auto& [word, id] : all) {
    const std::uint64_t value = FrontTable::Reader(table).find(short_key(word));
    if (value == 0) continue;
    ++n_found;
    CHECK(value == WordIds::of(&id, 1).bits());
  }
  CHECK(n_found > 32);
  CHECK(FrontTable::Reader(table).find(short_key("zzz")) == 0);
}

TEST_CASE("the word cache gives what was put in, for words of every length") {
  WordCache cache = cache_of(std::size_t{16} << 20);
  std::map<std::string, std::vector<TokenId>> all;
  for_seeds(20'000, [&](Random& random) {
    const std::string word = letters(random, "abcdefgh\xFF", 1 + random.below(40));
    if (all.contains(word)) return;
    CHECK_FALSE(find(cache, word).known());
    const std::vector<TokenId> ids = random_ids(random);
    CHECK(ids_of(cache, insert(cache, word, ids)) == ids);
    all[word] = ids;
  });
  CHECK_FALSE(cache.outworn());
  std::size_t n_found = 0;
  for (const auto& [word, ids] : all) {
    const WordIds value = find(cache, word);
    if (!value.known()) continue;
    ++n_found;
    CHECK(ids_of(cache, value) == ids);
  }
  CHECK(n_found > all.size() * 99 / 100);
}

TEST_CASE("a full word cache goes on giving what it has, and says when that is outworn") {
  WordCache cache = cache_of(std::size_t{256} << 10);
  std::map<std::string, std::vector<TokenId>> all;
  std::size_t n_tried = 0;
  const auto try_one = [&](std::size_t length) {
    Random random(n_tried++);
    const std::string word = letters(random, "abcdefghijkl", length);
    const std::vector<TokenId> ids = random_ids(random);
    if (find(cache, word).known()) return;
    if (insert(cache, word, ids).known()) all.emplace(word, ids);
  };
  // Each part is filled without the others losing anything.
  for (const std::size_t length : {8, 20, 40}) {
    for (int i = 0; i < 3000; ++i) try_one(length);
  }
  CHECK_FALSE(cache.outworn());
  std::size_t n_found = 0;
  for (const auto& [word, ids] : all) {
    const WordIds value = find(cache, word);
    if (!value.known()) continue;
    ++n_found;
    CHECK(ids_of(cache, value) == ids);
  }
  CHECK(n_found > all.size() * 9 / 10);
  while (!cache.outworn()) {
    REQUIRE(n_tried < 1'000'000);
    try_one(20);
  }
}

TEST_CASE("threads that fill and read one cache see whole entries only") {
  WordCache cache = cache_of(std::size_t{8} << 20);
  // What a word becomes follows from it, as when merging: so any answer can be checked.
  const auto ids_for = [](const std::string& word) {
    std::vector<TokenId> ids;
    for (std::size_t i = 0; i <= word.size() / 4; ++i) {
      ids.push_back(static_cast<TokenId>(word.size() * 1000 + static_cast<unsigned char>(word[i])));
    }
    return ids;
  };
  std::atomic<int> n_wrong{0};
  const auto work = [&](std::uint64_t seed) {
    Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const std::string word = letters(random, "abc", 1 + random.below(24));
      const WordIds value = find(cache, word);
      if (!value.known()) {
        insert(cache, word, ids_for(word));
      } else if (ids_of(cache, value) != ids_for(word)) {
        ++n_wrong;
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
  for (std::thread& thread : threads) thread.join();
  CHECK(n_wrong == 0);
}

TEST_CASE("caches share one budget") {
  const std::size_t before = cache_budget();
  const std::size_t used = cache_bytes_in_use();
  set_cache_budget(used + 3000);
  {
    const CacheShare first(1600, 100);
    CHECK(first.n_bytes() == 1600);
    const CacheShare second(1600, 100);
    CHECK(second.n_bytes() == 800);
    CHECK(cache_bytes_in_use() == used + 2400);
    const CacheShare third(1600, 500);
    CHECK(third.n_bytes() == 0);
  }
  CHECK(cache_bytes_in_use() == used);
  set_cache_budget(0);
  CHECK(CacheShare(100, 1).n_bytes() == 0);
  WordCaches caches([](WordCache&) {});
  CHECK(caches.current() == nullptr);
  set_cache_budget(before);
  const auto cache = caches.current();
  REQUIRE(cache != nullptr);
  CHECK(caches.serves(cache.get()));
  CHECK(caches.current() == cache);
  caches.clear();
  CHECK_FALSE(caches.serves(cache.get()));
  CHECK(caches.current() != cache);
}

TEST_CASE(
    "a crowded cache is followed by a larger one with the same words, while there is budget") {
  WordCaches caches([](WordCache&) {});
  std::shared_ptr<WordCache> cache = caches.current();
  REQUIRE(cache != nullptr);
  const std::size_t first_bytes = cache->share().n_bytes();
  std::map<std::string, std::vector<TokenId>> all;
  const auto crowd = [&](std::size_t most_words) {
    for (std::uint64_t seed = all.size(); !cache->crowded() && all.size() < most_words; ++seed) {
      Random random(seed);
      const std::string word = letters(random, "abcdefghijkl", 1 + random.below(40));
      if (find(*cache, word).known()) continue;
      all[word] = random_ids(random);
      insert(*cache, word, all[word]);
    }
  };
  const std::size_t before = cache_budget();
  crowd(1'000'000);
  REQUIRE(cache->crowded());
  SUBCASE("with budget") {
    CHECK_FALSE(caches.serves(cache.get()));
    const std::shared_ptr<WordCache> larger = caches.current();
    REQUIRE(larger != cache);
    CHECK(larger->share().n_bytes() > first_bytes);
    CHECK(cache->share().n_bytes() == 0);
    CHECK_FALSE(larger->crowded());
    std::size_t n_kept = 0, n_found = 0;
    for (const auto& [word, ids] : all) {
      n_kept += find(*cache, word).known();
      const WordIds value = find(*larger, word);
      if (!value.known()) continue;
      ++n_found;
      CHECK(ids_of(*larger, value) == ids);
    }
    CHECK(n_found > n_kept * 99 / 100);
  }
  SUBCASE("without") {
    set_cache_budget(cache_bytes_in_use());
    CHECK(caches.current() == cache);
    CHECK(caches.serves(cache.get()));
    CHECK(cache->share().n_bytes() == first_bytes);
    set_cache_budget(before);
  }
}
