#include "windows/gather.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/error.hpp"
#include "windows/widen.hpp"

namespace bytestride {

namespace {

using Scratch = std::vector<unsigned char>;

std::int64_t max_length_of(const ResolvedRows::Row& row) {
  return row.source->rule().max_length();
}

// n tokens of the stream from a position on, over as many shards as they take.
template <typename Out>
void read_tokens(const ShardedTokens& tokens, std::int64_t position, std::int64_t n, Out* out,
                 Scratch& scratch) {
  while (n > 0) {
    const std::size_t i = tokens.shard_at(position);
    const std::int64_t here = std::min(n, tokens.end(i) - position);
    const unsigned char* bytes = tokens.at(i, position - tokens.begin(i), here, scratch);
    with_type(tokens.shard(i).type, [&](auto token) { widen<decltype(token)>(bytes, here, out); });
    position += here;
    out += here;
    n -= here;
  }
}

template <typename Out>
void read_piece(const WindowSource& source, const Piece& piece, Out* out, Scratch& scratch) {
  const std::int64_t begin = std::max(piece.start, piece.segment.begin);
  const std::int64_t end = std::min(piece.start + piece.n_tokens, piece.segment.end);
  if (piece.start < begin) *out++ = static_cast<Out>(*source.options().bos_id);
  if (end > begin) {
    read_tokens(source.tokens(), begin, end - begin, out, scratch);
    out += end - begin;
  }
  if (piece.start + piece.n_tokens > piece.segment.end) {
    *out = static_cast<Out>(*source.options().eos_id);
  }
}

void require_room(std::int64_t used, const Piece& piece, std::int64_t max_length) {
  if (piece.n_tokens <= max_length + 1 - used) return;
  throw InvalidArgument("a packed row holds more than max_length + 1 = " +
                        std::to_string(max_length + 1) + " tokens; pack these windows again");
}

// All max_length + 1 places of a row.
template <typename Out>
void read_row(const ResolvedRows& rows, const ResolvedRows::Row& row, Out* out, Scratch& scratch) {
  const std::int64_t max_length = max_length_of(row);
  std::int64_t used = 0;
  for (std::size_t p = row.first_piece; p < row.first_piece + row.n_pieces; ++p) {
    const Piece& piece = rows.pieces[p];
    require_room(used, piece, max_length);
    read_piece(*row.source, piece, out + used, scratch);
    used += piece.n_tokens;
  }
  std::fill(out + used, out + max_length + 1, static_cast<Out>(row.source->options().pad_id));
}

// Calls ignore(first, last) for the stretches of a row's targets that are not scored.
template <typename Ignore>
void for_each_ignored(const ResolvedRows& rows, std::size_t index, Ignore&& ignore) {
  const ResolvedRows::Row& row = rows.rows[index];
  const std::int64_t max_length = max_length_of(row);
  std::int64_t used = 0;
  for (std::size_t p = row.first_piece; p < row.first_piece + row.n_pieces; ++p) {
    const Piece& piece = rows.pieces[p];
    require_room(used, piece, max_length);
    if (used > 0) ignore(used - 1, used);
    if (piece.first_target > 0) ignore(used, used + piece.first_target);
    used += piece.n_tokens;
  }
  // The last token's own target, too, is not there.
  if (used <= max_length) ignore(std::max<std::int64_t>(used - 1, 0), max_length);
  if (!row.source->options().mask_boundaries) return;
  std::vector<Cut> cuts;
  find_cuts(rows, index, cuts);
  for (const Cut& cut : cuts) {
    if (cut.place > 0) ignore(cut.place - 1, cut.place);
  }
}

// The row's tokens in memory, if it is one full piece of real tokens in one mapped shard, as nearly
// all rows are.
const unsigned char* whole_row(const ResolvedRows& rows, const ResolvedRows::Row& row,
                               TokenType& type) {
  const Piece& piece = rows.pieces[row.first_piece];
  if (row.n_pieces != 1 || piece.n_tokens != max_length_of(row) + 1) return nullptr;
  const std::int64_t end = piece.start + piece.n_tokens;
  if (piece.start < piece.segment.begin || end > piece.segment.end) return nullptr;
  const ShardedTokens& tokens = row.source->tokens();
  const std::size_t i = tokens.shard_at(piece.start);
  if (end > tokens.end(i) || tokens.shard(i).data == nullptr) return nullptr;
  type = tokens.shard(i).type;
  return tokens.shard(i).data + (piece.start - tokens.begin(i)) * bytes_of(type);
}

// Asks for a row while the one before it is written: rows are far apart in memory. Worth a fifth of
// the time of a batch from 512 MB (AMD Zen 3, 2026-11-28); AVX2 in place of what the compiler makes
// for the baseline was worth 2% and is not here.
void prefetch_row(const ResolvedRows& rows, const ResolvedRows::Row& row) {
  TokenType type{};
  const unsigned char* const tokens = whole_row(rows, row, type);
  if (tokens == nullptr) return;
  const auto n_bytes = max_length_of(row) * static_cast<std::int64_t>(bytes_of(type));
  for (std::int64_t at = 0; at < std::min<std::int64_t>(n_bytes, 4096); at += 64) {
    __builtin_prefetch(tokens + at);
  }
}

}  // namespace

template <typename Out>
void gather_xy(const ResolvedRows& rows, Out* x, Out* y) {
  Scratch scratch;
  std::vector<Out> spare;
  for (std::size_t r = 0; r < rows.rows.size(); ++r) {
    const ResolvedRows::Row& row = rows.rows[r];
    const std::int64_t max_length = max_length_of(row);
    TokenType type{};
    if (r + 1 < rows.rows.size()) prefetch_row(rows, rows.rows[r + 1]);
    if (const unsigned char* tokens = whole_row(rows, row, type)) {
      with_type(type, [&](auto token) { widen_pair<decltype(token)>(tokens, max_length, x, y); });
    } else {
      spare.resize(static_cast<std::size_t>(max_length + 1));
      read_row(rows, row, spare.data(), scratch);
      std::copy(spare.begin(), spare.end() - 1, x);
      std::copy(spare.begin() + 1, spare.end(), y);
    }
    const auto ignored = static_cast<Out>(row.source->options().ignore_index);
    for_each_ignored(rows, r, [&](std::int64_t first, std::int64_t last) {
      std::fill(y + first, y + last, ignored);
    });
    x += max_length;
    y += max_length;
  }
}

template <typename Out>
void gather_rows(const ResolvedRows& rows, Out* out) {
  Scratch scratch;
  for (const ResolvedRows::Row& row : rows.rows) {
    read_row(rows, row, out, scratch);
    out += max_length_of(row) + 1;
  }
}

template void gather_xy(const ResolvedRows&, std::int64_t*, std::int64_t*);
template void gather_xy(const ResolvedRows&, std::int32_t*, std::int32_t*);
template void gather_rows(const ResolvedRows&, std::uint8_t*);
template void gather_rows(const ResolvedRows&, std::uint16_t*);
template void gather_rows(const ResolvedRows&, std::uint32_t*);
template void gather_rows(const ResolvedRows&, std::int32_t*);
template void gather_rows(const ResolvedRows&, std::int64_t*);

void find_cuts(const ResolvedRows& rows, std::size_t index, std::vector<Cut>& out) {
  const ResolvedRows::Row& row = rows.rows[index];
  const WindowSource& source = *row.source;
  const DocumentTable& documents = source.documents();
  out.clear();
  std::int64_t used = 0;
  for (std::size_t p = row.first_piece; p < row.first_piece + row.n_pieces; ++p) {
    const Piece& piece = rows.pieces[p];
    require_room(used, piece, max_length_of(row));
    const std::int64_t end = std::min(piece.start + piece.n_tokens, piece.segment.end);
    if (piece.document >= 0) {
      out.push_back({used, piece.document});
    } else {
      for (std::int64_t at = piece.start; at < end;) {
        const std::int64_t document = documents.document_at(at);
        out.push_back({used + at - piece.start, document});
        Extent extent;
        documents.extents(document, 1, &extent);
        if (extent.end <= at) {
          throw ChangedFile("an index file of the store puts its documents where they cannot be");
        }
        at = extent.end;
      }
    }
    used += piece.n_tokens;
  }
  if (used <= max_length_of(row)) out.push_back({used, -1});
}

void write_loss_mask(const ResolvedRows& rows, std::size_t row, bool* out) {
  std::fill(out, out + max_length_of(rows.rows[row]), true);
  for_each_ignored(rows, row, [&](std::int64_t first, std::int64_t last) {
    std::fill(out + first, out + last, false);
  });
}

}  // namespace bytestride
