#include "vocab/token_table.hpp"

#include <utility>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::uint32_t kBatch = 32;  // slots waited for at one time

std::string name_of(TokenId id) {
  return "token " + std::to_string(id);
}

TokenList listed(std::string bytes, std::span<const std::int64_t> offsets,
                 std::span<const TokenId> ids) {
  if (offsets.size() != ids.size() + 1 || offsets.front() != 0 ||
      static_cast<std::uint64_t>(offsets.back()) != bytes.size()) {
    throw InvalidArgument("token offsets must be one more than the tokens, from 0 to " +
                          std::to_string(bytes.size()));
  }
  std::vector<TokenList::Token> tokens(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] > kMaxListedId) {
      throw InvalidArgument(name_of(ids[i]) + " is above the largest id, " +
                            std::to_string(kMaxListedId));
    }
    if (offsets[i + 1] < offsets[i] || static_cast<std::uint64_t>(offsets[i + 1]) > bytes.size()) {
      throw InvalidArgument("token offsets must ascend from 0 to " + std::to_string(bytes.size()) +
                            "; " + name_of(ids[i]) + " ends at " + std::to_string(offsets[i + 1]));
    }
    const std::int64_t length = offsets[i + 1] - offsets[i];
    if (length > 0xFFFFFFFF) {
      throw InvalidArgument(name_of(ids[i]) + " has " + std::to_string(length) +
                            " bytes; a token has 1 to 2^32 - 1");
    }
    tokens[i] = {static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint32_t>(length),
                 ids[i]};
  }
  return {std::move(bytes), std::move(tokens)};
}

}  // namespace

TokenTable::TokenTable(std::string bytes, std::span<const std::int64_t> offsets,
                       std::span<const TokenId> ids)
    : TokenTable(listed(std::move(bytes), offsets, ids)) {}

TokenTable::TokenTable(TokenList list) : list_(std::move(list)), index_(list_.tokens.size()) {
  const auto below = [](const TokenList::Token& a, const TokenList::Token& b) {
    return a.id < b.id;
  };
  std::vector<TokenList::Token>& rows = list_.tokens;
  if (rows.empty()) return;
  if (!std::is_sorted(rows.begin(), rows.end(), below)) std::sort(rows.begin(), rows.end(), below);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].length == 0) {
      throw InvalidArgument(name_of(rows[row].id) + " has 0 bytes; a token has 1 to 2^32 - 1");
    }
    if (row > 0 && rows[row].id == rows[row - 1].id) {
      throw InvalidArgument(name_of(rows[row].id) + " is given twice");
    }
  }
  n_holes_ = std::size_t{rows.back().id} + 1 - rows.size();
  index_rows();
}

TokenTable TokenTable::without(std::span<const TokenId> ids) const {
  TokenList left{list_.bytes, {}};
  const std::vector<TokenId> sorted = [&] {
    std::vector<TokenId> copy(ids.begin(), ids.end());
    std::sort(copy.begin(), copy.end());
    return copy;
  }();
  for (const TokenList::Token& token : list_.tokens) {
    if (!std::binary_search(sorted.begin(), sorted.end(), token.id)) left.tokens.push_back(token);
  }
  return TokenTable(std::move(left));
}

void TokenTable::rows_of(std::span<const ByteSpan> words, std::span<std::uint32_t> rows) const {
  const auto bytes_of = [this](std::uint32_t row) { return bytes(row); };
  std::uint64_t hashes[kBatch];
  for (std::size_t begin = 0; begin < words.size(); begin += kBatch) {
    const std::size_t n = std::min<std::size_t>(kBatch, words.size() - begin);
    std::uint32_t* const found = rows.data() + begin;
    for (std::size_t i = 0; i < n; ++i) {
      hashes[i] = index_.hash(words[begin + i]);
      index_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      found[i] = index_.candidate(hashes[i]);
      if (found[i] != kNoRow) __builtin_prefetch(&list_.tokens[found[i]]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (found[i] != kNoRow) __builtin_prefetch(bytes(found[i]).data());
    }
    for (std::size_t i = 0; i < n; ++i)
      found[i] = index_.find(words[begin + i], hashes[i], bytes_of);
  }
}

void TokenTable::index_rows() {
  const auto bytes_of = [this](std::uint32_t row) { return bytes(row); };
  const auto n_rows = static_cast<std::uint32_t>(size());
  std::uint64_t hashes[kBatch];
  for (std::uint32_t begin = 0; begin < n_rows; begin += kBatch) {
    const std::uint32_t n = std::min(kBatch, n_rows - begin);
    for (std::uint32_t i = 0; i < n; ++i) {
      hashes[i] = index_.hash(bytes(begin + i));
      index_.prefetch(hashes[i]);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t row = begin + i;
      const std::uint32_t same = index_.insert(bytes(row), hashes[i], row, bytes_of);
      if (same == kNoRow) continue;
      throw InvalidArgument("tokens " + std::to_string(id(same)) + " and " +
                            std::to_string(id(row)) +
                            " have the same bytes; each token's must be its own");
    }
  }
}

}  // namespace bytestride
