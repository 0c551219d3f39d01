#include "encode/span_encoder.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <type_traits>

#include "pretokenize/short_keys.hpp"

namespace bytestride {
namespace {

ByteSpan word_of(const SpanBatch& spans, const MissedWord& missed) {
  return {spans.base + missed.begin, missed.n_bytes};
}

// What the cache knows a word of this kind by.
template <WordKind kKind>
auto cache_key(const SpanBatch& spans, const MissedWord& missed) {
  if constexpr (kKind == WordKind::short_key) {
    return missed.key.words[0];
  } else if constexpr (kKind == WordKind::medium_key) {
    return missed.key;
  } else {
    return word_of(spans, missed);
  }
}

// Fills scratch.missed[k] from scratch.missed_spans[k], but for what only the cache asks for.
void describe(const SpanBatch& spans, std::size_t k, SpanScratch& scratch) {
  MissedWord& missed = scratch.missed[k];
  missed.span = scratch.missed_spans[k];
  missed.begin = missed.span == 0 ? 0 : spans.ends[missed.span - 1];
  missed.n_bytes = spans.ends[missed.span] - missed.begin;
  missed.key.words[0] = scratch.keys[missed.span];
  const bool is_long = missed.n_bytes > MediumKey::kMaxBytes;
  const bool has_key = missed.key.words[0] != 0;
  missed.kind = static_cast<WordKind>(!has_key + is_long);
}

// Sets the hash, and the key of a medium word, and asks for the cache's line.
template <WordKind kKind>
void ask_for(const SpanBatch& spans, const WordCache& cache, MissedWord& missed) {
  if constexpr (kKind == WordKind::medium_key) {
    const char* const text_end = spans.text.data() + spans.text.size();
    const char* const word = spans.base + missed.begin;
    missed.key = MediumKey::load(word, missed.n_bytes, static_cast<std::size_t>(text_end - word));
  }
  const auto key = cache_key<kKind>(spans, missed);
  missed.hash = cache.hash(key);
  cache.prefetch(missed.hash, key);
}

// Calls use() with a constant for each kind.
template <typename Use>
void for_each_kind(Use&& use) {
  use(std::integral_constant<WordKind, WordKind::short_key>{});
  use(std::integral_constant<WordKind, WordKind::medium_key>{});
  use(std::integral_constant<WordKind, WordKind::text>{});
}

}  // namespace

SpanEncoder::SpanEncoder(std::shared_ptr<const Vocab> vocab, bool whole_pieces)
    : vocab_(std::move(vocab)),
      unmerged_(*vocab_),
      tokens_first_(whole_pieces && !unmerged_.empty()),
      merges_(*vocab_) {}

std::size_t SpanEncoder::encode_word(ByteSpan word, TokenId* out, PieceScratch& scratch) const {
  if (tokens_first_) {
    const TokenId token = unmerged_.id_of(word);
    if (token != kNoToken) {
      *out = token;
      return 1;
    }
  }
  return merge_by_pieces(*vocab_, merges_, word, out, scratch);
}

std::size_t SpanEncoder::probe(const SpanBatch& spans, const FrontTable& front,
                               SpanScratch& scratch) {
  const FrontTable::Reader reader(front);
  load_short_keys(spans, 0, spans.n, scratch.keys);
  std::size_t n_missed = 0;
  const auto look_up = [&](std::size_t i) {
    const std::uint64_t value = reader.find(scratch.keys[i]);
    scratch.values[i] = value;
    scratch.missed_spans[n_missed] = static_cast<std::uint32_t>(i);
    n_missed += value == 0;
  };
  const std::size_t n_ahead = std::min(kProbeAhead, spans.n);
  for (std::size_t i = 0; i < n_ahead; ++i) reader.prefetch(scratch.keys[i]);
  std::size_t i = 0;
  for (; i + n_ahead < spans.n; ++i) {
    reader.prefetch(scratch.keys[i + n_ahead]);
    look_up(i);
  }
  for (; i < spans.n; ++i) look_up(i);
  return n_missed;
}

std::size_t SpanEncoder::recall_few(const SpanBatch& spans, std::size_t n_missed,
                                    const WordTables& tables, SpanScratch& scratch) {
  for (std::size_t k = 0; k < n_missed; ++k) {
    MissedWord& missed = scratch.missed[k];
    describe(spans, k, scratch);
    scratch.unknown[k] = static_cast<std::uint16_t>(k);
    if (tables.cache == nullptr) continue;
    for_each_kind([&](auto kind) {
      if (missed.kind == kind) ask_for<kind>(spans, *tables.cache, missed);
    });
  }
  if (tables.cache == nullptr) return n_missed;
  std::size_t n_unknown = 0;
  for (std::uint16_t k = 0; k < n_missed; ++k) {
    const MissedWord& missed = scratch.missed[k];
    for_each_kind([&](auto kind) {
      if (missed.kind != kind) return;
      const WordIds ids = tables.cache->find(missed.hash, cache_key<kind>(spans, missed));
      take_recalled<kind>(missed, ids, tables, scratch);
      scratch.unknown[n_unknown] = k;
      n_unknown += !ids.known();
    });
  }
  return n_unknown;
}

// Sorts the words by kind and takes kind after kind; and of each kind first those that stand where
// they are looked for first. So there are few branches: which kind of word comes next in the text,
// no processor foresees.
std::size_t SpanEncoder::recall(const SpanBatch& spans, std::size_t n_missed,
                                const WordTables& tables, SpanScratch& scratch) {
  std::size_t n_short = 0, n_medium = 0, n_text = 0;
  for (std::size_t k = 0; k < n_missed; ++k) {
    describe(spans, k, scratch);
    const WordKind kind = scratch.missed[k].kind;
    scratch.short_words[n_short] = static_cast<std::uint16_t>(k);
    scratch.medium_words[n_medium] = static_cast<std::uint16_t>(k);
    scratch.text_words[n_text] = static_cast<std::uint16_t>(k);
    n_short += kind == WordKind::short_key;
    n_medium += kind == WordKind::medium_key;
    n_text += kind == WordKind::text;
  }
  if (tables.cache == nullptr) {
    for (std::size_t k = 0; k < n_missed; ++k) scratch.unknown[k] = static_cast<std::uint16_t>(k);
    return n_missed;
  }
  std::size_t n_unknown = 0;
  recall_kind<WordKind::short_key>(spans, {scratch.short_words, n_short}, tables, scratch,
                                   n_unknown);
  recall_kind<WordKind::medium_key>(spans, {scratch.medium_words, n_medium}, tables, scratch,
                                    n_unknown);
  recall_kind<WordKind::text>(spans, {scratch.text_words, n_text}, tables, scratch, n_unknown);
  return n_unknown;
}

template <WordKind kKind>
void SpanEncoder::recall_kind(const SpanBatch& spans, std::span<std::uint16_t> words,
                              const WordTables& tables, SpanScratch& scratch,
                              std::size_t& n_unknown) {
  const WordCache& cache = *tables.cache;
  for (const std::uint16_t k : words) ask_for<kKind>(spans, cache, scratch.missed[k]);
  std::size_t n_left = words.size();
  if constexpr (kKind != WordKind::text) {
    n_left = 0;
    for (const std::uint16_t k : words) {
      const MissedWord& missed = scratch.missed[k];
      const WordIds ids = cache.find_first(missed.hash, cache_key<kKind>(spans, missed));
      take_recalled<kKind>(missed, ids, tables, scratch);
      words[n_left] = k;
      n_left += !ids.known();
    }
  }
  for (const std::uint16_t k : words.first(n_left)) {
    const MissedWord& missed = scratch.missed[k];
    const WordIds ids = cache.find(missed.hash, cache_key<kKind>(spans, missed));
    take_recalled<kKind>(missed, ids, tables, scratch);
    scratch.unknown[n_unknown] = k;
    n_unknown += !ids.known();
  }
}

template <WordKind kKind>
void SpanEncoder::take_recalled(const MissedWord& missed, WordIds ids, const WordTables& tables,
                                SpanScratch& scratch) {
  scratch.values[missed.span] = ids.bits();
  if (ids.is_list()) {
    tables.cache->prefetch_list(ids);
  } else if (kKind == WordKind::short_key && ids.known()) {
    tables.front.insert(missed.key.words[0], ids);
  }
}

std::size_t SpanEncoder::find_repeats(const SpanBatch& spans, std::size_t n_unknown,
                                      SpanScratch& scratch, std::size_t& n_repeats) {
  constexpr std::uint16_t kNobody = 0xFFFF;
  const std::size_t n_places = std::bit_ceil(2 * n_unknown);
  std::fill_n(scratch.first_of_hash, n_places, kNobody);
  std::size_t n_first = 0;
  n_repeats = 0;
  for (std::size_t i = 0; i < n_unknown; ++i) {
    const std::uint16_t k = scratch.unknown[i];
    const MissedWord& missed = scratch.missed[k];
    std::size_t place = missed.hash & (n_places - 1);
    const auto is_other = [&](std::uint16_t first) {
      const MissedWord& other = scratch.missed[first];
      return other.hash != missed.hash || word_of(spans, other) != word_of(spans, missed);
    };
    while (scratch.first_of_hash[place] != kNobody && is_other(scratch.first_of_hash[place])) {
      place = (place + 1) & (n_places - 1);
    }
    const std::uint16_t first = scratch.first_of_hash[place];
    if (first == kNobody) {
      scratch.first_of_hash[place] = k;
      scratch.unknown[n_first++] = k;
    } else {
      scratch.repeats[n_repeats++] = {missed.span, scratch.missed[first].span};
    }
  }
  return n_first;
}

void SpanEncoder::keep(const SpanBatch& spans, const MissedWord& missed, const TokenId* ids,
                       std::size_t n_ids, const WordTables& tables, SpanScratch& scratch) const {
  WordIds value;
  if (WordCache* const cache = tables.cache) {
    for_each_kind([&](auto kind) {
      if (missed.kind != kind) return;
      if (missed.n_bytes > WordCache::kMaxWordBytes) return;
      value = cache->insert(missed.hash, cache_key<kind>(spans, missed), ids, n_ids);
    });
  }
  if (!value.known()) {
    if (WordIds::fits(ids, n_ids)) {
      value = WordIds::of(ids, n_ids);
    } else {
      value = WordIds::list_at(scratch.lists.size(), true);
      scratch.lists.push_back(static_cast<TokenId>(n_ids));
      scratch.lists.insert(scratch.lists.end(), ids, ids + n_ids);
    }
  }
  if (missed.kind == WordKind::short_key && !value.is_list()) {
    tables.front.insert(missed.key.words[0], value);
  }
  scratch.values[missed.span] = value.bits();
}

std::size_t SpanEncoder::take_tokens(const SpanBatch& spans, std::size_t n_unknown,
                                     const WordTables& tables, SpanScratch& scratch) const {
  std::size_t n_left = 0;
  for (std::size_t i = 0; i < n_unknown; ++i) {
    const MissedWord& missed = scratch.missed[scratch.unknown[i]];
    const TokenId token = unmerged_.id_of(word_of(spans, missed));
    if (token == kNoToken) {
      scratch.unknown[n_left++] = scratch.unknown[i];
    } else {
      keep(spans, missed, &token, 1, tables, scratch);
    }
  }
  return n_left;
}

void SpanEncoder::sort_by_length(std::size_t n, SpanScratch& scratch) {
  std::uint16_t first_of[MergeLanes::kMaxBytes + 2] = {};
  for (std::size_t k = 0; k < n; ++k) ++first_of[scratch.missed[scratch.unknown[k]].n_bytes + 1];
  for (std::size_t i = 1; i < std::size(first_of); ++i) {
    first_of[i] = static_cast<std::uint16_t>(first_of[i] + first_of[i - 1]);
  }
  std::copy_n(scratch.unknown, n, scratch.unsorted);
  for (std::size_t k = 0; k < n; ++k) {
    const std::uint16_t unknown = scratch.unsorted[k];
    scratch.unknown[first_of[scratch.missed[unknown].n_bytes]++] = unknown;
  }
}

void SpanEncoder::work_out(const SpanBatch& spans, std::size_t n_unknown, const WordTables& tables,
                           SpanScratch& scratch) const {
  if (tokens_first_) n_unknown = take_tokens(spans, n_unknown, tables, scratch);
  std::size_t n_open = 0;
  for (std::size_t i = 0; i < n_unknown; ++i) {
    const MissedWord& missed = scratch.missed[scratch.unknown[i]];
    if (missed.n_bytes <= MergeLanes::kMaxBytes) {
      scratch.unknown[n_open++] = scratch.unknown[i];
    } else {
      scratch.word.resize(missed.n_bytes);
      TokenId* const ids = scratch.word.data();
      const std::size_t n_ids = encode_word(word_of(spans, missed), ids, scratch.merging);
      keep(spans, missed, ids, n_ids, tables, scratch);
    }
  }
  // Words of like length share the lanes, whose width is that of the longest.
  if (n_open > MergeLanes::kLanes) sort_by_length(n_open, scratch);
  for (std::size_t first = 0; first < n_open; first += MergeLanes::kLanes) {
    const std::size_t n = std::min(MergeLanes::kLanes, n_open - first);
    const std::uint16_t* const turn = scratch.unknown + first;
    ByteSpan words[MergeLanes::kLanes];
    for (std::size_t i = 0; i < n; ++i) words[i] = word_of(spans, scratch.missed[turn[i]]);
    scratch.merging.lanes.run(merges_, words, n);
    for (std::size_t i = 0; i < n; ++i) {
      keep(spans, scratch.missed[turn[i]], scratch.merging.lanes.ids(i),
           scratch.merging.lanes.n_ids(i), tables, scratch);
    }
  }
}

std::span<const TokenId> SpanEncoder::list_of(WordIds ids, const WordCache* cache,
                                              const SpanScratch& scratch) {
  if (!ids.is_of_batch()) return cache->list(ids);
  const TokenId* const at = scratch.lists.data() + ids.place();
  return {at + 1, at[0]};
}

void SpanEncoder::resolve(const SpanBatch& spans, const WordTables& tables,
                          SpanScratch& scratch) const {
  std::size_t n_missed = probe(spans, tables.front, scratch);
  if (n_missed == 0) return;
  n_missed = n_missed <= kFew ? recall_few(spans, n_missed, tables, scratch)
                              : recall(spans, n_missed, tables, scratch);
  if (n_missed == 0) return;
  scratch.lists.clear();
  std::size_t n_repeats = 0;
  // Without a cache words have no hashes.
  if (tables.cache != nullptr && n_missed > 1) {
    n_missed = find_repeats(spans, n_missed, scratch, n_repeats);
  }
  work_out(spans, n_missed, tables, scratch);
  for (std::size_t i = 0; i < n_repeats; ++i) {
    scratch.values[scratch.repeats[i].span] = scratch.values[scratch.repeats[i].span_of_first];
  }
}

TokenId* SpanEncoder::encode(const SpanBatch& spans, const WordTables& tables, SpanScratch& scratch,
                             TokenId* out) const {
  resolve(spans, tables, scratch);
  for (std::size_t i = 0; i < spans.n; ++i) {
    const WordIds ids(scratch.values[i]);
    if (!ids.is_list()) {
      out = ids.write_to(out);
    } else {
      const std::span<const TokenId> list = list_of(ids, tables.cache, scratch);
      out = std::copy(list.begin(), list.end(), out);
    }
  }
  return out;
}

std::size_t SpanEncoder::count(const SpanBatch& spans, const WordTables& tables,
                               SpanScratch& scratch) const {
  resolve(spans, tables, scratch);
  std::size_t n = 0;
  for (std::size_t i = 0; i < spans.n; ++i) {
    const WordIds ids(scratch.values[i]);
    n += ids.is_list() ? list_of(ids, tables.cache, scratch).size() : ids.count();
  }
  return n;
}

}  // namespace bytestride
