#include "train/word_counter.hpp"

#include <cstring>
#include <utility>

#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "documents/transcode.hpp"
#include "pretokenize/short_keys.hpp"

namespace bytestride {
namespace {

// Before the bytes of a word in a worker's list.
struct Entry {
  std::uint64_t hash;
  std::uint64_t count;
  std::uint64_t n_bytes;
};
constexpr std::size_t kListBytes = std::size_t{8} << 10;

// Calls visit(entry, word) for each.
template <typename Visit>
void for_each_entry(const std::vector<char>& list, Visit&& visit) {
  for (const char* at = list.data(); at != list.data() + list.size();) {
    Entry entry;
    std::memcpy(&entry, at, sizeof entry);
    at += sizeof entry;
    visit(entry, ByteSpan(at, entry.n_bytes));
    at += entry.n_bytes;
  }
}

}  // namespace

struct WordCounter::Worker {
  WordCombiner combiner;
  std::array<std::vector<char>, kParts> lists;
  std::array<std::uint64_t, kSpanBatch> keys;
  SplitScratch split;
  std::vector<char> transcoded;
  std::uint64_t n_text_bytes = 0;
};

WordCounter::WordCounter(std::shared_ptr<const TextSplitter> splitter, CountOptions options)
    : splitter_(std::move(splitter)),
      options_(options),
      all_added_(splitter_->always_wanted()),
      seed_(process_hash_seed()) {
  const AddedTokens& added = splitter_->added_tokens();
  for (std::size_t i = 0; i < added.all().size(); ++i) all_added_.add(added, i);
  for (Part& part : parts_) part.words = WordCounts(options_.has_firsts);
}

WordCounter::~WordCounter() = default;

void WordCounter::add(const DocumentList& documents, std::size_t n_threads) {
  if (options_.has_firsts) return count_in_order(documents);
  if (splitter_->calls_back() || n_threads == 0) n_threads = 1;
  while (workers_.size() < n_threads) workers_.push_back(std::make_unique<Worker>());
  const std::vector<Chunk> chunks = plan_chunks(documents, splitter_->may_cut());
  parallel_for(chunks.size(), n_threads, [&](std::size_t task, std::size_t worker) {
    for_each_part(documents, chunks[task], [&](std::size_t, const DocumentView& part, bool) {
      count_part(part, *workers_[worker]);
    });
  });
  for (const std::unique_ptr<Worker>& worker : workers_) {
    n_text_bytes_ += std::exchange(worker->n_text_bytes, 0);
  }
}

ByteSpan WordCounter::added_text(TokenId id) const {
  for (const AddedToken& token : splitter_->added_tokens().all()) {
    if (token.id == id) return token.content;
  }
  return {};
}

void WordCounter::count_in_order(const DocumentList& documents) {
  if (workers_.empty()) workers_.push_back(std::make_unique<Worker>());
  Worker& worker = *workers_.front();
  const auto count_word = [&](ByteSpan word) {
    WordCounts& words = parts_.front().words;
    words.add(word, 1, n_text_bytes_);
    n_text_bytes_ += word.size();
  };
  for (std::size_t i = 0; i < documents.size(); ++i) {
    splitter_->split(
        as_utf8(documents[i], worker.transcoded), all_added_, worker.split,
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
  const auto turn_out = [&](ByteSpan word, std::uint64_t count) {
    write_down(word, count, worker);
  };
  const auto count_spans = [&](const SpanBatch& spans) {
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
  splitter_->split(as_utf8(part, worker.transcoded), all_added_, worker.split, count_spans,
                   [&](TokenId id) {
                     if (!options_.count_added) return;
                     const ByteSpan text = added_text(id);
                     write_down(text, 1, worker);
                     worker.n_text_bytes += text.size();
                   });
}

void WordCounter::write_down(ByteSpan word, std::uint64_t count, Worker& worker) {
  const Entry entry{hash_bytes(word.data(), word.size(), seed_), count, word.size()};
  const std::size_t part = entry.hash >> 58;
  static_assert(std::size_t{1} << (64 - 58) == kParts);
  std::vector<char>& list = worker.lists[part];
  if (word.size() > kListBytes) {
    const std::lock_guard lock(parts_[part].mutex);
    parts_[part].words.add(word, entry.hash, count, 0);
    return;
  }
  if (list.size() + sizeof entry + word.size() > kListBytes) hand_over(part, worker);
  const char* const head = reinterpret_cast<const char*>(&entry);
  list.insert(list.end(), head, head + sizeof entry);
  list.insert(list.end(), word.begin(), word.end());
}

void WordCounter::hand_over(std::size_t part, Worker& worker) {
  std::vector<char>& list = worker.lists[part];
  WordCounts& words = parts_[part].words;
  {
    const std::lock_guard lock(parts_[part].mutex);
    for_each_entry(list, [&](const Entry& entry, ByteSpan) { words.prefetch(entry.hash); });
    for_each_entry(list, [&](const Entry& entry, ByteSpan word) {
      words.add(word, entry.hash, entry.count, 0);
    });
  }
  list.clear();
}

void WordCounter::flush(Worker& worker) {
  worker.combiner.clear(
      [&](ByteSpan word, std::uint64_t count) { write_down(word, count, worker); });
  for (std::size_t part = 0; part < kParts; ++part) hand_over(part, worker);
}

WordCounts WordCounter::finish() {
  for (const std::unique_ptr<Worker>& worker : workers_) flush(*worker);
  workers_.clear();
  std::size_t n_words = 0, n_bytes = 0;
  for (const Part& part : parts_) {
    n_words += part.words.n_words();
    n_bytes += part.words.n_bytes();
  }
  WordCounts all(options_.has_firsts);
  all.reserve(n_words, n_bytes);
  for (Part& part : parts_) all.take(part.words);
  n_text_bytes_ = 0;
  return all;
}

}  // namespace bytestride
