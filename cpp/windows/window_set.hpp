// The rows of one or more sources as one list: those of the first, then those of the second, and so
// on. What a batch is gathered from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "windows/source.hpp"

namespace bytestride {

// Rows of a batch, resolved to the pieces they consist of.
struct ResolvedRows {
  struct Row {
    const WindowSource* source;
    std::size_t part;
    std::size_t first_piece;
    std::size_t n_pieces;
  };
  std::vector<Row> rows;
  std::vector<Piece> pieces;
};

class WindowSet {
 public:
  // Throws InvalidArgument unless there is a source and all have the same max_length.
  explicit WindowSet(std::vector<std::shared_ptr<const WindowSource>> sources);

  std::int64_t n_rows() const { return offsets_.back(); }
  std::int64_t max_length() const { return sources_.front()->rule().max_length(); }
  const std::vector<std::shared_ptr<const WindowSource>>& sources() const { return sources_; }
  // The first row of each source, and after them n_rows().
  const std::vector<std::int64_t>& offsets() const { return offsets_; }

  // Finds the rows, and checks that no file that they need has shrunk: ChangedFile. Negative
  // indices count from the end; std::out_of_range for one that is not there.
  void resolve(const std::int64_t* indices, std::size_t n, ResolvedRows& out) const;
  // Where rows of one piece lie, without reading a token: start, number of tokens and first target
  // of each, 3 n numbers. Indices as for resolve; InvalidArgument for a row of several pieces.
  void spans(const std::int64_t* indices, std::size_t n, std::int64_t* out) const;

 private:
  // By part, an entry for each index file that has been checked, where rows depend on these.
  std::vector<std::vector<char>> unchecked_indexes() const;
  std::int64_t row_at(std::int64_t index) const;
  void check_sizes(const ResolvedRows& rows) const;

  std::vector<std::shared_ptr<const WindowSource>> sources_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace bytestride
