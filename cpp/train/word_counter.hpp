// Counts the pretokens of documents on several threads.
//
//   worker      the words it meets most stay in its combiner; others, and those turned out of it,
//               are written down in the worker's own lists, one for each part
//   parts       the words with the same upper bits of their hash: a table and a lock; a worker
//               that has filled a list adds it to the part's table
//
// So there is one table of all words, however many threads count, and locks are held for thousands
// of words at once. The totals do not depend on how the work was spread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "documents/document.hpp"
#include "pretokenize/text_splitter.hpp"
#include "train/word_combiner.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

struct CountOptions {
  // Keep for each word how many bytes of pretokens stand before its first occurrence. Counting is
  // then done in the order of the text, on one thread.
  bool has_firsts = false;
  // An added token that the text holds counts as a word, as in Hugging Face's trainer; otherwise
  // nothing is learned from it. Either way nothing is learned across it.
  bool count_added = false;
};

class WordCounter {
 public:
  explicit WordCounter(std::shared_ptr<const TextSplitter> splitter, CountOptions options = {});
  ~WordCounter();

  // Not to be called from two threads at once.
  void add(const DocumentList& documents, std::size_t n_threads);

  // Bytes of all pretokens counted so far.
  std::uint64_t n_text_bytes() const { return n_text_bytes_; }

  // All counts in one table; the counter is as new afterwards.
  WordCounts finish();

 private:
  static constexpr std::size_t kParts = 64;
  struct Part {
    std::mutex mutex;
    WordCounts words;
  };
  struct Worker;

  void count_in_order(const DocumentList& documents);
  void count_part(const DocumentView& part, Worker& worker);
  // In the worker's list for the word's part.
  void write_down(ByteSpan word, std::uint64_t count, Worker& worker);
  // Adds what is in the list to the part.
  void hand_over(std::size_t part, Worker& worker);
  void flush(Worker& worker);
  ByteSpan added_text(TokenId id) const;

  std::shared_ptr<const TextSplitter> splitter_;
  CountOptions options_;
  AddedTokenSet all_added_;
  HashSeed seed_;
  std::array<Part, kParts> parts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::uint64_t n_text_bytes_ = 0;
};

}  // namespace bytestride
