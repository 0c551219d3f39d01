// A vocabulary of joins, in any order of ranks, and a word: by pieces against merging by a heap.
//
// Input: flags; the number of tokens; for each token two bytes that choose its parts among the four
// letters and the tokens before it, and one that chooses its rank; the rest is the word, two bits a
// letter or byte by byte.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "check.hpp"
#include "encode/merge_pieces.hpp"
#include "vocab/merge_symbols.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

constexpr std::size_t kMaxTokenBytes = 64;

struct Join {
  std::size_t left, right;  // indices of `parts`
  std::uint8_t order;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t flags = input.byte();
  const bool by_rows = (flags & 1) != 0, keeps_order = (flags & 2) != 0, packed = (flags & 4) != 0;
  std::vector<std::string> parts{"a", "b", "c", "\xE4"};
  std::vector<Join> joins;
  const std::size_t n_joins = input.byte() % 48;
  for (std::size_t i = 0; i < n_joins; ++i) {
    const Join join{input.byte() % parts.size(), input.byte() % parts.size(),
                    keeps_order ? std::uint8_t{0} : input.byte()};
    std::string joined = parts[join.left] + parts[join.right];
    if (joined.size() > kMaxTokenBytes) continue;
    joins.push_back(join);
    parts.push_back(std::move(joined));
  }
  std::vector<std::size_t> order(joins.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return joins[a].order < joins[b].order; });

  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  std::vector<TokenId> ids;
  std::vector<std::string> known;
  const auto add = [&](const std::string& token) {
    if (std::find(known.begin(), known.end(), token) != known.end()) return;
    known.push_back(token);
    bytes += token;
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    ids.push_back(static_cast<TokenId>(ids.size()));
  };
  for (unsigned byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  for (const std::size_t i : order) add(parts[joins[i].left] + parts[joins[i].right]);
  const auto id_of = [&](const std::string& token) {
    return static_cast<TokenId>(std::find(known.begin(), known.end(), token) - known.begin());
  };
  std::vector<Pair> merges;
  for (const std::size_t i : order) {
    merges.push_back({id_of(parts[joins[i].left]), id_of(parts[joins[i].right])});
  }
  const Vocab vocab(bytes, offsets, ids,
                    by_rows ? std::optional<std::span<const Pair>>(merges) : std::nullopt);

  std::string word;
  for (const char c : input.take(300)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!packed) word += c;
    for (unsigned shift = 0; packed && shift < 8; shift += 2) word += parts[byte >> shift & 3];
  }
  // So long that it is cut, and now and then a run.
  const std::size_t n_letters = word.size();
  for (unsigned n = flags >> 3; n > 0 && n_letters > 0; --n) word.append(word, 0, n_letters);
  std::vector<TokenId> expected;
  for (const char c : word) expected.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  MergeScratch heap;
  expected.resize(merge_by_heap(vocab.pairs(), expected.data(), expected.size(), heap));
  PieceScratch scratch;
  std::vector<TokenId> found(word.size());
  found.resize(merge_by_pieces(vocab, MergeTable(vocab), word, found.data(), scratch));
  require(found == expected, "merging by pieces and by a heap");
  return 0;
}
