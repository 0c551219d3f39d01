// A batch of pretokens to ids, in stages, each a loop over the batch: so that look-ups of different
// words overlap instead of waiting for each other.
//
//   probe    every word of up to 8 bytes in the front table (no branch a word)
//   recall   what is left in the shared word cache, its lines asked for beforehand
//   once     a new word that comes again in the batch is worked out once
//   work out what nobody has seen, sixteen words at a time
//   write    the ids, in the order of the text
//
// Stages hand on one 64-bit value a word (WordIds). Scratch is the workspace's; tables are as in
// front_table.hpp and word_cache.hpp.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "encode/front_table.hpp"
#include "encode/merge_lanes.hpp"
#include "encode/merge_pieces.hpp"
#include "encode/merge_table.hpp"
#include "encode/unmerged_tokens.hpp"
#include "encode/word_cache.hpp"
#include "pretokenize/text_splitter.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

// What the cache knows a word by: a short key, a medium one, or the word itself.
enum class WordKind : std::uint32_t { short_key, medium_key, text };

// A word that the front table does not know.
struct MissedWord {
  std::uint32_t span;
  std::uint32_t begin;
  std::uint32_t n_bytes;
  WordKind kind;
  std::uint64_t hash;
  MediumKey key;  // of a word with a short key, that is the first number
};

struct SpanScratch {
  struct Repeat {
    std::uint32_t span;
    std::uint32_t span_of_first;
  };

  std::uint64_t values[kSpanBatch];
  std::uint64_t keys[kSpanBatch];  // ShortKey of every span
  std::uint32_t missed_spans[kSpanBatch];
  MissedWord missed[kSpanBatch];
  // Of `missed`, by kind.
  std::uint16_t short_words[kSpanBatch];
  std::uint16_t medium_words[kSpanBatch];
  std::uint16_t text_words[kSpanBatch];
  std::uint16_t unknown[kSpanBatch];  // of `missed`, those the cache does not know either
  // Those of them that come again in the batch; the first of each is in a table by hash.
  std::uint16_t first_of_hash[2 * kSpanBatch];
  Repeat repeats[kSpanBatch];
  std::uint16_t unsorted[kSpanBatch];
  std::vector<TokenId> lists;  // of this batch: a length and as many ids, again and again
  std::vector<TokenId> word;
  PieceScratch merging;
};

// The tables that words are looked up in. The cache may be null.
struct WordTables {
  FrontTable& front;
  WordCache* cache;
};

class SpanEncoder {
 public:
  // whole_pieces: a pretoken that is itself a token becomes it, whatever merging would give
  // (tiktoken, and Hugging Face with ignore_merges).
  SpanEncoder(std::shared_ptr<const Vocab> vocab, bool whole_pieces);
  SpanEncoder(const SpanEncoder&) = delete;
  SpanEncoder& operator=(const SpanEncoder&) = delete;

  const Vocab& vocab() const { return *vocab_; }

  // Writes at most as many ids as the spans have bytes, and up to WordIds::kMaxInline places more.
  // Returns the end of the ids.
  TokenId* encode(const SpanBatch& spans, const WordTables& tables, SpanScratch& scratch,
                  TokenId* out) const;

  // How many ids that is.
  std::size_t count(const SpanBatch& spans, const WordTables& tables, SpanScratch& scratch) const;

  // The ids of one pretoken, without any table: at most word.size() of them are written to `out`,
  // which must have room for that many. Returns how many.
  std::size_t encode_word(ByteSpan word, TokenId* out, PieceScratch& scratch) const;

 private:
  // All of the stages but the last: afterwards every value is known.
  void resolve(const SpanBatch& spans, const WordTables& tables, SpanScratch& scratch) const;
  // A word's place in the front table is asked for so many words before it is looked up.
  static constexpr std::size_t kProbeAhead = 96;
  // Each returns how many words it leaves to the next, in missed_spans and in unknown.
  static std::size_t probe(const SpanBatch& spans, const FrontTable& front, SpanScratch& scratch);
  static std::size_t recall(const SpanBatch& spans, std::size_t n_missed, const WordTables& tables,
                            SpanScratch& scratch);
  // Up to so many words are not worth sorting by kind: the same, in the order of the text.
  static constexpr std::size_t kFew = 16;
  static std::size_t recall_few(const SpanBatch& spans, std::size_t n_missed,
                                const WordTables& tables, SpanScratch& scratch);
  // Appends to scratch.unknown those of these words that the cache does not know.
  template <WordKind kKind>
  static void recall_kind(const SpanBatch& spans, std::span<std::uint16_t> words,
                          const WordTables& tables, SpanScratch& scratch, std::size_t& n_unknown);
  template <WordKind kKind>
  static void take_recalled(const MissedWord& missed, WordIds ids, const WordTables& tables,
                            SpanScratch& scratch);
  // Sets repeated words aside; returns how many are left, and counts the others in n_repeats.
  static std::size_t find_repeats(const SpanBatch& spans, std::size_t n_unknown,
                                  SpanScratch& scratch, std::size_t& n_repeats);
  // Answers those that are tokens, though merging would give something else.
  std::size_t take_tokens(const SpanBatch& spans, std::size_t n_unknown, const WordTables& tables,
                          SpanScratch& scratch) const;
  // The first n of scratch.unknown. Precondition: none is longer than the lanes take.
  static void sort_by_length(std::size_t n, SpanScratch& scratch);
  void work_out(const SpanBatch& spans, std::size_t n_unknown, const WordTables& tables,
                SpanScratch& scratch) const;
  static std::span<const TokenId> list_of(WordIds ids, const WordCache* cache,
                                          const SpanScratch& scratch);

  void keep(const SpanBatch& spans, const MissedWord& missed, const TokenId* ids, std::size_t n_ids,
            const WordTables& tables, SpanScratch& scratch) const;

  std::shared_ptr<const Vocab> vocab_;
  UnmergedTokens unmerged_;
  bool tokens_first_;  // whether a word is looked for among those before it is merged
  MergeTable merges_;
};

}  // namespace bytestride
