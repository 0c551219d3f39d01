#include "vocab/firing.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "vocab/merge_symbols.hpp"

namespace bytestride {
namespace {

struct Firing {
  std::uint32_t rank;
  FiringMerge merge;
};

FiringMerges in_rank_order(std::vector<Firing> firing, std::vector<TokenId> unreachable) {
  std::sort(firing.begin(), firing.end(),
            [](const Firing& a, const Firing& b) { return a.rank < b.rank; });
  FiringMerges result{PairTable(firing.size()), {}, std::move(unreachable)};
  result.merges.reserve(firing.size());
  for (const auto& [rank, merge] : firing) {
    result.pairs.insert(merge.pair, {rank, merge.product});
    result.merges.push_back(merge);
  }
  return result;
}

}  // namespace

std::vector<std::uint32_t> products_of(const TokenTable& tokens, std::span<const Pair> merges) {
  std::vector<std::uint32_t> products(merges.size());
  std::string joined;
  std::uint32_t previous = 0;
  for (std::size_t row = 0; row < merges.size(); ++row) {
    const auto [left, right] = merges[row];
    const auto fail = [&, l = left, r = right](const char* why) {
      throw InvalidArgument("merge " + std::to_string(row) + " (" + std::to_string(l) + ", " +
                            std::to_string(r) + ") " + why);
    };
    const std::uint32_t left_row = tokens.row_of(left), right_row = tokens.row_of(right);
    if (left_row == kNoRow || right_row == kNoRow) fail("is of an id without a token");
    const ByteSpan left_bytes = tokens.bytes(left_row), right_bytes = tokens.bytes(right_row);
    const auto is_product = [&](std::uint32_t candidate) {
      if (candidate >= tokens.size()) return false;
      const ByteSpan bytes = tokens.bytes(candidate);
      return bytes.size() == left_bytes.size() + right_bytes.size() &&
             bytes.starts_with(left_bytes) && bytes.ends_with(right_bytes);
    };
    // Merges stand in the order of the ids they make nearly always; else the bytes are looked up.
    if (is_product(previous + 1)) {
      ++previous;
    } else if (!is_product(previous)) {
      joined.assign(left_bytes).append(right_bytes);
      previous = tokens.row_of(joined);
      if (previous == kNoRow) fail("gives bytes that are no token");
    }
    products[row] = previous;
  }
  return products;
}

FiringMerges firing_of_rows(const TokenTable& tokens, std::span<const Pair> merges,
                            std::span<const std::uint32_t> products) {
  PairTable rows(merges.size());
  for (std::size_t row = 0; row < merges.size(); ++row) {
    rows.insert(merges[row], {static_cast<std::uint32_t>(row), tokens.id(products[row])});
  }
  TokenId byte_ids[256];
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids[byte] = tokens.id(tokens.row_of(ByteSpan(&c, 1)));
  }
  std::vector<Firing> firing;
  std::vector<TokenId> unreachable;
  MergeScratch scratch;
  std::vector<TokenId> symbols;
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    const ByteSpan bytes = tokens.bytes(row);
    if (bytes.size() < 2) continue;
    symbols.clear();
    for (const char byte : bytes) symbols.push_back(byte_ids[static_cast<unsigned char>(byte)]);
    const std::size_t n = merge_symbols(rows, symbols.data(), symbols.size(), scratch, 2);
    const Merge last = n == 2 ? rows.find(symbols[0], symbols[1]) : Merge{kNoRank, kNoToken};
    if (last.product == tokens.id(row)) {
      firing.push_back({last.rank, {{symbols[0], symbols[1]}, last.product}});
    } else {
      unreachable.push_back(tokens.id(row));
    }
  }
  return in_rank_order(std::move(firing), std::move(unreachable));
}

// tiktoken's rule on each token's own bytes, by looking joined bytes up.
FiringMerges firing_of_ranks(const TokenTable& tokens) {
  std::vector<Firing> firing;
  std::vector<TokenId> unreachable;
  std::vector<std::uint32_t> starts;  // of the parts, and the end
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    const ByteSpan bytes = tokens.bytes(row);
    if (bytes.size() < 2) continue;
    starts.resize(bytes.size() + 1);
    for (std::uint32_t i = 0; i < starts.size(); ++i) starts[i] = i;
    const auto row_of_part = [&](std::size_t from, std::size_t to) {
      return tokens.row_of(bytes.substr(starts[from], starts[to] - starts[from]));
    };
    while (starts.size() > 3) {
      std::size_t best = 0;
      std::uint32_t best_row = kNoRow;
      for (std::size_t i = 0; i + 2 < starts.size(); ++i) {
        const std::uint32_t joined = row_of_part(i, i + 2);
        if (joined < best_row) {
          best = i;
          best_row = joined;
        }
      }
      if (best_row == kNoRow) break;
      starts.erase(starts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    const TokenId id = tokens.id(row);
    if (starts.size() == 3) {
      firing.push_back({id, {{tokens.id(row_of_part(0, 1)), tokens.id(row_of_part(1, 2))}, id}});
    } else {
      unreachable.push_back(id);
    }
  }
  return in_rank_order(std::move(firing), std::move(unreachable));
}

}  // namespace bytestride
