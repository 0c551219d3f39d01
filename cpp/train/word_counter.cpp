#include "train/word_counter.hpp"

#include "base/parallel.hpp"
#include "documents/chunks.hpp"
#include "documents/transcode.hpp"

namespace bytestride {

void WordCounter::add(const DocumentList& documents, std::size_t n_threads) {
  if (splitter_->calls_back() || n_threads == 0) n_threads = 1;
  while (workers_.size() < n_threads) workers_.emplace_back();
  AddedTokenSet all_added = splitter_->always_wanted();
  const AddedTokens& added = splitter_->added_tokens();
  for (std::size_t i = 0; i < added.all().size(); ++i) all_added.add(added, i);

  const std::vector<Chunk> chunks = plan_chunks(documents, splitter_->may_cut());
  parallel_for(chunks.size(), n_threads, [&](std::size_t task, std::size_t worker_index) {
    Worker& worker = workers_[worker_index];
    const auto count_spans = [&](const SpanBatch& spans) {
      std::uint32_t begin = 0;
      for (std::size_t i = 0; i < spans.n; ++i) {
        worker.counts.add({spans.base + begin, spans.ends[i] - begin}, 1);
        begin = spans.ends[i];
      }
    };
    for_each_part(documents, chunks[task], [&](std::size_t, const DocumentView& part, bool) {
      splitter_->split(as_utf8(part, worker.transcoded), all_added, worker.split, count_spans,
                       [](TokenId) {});
    });
  });
}

const WordCounts& WordCounter::total() {
  if (workers_.empty()) workers_.emplace_back();
  while (workers_.size() > 1) {
    workers_.front().counts.add_all(workers_.back().counts);
    workers_.pop_back();
  }
  return workers_.front().counts;
}

}  // namespace bytestride
