#include "windows/documents.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "windows/stretches.hpp"
#include "windows/tokens.hpp"

namespace bytestride {

namespace {

// memcpy, because the rows of a mapped index are unaligned.
std::int64_t load(const unsigned char* row, std::int64_t i) {
  std::int64_t value;
  std::memcpy(&value, row + i * std::int64_t{sizeof value}, sizeof value);
  return value;
}

[[noreturn]] void throw_damaged(std::size_t shard, std::int64_t document, std::int64_t found) {
  throw ChangedFile("the index of shard " + std::to_string(shard) + " puts its document " +
                    std::to_string(document) + " at " + std::to_string(found) +
                    ", where it cannot be");
}

}  // namespace

DocumentTable::DocumentTable(std::vector<ShardDocuments> shards) : shards_(std::move(shards)) {
  first_documents_.push_back(0);
  first_tokens_.push_back(0);
  for (const ShardDocuments& shard : shards_) {
    first_documents_.push_back(first_documents_.back() + shard.n_documents);
    first_tokens_.push_back(first_tokens_.back() + shard.n_tokens);
  }
}

std::size_t DocumentTable::shard_of_document(std::int64_t document) const {
  return stretch_at(first_documents_, document);
}

void DocumentTable::check_size(std::size_t i) const {
  if (shards_[i].descriptor < 0) return;
  check_file_size(shards_[i].descriptor, shards_[i].n_bytes, "the index", i);
}

void DocumentTable::check_sizes(std::int64_t document, std::int64_t n,
                                std::vector<char>& checked) const {
  if (n == 0) return;
  for (std::size_t i = shard_of_document(document); i < shards_.size(); ++i) {
    if (!checked[i]) check_size(i);
    checked[i] = 1;
    if (first_documents_[i + 1] >= document + n) return;
  }
}

// Where the shard's document begins in the shard; for n_documents, where the last one ends.
std::int64_t DocumentTable::position(std::size_t i, std::int64_t document) const {
  const ShardDocuments& shard = shards_[i];
  if (shard.positions == nullptr) return document == 0 ? 0 : shard.n_tokens;
  std::int64_t at = document;
  if (shard.sequences != nullptr) {
    at = load(shard.sequences, document);
    if (at < 0 || at > shard.n_positions) throw_damaged(i, document, at);
  }
  if (shard.are_ends) {
    if (at == 0) return 0;
    --at;
  } else if (at == shard.n_positions) {
    return shard.n_tokens;
  }
  const std::int64_t position = load(shard.positions, at) >> shard.shift;
  if (position < 0 || position > shard.n_tokens) throw_damaged(i, document, position);
  return position;
}

void DocumentTable::extents(std::int64_t document, std::int64_t n, Extent* out) const {
  for (std::size_t i = shard_of_document(document); n > 0; ++i) {
    std::int64_t here = document - first_documents_[i];
    const std::int64_t stop = std::min(here + n, shards_[i].n_documents);
    std::int64_t begin = here < stop ? position(i, here) : 0;
    for (; here < stop; ++here, ++document, --n) {
      const std::int64_t end = position(i, here + 1);
      if (end < begin) throw_damaged(i, here + 1, end);
      *out++ = {first_tokens_[i] + begin, first_tokens_[i] + end};
      begin = end;
    }
  }
}

std::int64_t DocumentTable::document_at(std::int64_t token) const {
  const std::size_t i = stretch_at(first_tokens_, token);
  // The last document that begins at or before the token: empty ones before it begin there, too.
  std::int64_t low = 0;
  std::int64_t high = shards_[i].n_documents;
  if (high == 0) throw_damaged(i, 0, 0);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    if (position(i, middle) <= token - first_tokens_[i]) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return first_documents_[i] + low;
}

}  // namespace bytestride
