#include "windows/source.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "windows/stretches.hpp"

namespace bytestride {

template <typename Body>
void WindowSource::for_each_group(Body&& body) const {
  Extent group[kGroup];
  std::vector<char> checked(documents_.n_shards(), 0);
  for (std::int64_t first = 0; first < options_.n_documents; first += kGroup) {
    const std::int64_t n = std::min(kGroup, options_.n_documents - first);
    segments(first, n, checked, group);
    body(group, n);
  }
}

WindowSource::WindowSource(ShardedTokens tokens, DocumentTable documents, WindowRule rule,
                           const SourceOptions& options)
    : tokens_(std::move(tokens)), documents_(std::move(documents)), rule_(rule), options_(options) {
  if (!options_.per_document) {
    n_windows_ = count(options_.stream);
    return;
  }
  windows_before_.reserve(static_cast<std::size_t>(options_.n_documents / kGroup + 2));
  windows_before_.push_back(0);
  for_each_group([&](const Extent* group, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) n_windows_ += count(group[i]);
    windows_before_.push_back(n_windows_);
  });
}

void WindowSource::segments(std::int64_t first, std::int64_t n, std::vector<char>& checked,
                            Extent* out) const {
  if (options_.selected == nullptr) {
    documents_.check_sizes(options_.first_document + first, n, checked);
    documents_.extents(options_.first_document + first, n, out);
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    documents_.check_sizes(options_.selected[first + i], 1, checked);
    documents_.extents(options_.selected[first + i], 1, out + i);
  }
}

std::int64_t WindowSource::count(const Extent& segment) const {
  const int n_virtual = (options_.bos_id ? 1 : 0) + (options_.eos_id ? 1 : 0);
  return rule_.count(segment.end - segment.begin + n_virtual);
}

Piece WindowSource::piece(std::int64_t window, std::vector<char>& checked) const {
  if (!options_.per_document) return piece_of(options_.stream, -1, window);
  const auto group = static_cast<std::int64_t>(stretch_at(windows_before_, window));
  window -= windows_before_[static_cast<std::size_t>(group)];
  Extent extents[kGroup];
  const std::int64_t first = group * kGroup;
  const std::int64_t n = std::min(kGroup, options_.n_documents - first);
  segments(first, n, checked, extents);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t here = count(extents[i]);
    if (window < here) {
      const std::int64_t document = options_.selected != nullptr
                                        ? options_.selected[first + i]
                                        : options_.first_document + first + i;
      return piece_of(extents[i], document, window);
    }
    window -= here;
  }
  throw ChangedFile("an index file of the store now puts its documents elsewhere than before");
}

void WindowSource::piece_lengths(std::int64_t* out) const {
  std::int64_t n_left = n_windows_;
  const auto write = [&](const Extent& segment) {
    const std::int64_t n = count(segment);
    if (n > n_left) throw ChangedFile("an index file of the store has changed since it was opened");
    n_left -= n;
    for (std::int64_t w = 0; w < n; ++w) *out++ = piece_of(segment, -1, w).n_tokens;
  };
  if (!options_.per_document) return write(options_.stream);
  for_each_group(
      [&](const Extent* group, std::int64_t n) { std::for_each(group, group + n, write); });
}

void WindowSource::pack(const std::int64_t* pieces, std::int64_t n_pieces,
                        const std::int64_t* offsets, std::int64_t n_rows) {
  const auto refuse = [](const std::string& what) {
    throw InvalidArgument("this is not a packing of these windows: " + what);
  };
  if (n_rows < 0 || offsets[0] != 0 || offsets[n_rows] != n_pieces) {
    refuse("its offsets do not go from 0 to the number of pieces");
  }
  for (std::int64_t row = 0; row < n_rows; ++row) {
    if (offsets[row + 1] <= offsets[row]) refuse("row " + std::to_string(row) + " has no piece");
  }
  for (std::int64_t i = 0; i < n_pieces; ++i) {
    if (pieces[i] < 0 || pieces[i] >= n_windows_) {
      refuse("piece " + std::to_string(i) + " is window " + std::to_string(pieces[i]) + " of " +
             std::to_string(n_windows_));
    }
  }
  packed_ = true;
  n_packed_rows_ = n_rows;
  packed_pieces_ = pieces;
  packed_offsets_ = offsets;
}

std::int64_t WindowSource::only_packed(std::int64_t row) const {
  const std::int64_t first = packed_offsets_[row];
  if (packed_offsets_[row + 1] - first == 1) return packed_pieces_[first];
  throw InvalidArgument("a packed row is several spans; see documents");
}

void WindowSource::append_pieces(std::int64_t row, std::vector<char>& checked,
                                 std::vector<Piece>& out) const {
  if (!packed_) {
    out.push_back(piece(row, checked));
    return;
  }
  for (std::int64_t i = packed_offsets_[row]; i < packed_offsets_[row + 1]; ++i) {
    out.push_back(piece(packed_pieces_[i], checked));
  }
}

}  // namespace bytestride
