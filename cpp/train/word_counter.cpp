#include "train/word_counter.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/memory.hpp"
#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "documents/transcode.hpp"
#include "pretokenize/short_keys.hpp"

namespace bytestride {
namespace {

constexpr std::size_t kListBytes = std::size_t{8} << 10;

// Workers wait for the last chunk of a batch of about 2 MiB: small ones make that short.
constexpr std::size_t kCountChunkBytes = std::size_t{64} << 10;

// The part of the words that begin with these bytes (zeros behind a shorter one). Not by the hash:
// that differs from process to process, and parts may be written out one by one.
constexpr std::size_t part_of(std::uint64_t first_bytes) {
  constexpr unsigned kPartBits = 6;
  static_assert(std::size_t{1} << kPartBits == WordCounter::kParts);
  return first_bytes * 0x9E3779B97F4A7C15u >> (64 - kPartBits);
}

std::uint64_t first_bytes_of(ByteSpan word) {
  return word.size() >= 8 ? load_u64(word.data()) : load_below_u64(word.data(), word.size());
}

// Words in lists are written in whole numbers.
constexpr std::size_t padded(std::size_t n_bytes) {
  return (n_bytes + 7) / 8 * 8;
}

template <typename Unit>
std::size_t find_line_end_in(const DocumentView& document, std::size_t from) {
  // Units may lie anywhere: a buffer may be one that begins within another.
  for (; from < document.n_units; ++from) {
    Unit unit;
    std::memcpy(&unit, document.data + from * sizeof unit, sizeof unit);
    if (unit == '\n') return from + 1;
  }
  return from;
}

// Behind the first newline at or after unit `from`, or the end of the document.
std::size_t find_line_end(const DocumentView& document, std::size_t from) {
  if (document.kind == TextKind::ucs2) return find_line_end_in<char16_t>(document, from);
  if (document.kind == TextKind::ucs4) return find_line_end_in<char32_t>(document, from);
  const std::size_t newline = ByteSpan(document.data, document.n_units).find('\n', from);
  return newline == ByteSpan::npos ? document.n_units : newline + 1;
}

// Parts of documents that end where lines do, of about a chunk each; a line is not cut.
DocumentList cut_after_lines(const DocumentList& documents) {
  std::vector<DocumentView> parts;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const DocumentView document = documents[i];
    std::size_t begin = 0;
    while (document.n_units - begin > kCountChunkBytes) {
      const std::size_t end = find_line_end(document, begin + kCountChunkBytes);
      parts.push_back(document.slice(begin, end));
      begin = end;
    }
    parts.push_back(document.slice(begin, document.n_units));
  }
  return DocumentList(std::move(parts));
}

}  // namespace

// Before the bytes of a word in a list.
struct WordCounter::Entry {
  std::uint64_t hash;
  std::uint64_t count;
  std::uint64_t n_bytes;
};

struct WordCounter::List {
  std::vector<char> bytes = std::vector<char>(kListBytes);
  std::size_t n_bytes = 0;

  // Calls visit(entry, word) for each.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const char* at = bytes.data(); at != bytes.data() + n_bytes;) {
      Entry entry;
      std::memcpy(&entry, at, sizeof entry);
      at += sizeof entry;
      visit(entry, ByteSpan(at, entry.n_bytes));
      at += padded(entry.n_bytes);
    }
  }
};

struct WordCounter::Worker {
  WordCombiner combiner;
  std::array<List, kParts> lists;
  std::vector<std::uint64_t> keys = std::vector<std::uint64_t>(kSpanBatch);
  LineScratch split;
  std::vector<char> transcoded;
  std::uint64_t n_text_bytes = 0;
  std::uint64_t n_texts = 0;
};

WordCounter::WordCounter(std::shared_ptr<const TextSplitter> splitter, CountOptions options)
    : splitter_(std::move(splitter)),
      lines_(splitter_),
      options_(options),
      all_added_(splitter_->always_wanted()),
      seed_(process_hash_seed()),
      runs_(options.spill_descriptor) {
  if (options_.memory_bytes != 0) {
    if (options_.memory_bytes < kLeastMemory) {
      throw InvalidArgument("counting needs " + std::to_string(kLeastMemory >> 20) +
                            " MiB for its tables at least; " +
                            std::to_string(options_.memory_bytes) + " bytes were given");
    }
    if (options_.spill_descriptor < 0) {
      throw InvalidArgument("a memory limit needs a scratch file for what exceeds it");
    }
  }
  const AddedTokens& added = splitter_->added_tokens();
  for (std::size_t i = 0; i < added.all().size(); ++i) all_added_.add(added, i);
  for (Part& part : parts_) part.words = WordCounts(options_.has_firsts);
}

WordCounter::~WordCounter() = default;

void WordCounter::add(const DocumentList& documents, std::size_t n_threads) {
  if (options_.has_firsts) return count_in_order(documents);
  if (options_.by_lines) return count_parts(cut_after_lines(documents), n_threads);
  count_parts(documents, n_threads);
}

void WordCounter::count_parts(const DocumentList& documents, std::size_t n_threads) {
  if (splitter_->calls_back() || n_threads == 0) n_threads = 1;
  while (workers_.size() < n_threads) workers_.push_back(std::make_unique<Worker>());
  const std::vector<Chunk> chunks = plan_chunks(documents, splitter_->may_cut(), kCountChunkBytes);
  parallel_for(chunks.size(), n_threads, [&](std::size_t task, std::size_t worker) {
    for_each_part(documents, chunks[task], [&](std::size_t, const DocumentView& part, bool) {
      count_part(part, *workers_[worker]);
    });
  });
  for (const std::unique_ptr<Worker>& worker : workers_) {
    n_text_bytes_ += std::exchange(worker->n_text_bytes, 0);
    n_texts_ += std::exchange(worker->n_texts, 0);
  }
}

ByteSpan WordCounter::added_text(TokenId id) const {
  for (const AddedToken& token : splitter_->added_tokens().all()) {
    if (token.id == id) return token.content;
  }
  return {};
}

template <typename OnSpans, typename OnToken>
std::size_t WordCounter::split(ByteSpan text, Worker& worker, OnSpans&& on_spans,
                               OnToken&& on_token) const {
  if (options_.by_lines) return lines_.split(text, all_added_, worker.split, on_spans, on_token);
  splitter_->split(text, all_added_, worker.split.split, on_spans, on_token);
  return text.empty() ? 0 : 1;
}

void WordCounter::count_in_order(const DocumentList& documents) {
  if (workers_.empty()) workers_.push_back(std::make_unique<Worker>());
  Worker& worker = *workers_.front();
  const auto count_word = [&](ByteSpan word) {
    Part& part = parts_[part_of(first_bytes_of(word))];
    part.words.add(word, 1, n_text_bytes_);
    keep_in_bounds(part);
    n_text_bytes_ += word.size();
  };
  for (std::size_t i = 0; i < documents.size(); ++i) {
    n_texts_ += split(
        as_utf8(documents[i], worker.transcoded), worker,
        [&](const SpanBatch& spans) {
          for (std::size_t k = 0; k < spans.n; ++k) {
            const std::uint32_t begin = k == 0 ? 0 : spans.ends[k - 1];
            count_word({spans.base + begin, spans.ends[k] - begin});
          }
        },
        [&](TokenId id) {
          if (options_.count_added) count_word(added_text(id));
        });
  }
}

void WordCounter::count_part(const DocumentView& part, Worker& worker) {
  const auto turn_out = [&](const std::uint64_t* word, std::size_t n_bytes, std::uint64_t count) {
    write_down(word, n_bytes, count, worker);
  };
  const auto count_spans = [&](const SpanBatch& spans) {
    if (worker.keys.size() < spans.n) worker.keys.resize(spans.n);
    load_short_keys(spans, 0, spans.n, worker.keys.data());
    const char* const text_end = spans.text.data() + spans.text.size();
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < spans.n; ++i) {
      const char* const word = spans.base + begin;
      const std::size_t n_bytes = spans.ends[i] - begin;
      begin = spans.ends[i];
      if (worker.keys[i] != 0) {
        worker.combiner.add(worker.keys[i], turn_out);
      } else if (n_bytes <= MediumKey::kMaxBytes) {
        worker.combiner.add(
            MediumKey::load(word, n_bytes, static_cast<std::size_t>(text_end - word)), turn_out);
      } else {
        write_down({word, n_bytes}, 1, worker);
      }
    }
    worker.n_text_bytes += begin;
  };
  worker.n_texts += split(as_utf8(part, worker.transcoded), worker, count_spans, [&](TokenId id) {
    if (!options_.count_added) return;
    const ByteSpan text = added_text(id);
    write_down(text, 1, worker);
    worker.n_text_bytes += text.size();
  });
}

char* WordCounter::room_for(const Entry& entry, std::size_t part, Worker& worker) {
  List& list = worker.lists[part];
  if (list.n_bytes + sizeof entry + padded(entry.n_bytes) > kListBytes) hand_over(part, worker);
  char* const at = list.bytes.data() + list.n_bytes;
  std::memcpy(at, &entry, sizeof entry);
  list.n_bytes += sizeof entry + padded(entry.n_bytes);
  return at + sizeof entry;
}

void WordCounter::write_down(const std::uint64_t* word, std::size_t n_bytes, std::uint64_t count,
                             Worker& worker) {
  const std::uint64_t hash = hash_bytes(reinterpret_cast<const char*>(word), n_bytes, seed_);
  char* const to = room_for({hash, count, n_bytes}, part_of(word[0]), worker);
  for (std::size_t i = 0; i < n_bytes; i += 8) std::memcpy(to + i, word + i / 8, 8);
}

void WordCounter::write_down(ByteSpan word, std::uint64_t count, Worker& worker) {
  const Entry entry{hash_bytes(word.data(), word.size(), seed_), count, word.size()};
  const std::size_t index = part_of(first_bytes_of(word));
  if (sizeof entry + padded(word.size()) <= kListBytes) {
    std::memcpy(room_for(entry, index, worker), word.data(), word.size());
    return;
  }
  Part& part = parts_[index];
  const std::lock_guard lock(part.mutex);
  part.words.add(word, entry.hash, count, 0);
  keep_in_bounds(part);
}

void WordCounter::hand_over(std::size_t part, Worker& worker) {
  List& list = worker.lists[part];
  {
    WordCounts& words = parts_[part].words;
    const std::lock_guard lock(parts_[part].mutex);
    list.for_each([&](const Entry& entry, ByteSpan) { words.prefetch_slot(entry.hash); });
    list.for_each([&](const Entry& entry, ByteSpan) { words.prefetch_word(entry.hash); });
    list.for_each([&](const Entry& entry, ByteSpan) { words.prefetch_bytes(entry.hash); });
    list.for_each(
        [&](const Entry& entry, ByteSpan word) { words.add(word, entry.hash, entry.count, 0); });
    keep_in_bounds(parts_[part]);
  }
  list.n_bytes = 0;
}

void WordCounter::keep_in_bounds(Part& part) {
  if (options_.memory_bytes == 0 || part.words.memory_bytes() <= options_.memory_bytes / kParts) {
    return;
  }
  part.runs.push_back(runs_.write(part.words));
  part.words = WordCounts(options_.has_firsts);
}

void WordCounter::flush() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->combiner.clear([&](const std::uint64_t* word, std::size_t n_bytes,
                               std::uint64_t count) { write_down(word, n_bytes, count, *worker); });
    for (std::size_t part = 0; part < kParts; ++part) hand_over(part, *worker);
  }
  workers_.clear();
}

WordCounts WordCounter::finish_part(std::size_t index) {
  flush();
  Part& part = parts_[index];
  for (const WordRuns::Run& run : part.runs) runs_.add_to(part.words, run);
  part.runs.clear();
  return std::exchange(part.words, WordCounts(options_.has_firsts));
}

WordCounts WordCounter::finish() {
  flush();
  std::size_t n_words = 0, n_bytes = 0;
  for (const Part& part : parts_) {
    n_words += part.words.n_words();
    n_bytes += part.words.n_bytes();
  }
  WordCounts all(options_.has_firsts);
  all.reserve(n_words, n_bytes);
  for (std::size_t part = 0; part < kParts; ++part) {
    WordCounts words = finish_part(part);
    all.take(words);
  }
  n_text_bytes_ = 0;
  n_texts_ = 0;
  // What was read and what workers held is of no use to merging, which needs as much again.
  give_back_free_memory();
  return all;
}

}  // namespace bytestride
