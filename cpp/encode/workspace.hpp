// What a call or a worker needs beside the vocabulary: scratch, a warm front table and its hold on
// the word cache. Borrowed from the encoder's pool, given back warm; never shared at one time.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "base/memory.hpp"
#include "encode/cache_budget.hpp"
#include "encode/front_table.hpp"
#include "encode/span_encoder.hpp"
#include "encode/word_caches.hpp"
#include "pretokenize/text_splitter.hpp"

namespace bytestride {

// Ids on their way out. Room is asked for once per batch of pretokens, then written without checks.
class TokenBuffer {
 public:
  std::size_t size() const { return size_; }
  const TokenId* data() const { return tokens_.get(); }
  void clear() { size_ = 0; }

  // Room for n more ids, from where they go.
  TokenId* reserve(std::size_t n) {
    if (size_ + n > capacity_) grow(size_ + n);
    return tokens_.get() + size_;
  }
  // Takes the ids written behind the last reserve, up to `end`.
  void commit(const TokenId* end) { size_ = static_cast<std::size_t>(end - tokens_.get()); }
  void push(TokenId id) {
    TokenId* at = reserve(1);
    *at = id;
    commit(at + 1);
  }
  std::size_t n_bytes() const { return capacity_ * sizeof(TokenId); }

 private:
  void grow(std::size_t needed);

  std::unique_ptr<TokenId[]> tokens_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct Workspace {
  SplitScratch split;
  std::vector<char> transcoded;
  std::unique_ptr<SpanScratch> spans = std::make_unique<SpanScratch>();
  CacheShare front_share;
  FrontTable front;
  std::shared_ptr<WordCache> cache;
  TokenBuffer tokens;

  Workspace();
  // Lets go of scratch that an unusually long text made large.
  void trim();
};

class WorkspacePool {
 public:
  class Loan {
   public:
    Loan(WorkspacePool& pool, std::unique_ptr<Workspace> workspace)
        : pool_(pool), workspace_(std::move(workspace)) {}
    ~Loan() { pool_.give_back(std::move(workspace_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Workspace& operator*() const { return *workspace_; }
    Workspace* operator->() const { return workspace_.get(); }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<Workspace> workspace_;
  };

  ~WorkspacePool() { clear(); }
  Loan borrow();
  // Drops the workspaces that are not lent now.
  void clear();

 private:
  void give_back(std::unique_ptr<Workspace> workspace);

  // The workspace that came back last, so that one caller at a time needs no lock; or nullptr.
  std::atomic<Workspace*> warmest_{nullptr};
  std::vector<std::unique_ptr<Workspace>> idle_;  // the others; guarded by fork_safe_mutex()
};

}  // namespace bytestride
