#include "vocab/vocab.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "vocab/merge_symbols.hpp"

namespace bytestride {
namespace {

std::string name_of(TokenId id) {
  return "token " + std::to_string(id);
}

}  // namespace

void Vocab::spell(TokenId id, std::vector<TokenId>& symbols) const {
  symbols.clear();
  for (const char byte : token_bytes(id))
    symbols.push_back(byte_id(static_cast<unsigned char>(byte)));
}

Vocab::Vocab(std::string bytes, std::span<const std::int64_t> offsets, std::span<const TokenId> ids,
             std::optional<std::span<const Pair>> merges)
    : bytes_(std::move(bytes)), n_tokens_(ids.size()), index_(ids.size()) {
  index_tokens(offsets, ids);
  if (merges) {
    keep(firing_of_rows(table_of_rows(*merges)));
  } else if (auto in_order = firing_of_ranks_in_order()) {
    keep(std::move(*in_order));
  } else {
    keep(firing_of_ranks());
  }
}

void Vocab::index_tokens(std::span<const std::int64_t> offsets, std::span<const TokenId> ids) {
  if (ids.empty()) throw InvalidArgument("a vocabulary needs tokens; this one has none");
  if (offsets.size() != ids.size() + 1 || offsets.front() != 0 ||
      static_cast<std::uint64_t>(offsets.back()) != bytes_.size()) {
    throw InvalidArgument("token offsets must be one more than the tokens, from 0 to " +
                          std::to_string(bytes_.size()));
  }
  const TokenId max_id = *std::max_element(ids.begin(), ids.end());
  if (max_id > kMaxTokenId) {
    throw InvalidArgument(name_of(max_id) + " is above the largest id, " +
                          std::to_string(kMaxTokenId));
  }
  tokens_.resize(std::size_t{max_id} + 1, Token{0, 0});
  const auto bytes_of = [this](TokenId id) { return token_bytes(id); };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const TokenId id = ids[i];
    if (offsets[i + 1] < offsets[i] || static_cast<std::uint64_t>(offsets[i + 1]) > bytes_.size()) {
      throw InvalidArgument("token offsets must ascend from 0 to " + std::to_string(bytes_.size()) +
                            "; " + name_of(id) + " ends at " + std::to_string(offsets[i + 1]));
    }
    const std::int64_t length = offsets[i + 1] - offsets[i];
    if (length == 0 || length > 0xFFFFFFFF) {
      throw InvalidArgument(name_of(id) + " has " + std::to_string(length) +
                            " bytes; a token has 1 to 2^32 - 1");
    }
    if (has(id)) throw InvalidArgument(name_of(id) + " is given twice");
    tokens_[id] = {static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint32_t>(length)};
    const TokenId same = index_.insert(token_bytes(id), id, bytes_of);
    if (same != kNoToken) {
      throw InvalidArgument("tokens " + std::to_string(same) + " and " + std::to_string(id) +
                            " have the same bytes; each token's must be its own");
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = id_of({&c, 1});
    if (byte_ids_[byte] == kNoToken) {
      throw InvalidArgument("no token is the single byte " + std::to_string(byte) +
                            "; a byte-level vocabulary has all 256");
    }
  }
}

PairTable Vocab::table_of_rows(std::span<const Pair> merges) const {
  PairTable table(merges.size());
  std::string joined;
  for (std::size_t row = 0; row < merges.size(); ++row) {
    const auto [left, right] = merges[row];
    const auto fail = [&, l = left, r = right](const char* why) {
      throw InvalidArgument("merge " + std::to_string(row) + " (" + std::to_string(l) + ", " +
                            std::to_string(r) + ") " + why);
    };
    if (!has(left) || !has(right)) fail("is of an id without a token");
    joined.assign(token_bytes(left)).append(token_bytes(right));
    const TokenId product = id_of(joined);
    if (product == kNoToken) fail("gives bytes that are no token");
    table.insert(merges[row], {static_cast<std::uint32_t>(row), product});
  }
  return table;
}

std::vector<Vocab::Firing> Vocab::firing_of_rows(const PairTable& rows) {
  std::vector<Firing> firing;
  MergeScratch scratch;
  std::vector<TokenId> symbols;
  for (TokenId id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].length < 2) continue;
    spell(id, symbols);
    const std::size_t n = merge_symbols(rows, symbols.data(), symbols.size(), scratch, 2);
    const Merge last = n == 2 ? rows.find(symbols[0], symbols[1]) : Merge{kNoRank, kNoToken};
    if (last.product == id) {
      firing.push_back({last.rank, {{symbols[0], symbols[1]}, id}});
    } else {
      unreachable_.push_back(id);
    }
  }
  return firing;
}

// The usual vocabulary, in which every token is made from tokens of lower ids: then the pairs found
// so far are all that can fire inside the next token. Nothing if a token is not of that kind.
std::optional<std::vector<Vocab::Firing>> Vocab::firing_of_ranks_in_order() {
  std::vector<Firing> firing;
  PairTable found(n_tokens_);
  MergeScratch scratch;
  std::vector<TokenId> symbols;
  for (TokenId id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].length < 2) continue;
    spell(id, symbols);
    const std::size_t n = merge_symbols(found, symbols.data(), symbols.size(), scratch, 2);
    if (n != 2) return std::nullopt;
    found.insert({symbols[0], symbols[1]}, {id, id});
    firing.push_back({id, {{symbols[0], symbols[1]}, id}});
  }
  return firing;
}

// Any vocabulary: tiktoken's rule on each token's own bytes, by looking joined bytes up.
std::vector<Vocab::Firing> Vocab::firing_of_ranks() {
  std::vector<Firing> firing;
  std::vector<std::uint32_t> starts;  // of the parts, and the end
  for (TokenId id = 0; id < tokens_.size(); ++id) {
    const ByteSpan bytes = token_bytes(id);
    if (bytes.size() < 2) continue;
    starts.resize(bytes.size() + 1);
    for (std::uint32_t i = 0; i < starts.size(); ++i) starts[i] = i;
    const auto part = [&](std::size_t from, std::size_t to) {
      return bytes.substr(starts[from], starts[to] - starts[from]);
    };
    while (starts.size() > 3) {
      std::size_t best = 0;
      TokenId best_id = kNoToken;
      for (std::size_t i = 0; i + 2 < starts.size(); ++i) {
        const TokenId joined = id_of(part(i, i + 2));
        if (joined < best_id) {
          best = i;
          best_id = joined;
        }
      }
      if (best_id == kNoToken) break;
      starts.erase(starts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    if (starts.size() == 3) {
      firing.push_back({id, {{id_of(part(0, 1)), id_of(part(1, 2))}, id}});
    } else {
      unreachable_.push_back(id);
    }
  }
  return firing;
}

void Vocab::keep(std::vector<Firing> firing) {
  std::sort(firing.begin(), firing.end(),
            [](const Firing& a, const Firing& b) { return a.rank < b.rank; });
  pairs_ = PairTable(firing.size());
  merges_.reserve(firing.size());
  for (const auto& [rank, merge] : firing) {
    ranks_are_ids_ = ranks_are_ids_ && (merges_.empty() || merges_.back().product < merge.product);
    pairs_.insert(merge.pair, {rank, merge.product});
    merges_.push_back(merge);
  }
}

}  // namespace bytestride
