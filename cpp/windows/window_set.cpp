#include "windows/window_set.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "windows/stretches.hpp"

namespace bytestride {

WindowSet::WindowSet(std::vector<std::shared_ptr<const WindowSource>> sources)
    : sources_(std::move(sources)) {
  if (sources_.empty()) throw InvalidArgument("there must be at least one part");
  offsets_.push_back(0);
  for (const auto& source : sources_) {
    if (source->rule().max_length() != max_length()) {
      throw InvalidArgument("all parts must have the same max_length, found " +
                            std::to_string(max_length()) + " and " +
                            std::to_string(source->rule().max_length()));
    }
    offsets_.push_back(offsets_.back() + source->n_rows());
  }
}

std::vector<std::vector<char>> WindowSet::unchecked_indexes() const {
  std::vector<std::vector<char>> checked;
  for (const auto& source : sources_) {
    const bool reads_index = source->options().per_document;
    checked.emplace_back(reads_index ? source->documents().n_shards() : 0, 0);
  }
  return checked;
}

std::int64_t WindowSet::row_at(std::int64_t index) const {
  const std::int64_t row = index < 0 ? index + n_rows() : index;
  if (row >= 0 && row < n_rows()) return row;
  throw std::out_of_range("window " + std::to_string(index) + " is not among the " +
                          std::to_string(n_rows()) + " there are");
}

void WindowSet::spans(const std::int64_t* indices, std::size_t n, std::int64_t* out) const {
  std::vector<std::vector<char>> checked = unchecked_indexes();
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t row = row_at(indices[i]);
    const std::size_t part = stretch_at(offsets_, row);
    const Piece piece = sources_[part]->only_piece(row - offsets_[part], checked[part]);
    *out++ = piece.start;
    *out++ = piece.n_tokens;
    *out++ = piece.first_target;
  }
}

void WindowSet::resolve(const std::int64_t* indices, std::size_t n, ResolvedRows& out) const {
  out.rows.clear();
  out.pieces.clear();
  out.rows.reserve(n);
  out.pieces.reserve(n);
  std::vector<std::vector<char>> checked = unchecked_indexes();
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t row = row_at(indices[i]);
    const std::size_t part = stretch_at(offsets_, row);
    const WindowSource& source = *sources_[part];
    const std::size_t first = out.pieces.size();
    source.append_pieces(row - offsets_[part], checked[part], out.pieces);
    out.rows.push_back({&source, part, first, out.pieces.size() - first});
  }
  check_sizes(out);
}

void WindowSet::check_sizes(const ResolvedRows& resolved) const {
  // One system call for each file that the batch needs, however many rows lie in it.
  std::vector<std::vector<char>> checked;
  for (const auto& source : sources_) checked.emplace_back(source->tokens().n_shards(), 0);
  for (const ResolvedRows::Row& row : resolved.rows) {
    const ShardedTokens& tokens = row.source->tokens();
    for (std::size_t p = row.first_piece; p < row.first_piece + row.n_pieces; ++p) {
      const Piece& piece = resolved.pieces[p];
      std::int64_t position = std::max(piece.start, piece.segment.begin);
      const std::int64_t end = std::min(piece.start + piece.n_tokens, piece.segment.end);
      while (position < end) {
        const std::size_t shard = tokens.shard_at(position);
        if (!checked[row.part][shard]) {
          tokens.check_size(shard);
          row.source->documents().check_size(shard);  // for what is asked of documents
          checked[row.part][shard] = 1;
        }
        position = tokens.end(shard);
      }
    }
  }
}

}  // namespace bytestride
