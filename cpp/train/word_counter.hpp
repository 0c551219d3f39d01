// Counts the pretokens of documents on several threads: a WordCounts per worker, added up at the
// end. The totals do not depend on how the work was spread.
#pragma once

#include <deque>
#include <memory>

#include "documents/document.hpp"
#include "pretokenize/text_splitter.hpp"
#include "train/word_counts.hpp"

namespace bytestride {

class WordCounter {
 public:
  explicit WordCounter(std::shared_ptr<const TextSplitter> splitter)
      : splitter_(std::move(splitter)) {}

  // Added tokens, special ones too, are not counted: nothing is learned from them or across them.
  // Not to be called from two threads at once.
  void add(const DocumentList& documents, std::size_t n_threads);

  // All counts so far, in one table.
  const WordCounts& total();

 private:
  struct Worker {
    WordCounts counts;
    SplitScratch split;
    std::vector<char> transcoded;
  };

  std::shared_ptr<const TextSplitter> splitter_;
  std::deque<Worker> workers_;
};

}  // namespace bytestride
