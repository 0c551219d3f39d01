// Where the documents of a token stream begin and end, read from the (mapped) index files of its
// shards when asked for; nothing is copied.
//
// A shard's index is a row of int64: where its documents begin or end, counted in tokens or in
// bytes; Megatron's goes through one row more, from documents to sequences. The files may be
// damaged: every number is checked when it is used, and ChangedFile thrown where it cannot be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bytestride {

struct ShardDocuments {
  std::int64_t n_documents;
  std::int64_t n_tokens;
  const unsigned char* positions = nullptr;  // null: the shard is one document
  std::int64_t n_positions = 0;
  int shift = 0;                             // a token counts 1 << shift in `positions`
  bool are_ends = false;                     // of documents; otherwise their begins
  const unsigned char* sequences = nullptr;  // documents' first position, n_documents + 1
  int descriptor = -1;                       // of the mapped file, for its size
  std::int64_t n_bytes = 0;
};

struct Extent {
  std::int64_t begin;
  std::int64_t end;
};

class DocumentTable {
 public:
  explicit DocumentTable(std::vector<ShardDocuments> shards);

  std::int64_t n_documents() const { return first_documents_.back(); }
  // Tokens of n documents from one on, as global positions. Precondition: the table has them.
  void extents(std::int64_t document, std::int64_t n, Extent* out) const;
  // The document that holds a token; O(log documents). Precondition: 0 <= position < all tokens.
  std::int64_t document_at(std::int64_t position) const;

  // Throws ChangedFile if the index file of a shard has shrunk.
  void check_size(std::size_t shard) const;
  // The same for the shards of n documents from one on, but for those that were checked already;
  // `checked` has an entry a shard.
  void check_sizes(std::int64_t document, std::int64_t n, std::vector<char>& checked) const;
  std::size_t n_shards() const { return shards_.size(); }

 private:
  std::size_t shard_of_document(std::int64_t document) const;
  std::int64_t position(std::size_t shard, std::int64_t document) const;

  std::vector<ShardDocuments> shards_;
  std::vector<std::int64_t> first_documents_;
  std::vector<std::int64_t> first_tokens_;
};

}  // namespace bytestride
