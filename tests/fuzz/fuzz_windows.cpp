// Windows over shards whose index says anything: whatever it says, each batch is an error or tokens
// of the stream, and inputs, targets, masks and cuts agree with each other.
//
// Input: flags; max_length and stride; for each shard its type, its number of tokens and whether
// its documents are given; for each document place a byte. The stream counts up, so that a token
// tells where it lies.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "windows/gather.hpp"
#include "windows/packing.hpp"
#include "windows/window_set.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

struct Shard {
  std::vector<unsigned char> tokens;
  std::vector<std::int64_t> positions;
  std::vector<std::int64_t> sequences;
};

template <typename Token>
void write_tokens(Shard& shard, std::int64_t first, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto token = static_cast<Token>((first + i) % 251);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&token);
    shard.tokens.insert(shard.tokens.end(), bytes, bytes + sizeof token);
  }
}

std::int64_t place_of(FuzzInput& input) {
  const auto byte = static_cast<std::int8_t>(input.byte());
  return byte == -128 ? std::int64_t{1} << 62 : byte;
}

constexpr std::int64_t kBos = 300;
constexpr std::int64_t kEos = 301;
constexpr std::int64_t kPad = 302;
constexpr std::int64_t kIgnored = -7;

void check_batch(const WindowSet& set) {
  std::vector<std::int64_t> indices(
      static_cast<std::size_t>(std::min<std::int64_t>(set.n_rows(), 50)));
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  ResolvedRows rows;
  set.resolve(indices.data(), indices.size(), rows);
  const std::int64_t length = set.max_length();
  const auto n = indices.size() * static_cast<std::size_t>(length);
  std::vector<std::int64_t> x(n), y(n), whole(n + indices.size());
  std::vector<std::int32_t> x32(n), y32(n);
  gather_xy(rows, x.data(), y.data());
  gather_xy(rows, x32.data(), y32.data());
  gather_rows(rows, whole.data());
  const auto scored = std::make_unique<bool[]>(static_cast<std::size_t>(length));
  std::vector<Cut> cuts;
  for (std::size_t row = 0; row < indices.size(); ++row) {
    write_loss_mask(rows, row, scored.get());
    const std::int64_t* const tokens = whole.data() + row * static_cast<std::size_t>(length + 1);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::size_t at = row * static_cast<std::size_t>(length) + static_cast<std::size_t>(i);
      require(x[at] == tokens[i] && x32[at] == tokens[i], "inputs and rows");
      require(y[at] == (scored[i] ? tokens[i + 1] : kIgnored) && y32[at] == y[at],
              "targets and rows");
      require(x[at] < 251 || (x[at] >= kBos && x[at] <= kPad), "a token that is there");
    }
    find_cuts(rows, row, cuts);
    require(!cuts.empty() && cuts[0].place == 0, "cuts begin with the row");
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      require(cuts[i].place > cuts[i - 1].place && cuts[i].place <= length, "cuts ascend");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t flags = input.byte();
  const std::uint8_t more = input.byte();
  const std::int64_t max_length = 1 + input.byte() % 40;
  const std::int64_t stride = 1 + input.byte() % 50;
  std::vector<Shard> shards(1 + input.byte() % 4);
  std::vector<TokenShard> tokens;
  std::vector<ShardDocuments> documents;
  std::int64_t n_tokens = 0;
  std::int64_t n_documents = 0;
  for (Shard& shard : shards) {
    const std::uint8_t kind = input.byte();
    const std::int64_t n = input.byte() % 100;
    const auto type = static_cast<TokenType>(kind % 4);
    if (type == TokenType::kUint8) write_tokens<std::uint8_t>(shard, n_tokens, n);
    if (type == TokenType::kUint16) write_tokens<std::uint16_t>(shard, n_tokens, n);
    if (type == TokenType::kUint32) write_tokens<std::uint32_t>(shard, n_tokens, n);
    if (type == TokenType::kInt32) write_tokens<std::int32_t>(shard, n_tokens, n);
    shard.tokens.reserve(1);
    tokens.push_back({shard.tokens.data(), type, n});
    ShardDocuments here{1, n};
    if ((kind & 4) != 0) {
      here.n_documents = input.byte() % 90;
      here.are_ends = (kind & 8) != 0;
      here.shift = kind >> 6;
      here.n_positions = (kind & 16) != 0 ? input.byte() % 90 : here.n_documents;
      for (std::int64_t i = 0; i < here.n_positions; ++i)
        shard.positions.push_back(place_of(input));
      for (std::int64_t i = 0; (kind & 16) != 0 && i <= here.n_documents; ++i) {
        shard.sequences.push_back(place_of(input));
      }
      shard.positions.reserve(1);
      here.positions = reinterpret_cast<const unsigned char*>(shard.positions.data());
      if ((kind & 16) != 0) {
        here.sequences = reinterpret_cast<const unsigned char*>(shard.sequences.data());
      }
    }
    documents.push_back(here);
    n_tokens += n;
    n_documents += here.n_documents;
  }
  SourceOptions options;
  options.per_document = (flags & 4) != 0;
  options.mask_boundaries = (flags & 8) != 0;
  options.stream = {0, n_tokens};
  options.first_document = n_documents > 0 ? more % n_documents : 0;
  options.n_documents = n_documents - options.first_document;
  if (options.per_document && (flags & 16) != 0) options.bos_id = kBos;
  if (options.per_document && (flags & 32) != 0) options.eos_id = kEos;
  options.pad_id = kPad;
  options.ignore_index = kIgnored;
  const WindowRule rule(max_length, stride, static_cast<Tail>(flags % 3), (flags & 64) != 0);
  try {
    auto source = std::make_shared<WindowSource>(ShardedTokens(tokens), DocumentTable(documents),
                                                 rule, options);
    check_batch(WindowSet({source}));
    if ((flags & 128) == 0) return 0;
    std::vector<std::int64_t> lengths(static_cast<std::size_t>(source->n_windows()));
    source->piece_lengths(lengths.data());
    const Packing packing =
        pack_best_fit(lengths.data(), static_cast<std::int64_t>(lengths.size()), max_length + 1);
    source->pack(packing.pieces.data(), static_cast<std::int64_t>(packing.pieces.size()),
                 packing.offsets.data(), static_cast<std::int64_t>(packing.offsets.size()) - 1);
    check_batch(WindowSet({source}));
  } catch (const ChangedFile&) {
    // An index that cannot be right.
  }
  return 0;
}
