// A vocabulary made of the input, by either rule, then text: pairs that fire against the rule
// itself, scan against heap, cold against warm word table, ids against the bytes they decode to.
//
// Input: flags; the number of tokens; for each token a byte with its length (2 to 9) and id, and
// its bytes; the rest is text. Only tokens that repeat others, or their id, are left out.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../cpp/naive.hpp"
#include "check.hpp"
#include "encode/decoder.hpp"
#include "encode/encoder.hpp"
#include "pretokenize/grammar.hpp"
#include "simd/backend.hpp"
#include "vocab/merge_symbols.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

struct Rows {
  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  std::vector<TokenId> ids;
  std::map<std::string, TokenId> tokens;

  void add(TokenId id, const std::string& token) {
    if (!tokens.emplace(token, id).second) return;
    bytes += token;
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    ids.push_back(id);
  }
};

Rows read_rows(FuzzInput& input, bool bytes_last) {
  Rows rows;
  for (unsigned byte = 0; byte < 256; ++byte) {
    rows.add(byte + (bytes_last ? 1000 : 0), std::string(1, static_cast<char>(byte)));
  }
  const std::size_t n_tokens = input.byte() % 32;
  std::vector<bool> used(256, false);
  for (std::size_t i = 0; i < n_tokens; ++i) {
    const std::uint8_t choice = input.byte();
    // Ids in a scrambled order: not the order in which the tokens are given.
    TokenId place = choice * 37u % 256u;
    while (used[place]) place = (place + 1) % 256;
    const std::string token(input.take(2 + choice % 8));
    if (token.size() < 2 || rows.tokens.contains(token)) continue;
    used[place] = true;
    rows.add(300 + place, token);
  }
  return rows;
}

// Every way to make a token from two others, in an order that has nothing to do with ids.
std::vector<Pair> merges_of(const Rows& rows) {
  std::vector<Pair> merges;
  for (const auto& [token, id] : rows.tokens) {
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = rows.tokens.find(token.substr(0, cut));
      const auto right = rows.tokens.find(token.substr(cut));
      if (left == rows.tokens.end() || right == rows.tokens.end()) continue;
      merges.push_back({left->second, right->second});
    }
  }
  return merges;
}

PairMerges ranked(const Rows& rows, const std::vector<Pair>& merges) {
  std::map<TokenId, std::string> bytes_of;
  for (const auto& [token, id] : rows.tokens) bytes_of[id] = token;
  PairMerges all;
  for (std::size_t row = 0; row < merges.size(); ++row) {
    const std::string joined = bytes_of[merges[row].left] + bytes_of[merges[row].right];
    all[merges[row]] = {static_cast<std::uint32_t>(row), rows.tokens.at(joined)};
  }
  return all;
}

std::vector<TokenId> spelled(const Vocab& vocab, ByteSpan word) {
  std::vector<TokenId> ids;
  for (const char c : word) ids.push_back(vocab.byte_id(static_cast<unsigned char>(c)));
  return ids;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t flags = input.byte();
  const bool by_rows = (flags & 1) != 0, whole_pieces = (flags & 2) != 0;
  const Rows rows = read_rows(input, (flags & 4) != 0);
  const std::vector<Pair> merges = merges_of(rows);
  const auto vocab = std::make_shared<const Vocab>(
      rows.bytes, rows.offsets, rows.ids,
      by_rows ? std::optional<std::span<const Pair>>(merges) : std::nullopt);
  const PairMerges by_rank = ranked(rows, merges);
  const auto naively = [&](ByteSpan word) {
    return by_rows ? merge_naively(by_rank, spelled(*vocab, word))
                   : encode_by_bytes(rows.tokens, word);
  };

  // The whole text as one word.
  const ByteSpan text = input.take(200);
  MergeScratch scratch;
  std::vector<TokenId> heap = spelled(*vocab, text);
  heap.resize(merge_by_heap(vocab->pairs(), heap.data(), heap.size(), scratch));
  require(heap == naively(text), "pairs that fire and the rule itself");
  const ByteSpan short_text = text.substr(0, kMaxScannedSymbols);
  std::vector<TokenId> scan = spelled(*vocab, short_text);
  scan.resize(merge_by_scan(vocab->pairs(), scan.data(), scan.size()));
  require(scan == naively(short_text), "the scan and the rule itself");

  // Split into words, twice on every backend: the second time the front table knows them.
  const auto patterns = known_patterns();
  const KnownPattern& known = patterns[(flags >> 3) % patterns.size()];
  Encoder encoder(vocab, std::make_shared<const TextSplitter>(known, AddedTokens({}), false),
                  whole_pieces);
  std::vector<TokenId> expected;
  std::vector<std::uint32_t> ends(text.size() + 1);
  const std::size_t n = known.scan(text, 0, ends.data(), ends.size());
  for (std::size_t i = 0, begin = 0; i < n; begin = ends[i++]) {
    const std::string word(text.substr(begin, ends[i] - begin));
    const auto whole = rows.tokens.find(word);
    const bool is_token = whole_pieces && whole != rows.tokens.end();
    const std::vector<TokenId> ids = is_token ? std::vector<TokenId>{whole->second} : naively(word);
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  static const AddedTokenSet none;
  auto workspace = std::make_unique<Workspace>();
  const Decoder decoder(*vocab, encoder.splitter().added_tokens());
  for (std::size_t round = 0; round < 2 * available_backends().size(); ++round) {
    set_backend(available_backends()[round / 2]);
    if (round % 2 == 0) {
      encoder.clear_cache();
      workspace = std::make_unique<Workspace>();
    }
    workspace->tokens.clear();
    encoder.encode(text, {none, none}, *workspace);
    const TokenId* const ids = workspace->tokens.data();
    const std::span<const TokenId> found(ids, workspace->tokens.size());
    require(std::equal(found.begin(), found.end(), expected.begin(), expected.end()),
            "encoder and word by word");
    require(decoder.decode(found) == text, "decoded ids and the text");
  }
  return 0;
}
