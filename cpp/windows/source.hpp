// One stream of tokens and the windows over it: where each lies, without an index in memory.
//
// A segment is the stream, or one document with the virtual tokens around it that the store does
// not hold. For documents one count is kept per 64 of them, and 64 are gone through to find one
// window. A packed source has rows of several pieces instead, and its list of pieces lies in memory
// that the caller owns, as do tokens and index files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "windows/documents.hpp"
#include "windows/rule.hpp"
#include "windows/tokens.hpp"

namespace bytestride {

// Consecutive tokens of one segment. Positions are the stream's; those outside `segment` are its
// virtual tokens, at most one on either side.
struct Piece {
  std::int64_t start;
  std::int64_t n_tokens;
  std::int64_t first_target;
  Extent segment;
  std::int64_t document;  // -1 where the segment is the stream
};

struct SourceOptions {
  bool per_document = false;
  bool mask_boundaries = false;
  Extent stream{};  // of all documents together; a part of the store where it is split
  std::int64_t first_document = 0;  // per document: the documents from this one on,
  std::int64_t n_documents = 0;
  const std::int64_t* selected = nullptr;  // or these, n_documents of them, ascending
  std::optional<std::int64_t> bos_id{};
  std::optional<std::int64_t> eos_id{};
  std::int64_t pad_id = 0;
  std::int64_t ignore_index = -100;
};

class WindowSource {
 public:
  WindowSource(ShardedTokens tokens, DocumentTable documents, WindowRule rule,
               const SourceOptions& options);

  // Turns windows into pieces of packed rows: row r holds the windows pieces[offsets[r]] up to, not
  // including, pieces[offsets[r + 1]]. Throws InvalidArgument where these are no such lists.
  void pack(const std::int64_t* pieces, std::int64_t n_pieces, const std::int64_t* offsets,
            std::int64_t n_rows);

  std::int64_t n_rows() const { return packed_ ? n_packed_rows_ : n_windows_; }
  std::int64_t n_windows() const { return n_windows_; }
  // Appends the pieces of a row. Per document it reads index files, whose sizes are checked before,
  // each once: `checked` has an entry a shard then. Precondition: 0 <= row < n_rows().
  void append_pieces(std::int64_t row, std::vector<char>& checked, std::vector<Piece>& out) const;
  // The piece of a row that has one; InvalidArgument if it has more.
  Piece only_piece(std::int64_t row, std::vector<char>& checked) const {
    if (!packed_ && !options_.per_document) return piece_of(options_.stream, -1, row);
    return piece(packed_ ? only_packed(row) : row, checked);
  }
  // The number of tokens of every window, in order; packing needs it.
  void piece_lengths(std::int64_t* out) const;

  const ShardedTokens& tokens() const { return tokens_; }
  const DocumentTable& documents() const { return documents_; }
  const WindowRule& rule() const { return rule_; }
  const SourceOptions& options() const { return options_; }

 private:
  static constexpr std::int64_t kGroup = 64;

  Piece piece(std::int64_t window, std::vector<char>& checked) const;
  void segments(std::int64_t first, std::int64_t n, std::vector<char>& checked, Extent* out) const;
  std::int64_t count(const Extent& segment) const;
  std::int64_t only_packed(std::int64_t row) const;
  Piece piece_of(const Extent& segment, std::int64_t document, std::int64_t window) const {
    const int n_virtual = (options_.bos_id ? 1 : 0) + (options_.eos_id ? 1 : 0);
    const Span span = rule_.span(segment.end - segment.begin + n_virtual, window);
    const std::int64_t begin = segment.begin - (options_.bos_id ? 1 : 0);
    return {begin + span.start, span.n_tokens, span.first_target, segment, document};
  }
  template <typename Body>
  void for_each_group(Body&& body) const;

  ShardedTokens tokens_;
  DocumentTable documents_;
  WindowRule rule_;
  SourceOptions options_;
  std::int64_t n_windows_ = 0;
  std::vector<std::int64_t> windows_before_;  // per document: of each group, and all
  bool packed_ = false;
  std::int64_t n_packed_rows_ = 0;
  const std::int64_t* packed_pieces_ = nullptr;
  const std::int64_t* packed_offsets_ = nullptr;
};

}  // namespace bytestride
