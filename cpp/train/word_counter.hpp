// Counts the pretokens of documents on several threads.
//
//   worker      the words it meets most stay in its combiner; others, and those turned out of it,
//               are written down in the worker's own lists, one for each part
//   parts       of all words, told apart by their first bytes: a table and a lock; a worker that
//               has filled a list adds it to the part's table
//   runs        a part's table that has outgrown its share of the memory is written to the caller's
//               scratch file and starts anew; the runs of a part are added up in the end
//
// So there is one table of all words, however many threads count, and locks are held for hundreds
// of words at once. The totals, and which part a word is in, depend on the text alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "documents/document.hpp"
#include "pretokenize/text_splitter.hpp"
#include "train/line_splitter.hpp"
#include "train/word_combiner.hpp"
#include "train/word_counts.hpp"
#include "train/word_runs.hpp"

namespace bytestride {

struct CountOptions {
  // Keep for each word how many bytes of pretokens stand before its first occurrence. Counting is
  // then done in the order of the text, on one thread.
  bool has_firsts = false;
  // An added token that the text holds counts as a word, as in Hugging Face's trainer; otherwise
  // nothing is learned from it. Either way nothing is learned across it.
  bool count_added = false;
  // Each line of a document, with its newline, is split by itself.
  bool by_lines = false;
  // What the tables of words may take together, from kLeastMemory on; 0 for no limit. With a limit
  // there must be a descriptor for what leaves memory, open for reading and writing.
  std::size_t memory_bytes = 0;
  int spill_descriptor = -1;
};

class WordCounter {
 public:
  static constexpr std::size_t kParts = 64;
  static constexpr std::size_t kLeastMemory = std::size_t{4} << 20;

  // Throws InvalidArgument for a memory limit below the least, or without a descriptor.
  explicit WordCounter(std::shared_ptr<const TextSplitter> splitter, CountOptions options = {});
  ~WordCounter();

  // Not to be called from two threads at once.
  void add(const DocumentList& documents, std::size_t n_threads);

  // Bytes of all pretokens counted so far.
  std::uint64_t n_text_bytes() const { return n_text_bytes_; }

  // Documents or lines that were split so far, empty ones left out; one that was cut counts for
  // each part.
  std::uint64_t n_texts() const { return n_texts_; }

  // Bytes that were written to the scratch file.
  std::uint64_t n_spilled_bytes() const { return runs_.n_bytes(); }

  // All counts in one table; the counter is as new afterwards.
  WordCounts finish();
  // The same part by part, for who has no room for all: each may be had once, and nothing is added
  // meanwhile. Precondition: part < kParts.
  WordCounts finish_part(std::size_t part);

 private:
  struct Part {
    std::mutex mutex;
    WordCounts words;
    std::vector<WordRuns::Run> runs;
  };
  struct Entry;
  struct List;
  struct Worker;

  void count_parts(const DocumentList& documents, std::size_t n_threads);
  void count_in_order(const DocumentList& documents);
  // Splits by documents or lines; gives how many of them there are, empty ones left out.
  template <typename OnSpans, typename OnToken>
  std::size_t split(ByteSpan text, Worker& worker, OnSpans&& on_spans, OnToken&& on_token) const;
  void count_part(const DocumentView& part, Worker& worker);
  // In the worker's list for the word's part; a word in whole numbers, or as bytes.
  void write_down(const std::uint64_t* word, std::size_t n_bytes, std::uint64_t count,
                  Worker& worker);
  void write_down(ByteSpan word, std::uint64_t count, Worker& worker);
  // Where the bytes of an entry go that is written down.
  char* room_for(const Entry& entry, std::size_t part, Worker& worker);
  // Adds what is in the list to the part.
  void hand_over(std::size_t part, Worker& worker);
  // Writes a part that is too large to the scratch file. Precondition: its lock is held, or no
  // other thread counts.
  void keep_in_bounds(Part& part);
  // Everything that workers hold, to the parts; then there are no workers.
  void flush();
  ByteSpan added_text(TokenId id) const;

  std::shared_ptr<const TextSplitter> splitter_;
  LineSplitter lines_;
  CountOptions options_;
  AddedTokenSet all_added_;
  HashSeed seed_;
  std::array<Part, kParts> parts_;
  WordRuns runs_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::uint64_t n_text_bytes_ = 0;
  std::uint64_t n_texts_ = 0;
};

}  // namespace bytestride
