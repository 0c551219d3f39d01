#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "encode/decoder.hpp"
#include "engines.hpp"
#include "naive.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

std::map<std::string, TokenId> tokens_of(const Vocab& vocab) {
  std::map<std::string, TokenId> tokens;
  for (TokenId id = 0; id <= vocab.max_id(); ++id) {
    if (vocab.has(id)) tokens[std::string(vocab.token_bytes(id))] = id;
  }
  return tokens;
}

// Piece by piece, each joined by bytes: no tables of words or pairs.
std::vector<TokenId> encode_naively(const Encoder& encoder, bool whole_pieces, ByteSpan text) {
  static const std::map<std::string, TokenId> tokens = tokens_of(encoder.vocab());
  std::vector<TokenId> ids;
  for (const std::string& piece : split_all(encoder.splitter(), text)) {
    if (whole_pieces && tokens.contains(piece)) {
      ids.push_back(tokens.at(piece));
      continue;
    }
    const std::vector<TokenId> more = encode_by_bytes(tokens, piece);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

// Words of every length around what each table and each way of merging holds.
std::string words_of_all_lengths(Random& random) {
  std::string text;
  for (int i = 0; i < 12; ++i) {
    text += letters(random, "abcde", random.one_in(6) ? 40 + random.below(80) : random.below(20));
    text += random.one_in(3) ? awkward_text(random, 2) : " ";
  }
  return text;
}

}  // namespace

TEST_CASE("encoding equals joining each pretoken by bytes, with a cold and warm tables") {
  for (const std::string_view grammar : {"gpt2", "llama3", "o200k"}) {
    for (const bool whole_pieces : {false, true}) {
      const Encoder encoder = make_encoder(grammar, {}, false, whole_pieces);
      Workspace workspace;
      for_seeds(400, [&](Random& random) {
        const std::string text = words_of_all_lengths(random);
        const std::vector<TokenId> expected = encode_naively(encoder, whole_pieces, text);
        for (int round = 0; round < 2; ++round) {
          workspace.tokens.clear();
          encoder.encode(text, ordinary(encoder), workspace);
          const TokenId* const ids = workspace.tokens.data();
          CHECK(std::vector<TokenId>(ids, ids + workspace.tokens.size()) == expected);
        }
      });
    }
  }
}

TEST_CASE("words that differ only in their last byte are told apart, at every length of a key") {
  const Encoder encoder = make_encoder("gpt2");
  for (std::size_t n = 1; n <= MediumKey::kMaxBytes + 3; ++n) {
    CAPTURE(n);
    std::string text;
    for (char last = 'A'; last <= 'z'; ++last) text += std::string(n - 1, 'a') + last + '\n';
    CHECK(encode_alone(encoder, ByteSpan(text), ordinary(encoder)) ==
          encode_naively(encoder, false, text));
  }
}

TEST_CASE("what is decoded is what was encoded") {
  const Encoder encoder = make_encoder("cl100k");
  const Decoder decoder(encoder.vocab(), encoder.splitter().added_tokens());
  for_seeds(1000, [&](Random& random) {
    const std::string text = awkward_text(random, random.below(60));
    const std::vector<TokenId> ids = encode_alone(encoder, ByteSpan(text), ordinary(encoder));
    CHECK(decoder.decode(std::span<const TokenId>(ids)) == text);
  });
}

TEST_CASE("a pretoken that is a token is taken whole only when asked") {
  // abcd joins to no token (nothing makes cd), so only whole pieces reach it.
  const auto vocab = std::make_shared<const Vocab>(vocab_of({"ab", "abcd"}));
  const auto splitter =
      std::make_shared<const TextSplitter>(pattern_named("gpt2"), AddedTokens({}), false);
  const auto ids = [&](bool whole_pieces, ByteSpan text) {
    const Encoder encoder(vocab, splitter, whole_pieces);
    return encode_alone(encoder, text, ordinary(encoder));
  };
  CHECK(ids(true, "abcd") == std::vector<TokenId>{257});
  CHECK(ids(false, "abcd") == std::vector<TokenId>{256, 'c', 'd'});
  CHECK(ids(true, "abcde") == std::vector<TokenId>{256, 'c', 'd', 'e'});
}

TEST_CASE("documents of all kinds give the ids of their UTF-8") {
  const Encoder encoder = make_encoder("gpt2");
  const std::vector<std::uint32_t> four{'a', 'b', ' ', 0x4E2D, 0xE9, 0x1F600, 0xD800};
  const std::vector<std::uint16_t> two{'a', 'b', ' ', 0x4E2D, 0xE9, 0xD83D, 0xDE00, 0xD800};
  const std::string text = "ab \u4E2D\u00E9\U0001F600\uFFFD";
  const auto bytes = [](const auto& units) { return reinterpret_cast<const char*>(units.data()); };
  const auto ids = [&](const DocumentView& view) {
    return encode_alone(encoder, view, ordinary(encoder));
  };
  const std::vector<TokenId> expected = encode_alone(encoder, ByteSpan(text), ordinary(encoder));
  CHECK(ids({text.data(), text.size(), TextKind::utf8}) == expected);
  CHECK(ids({bytes(two), two.size(), TextKind::ucs2}) == expected);
  CHECK(ids({bytes(four), four.size(), TextKind::ucs4}) == expected);
  CHECK(ids({"ab\xE9", 3, TextKind::ucs1}) ==
        encode_alone(encoder, ByteSpan("ab\u00E9"), ordinary(encoder)));
}

TEST_CASE("special tokens are wanted, refused or ordinary text") {
  const Encoder encoder = make_encoder("gpt2", {{"<|end|>", 900, true}, {"<|pad|>", 901, true}});
  const AddedTokens& added = encoder.splitter().added_tokens();
  const AddedTokenSet none(added);
  AddedTokenSet end(added), pad(added);
  end.add(added, 0);
  pad.add(added, 1);
  const ByteSpan text = "ab<|end|>ab";
  CHECK(encode_alone(encoder, text, {end, pad}) == std::vector<TokenId>{256, 900, 256});
  CHECK(encode_alone(encoder, text, {none, none}).size() == 2 + 7);
  CHECK_THROWS_WITH_AS(encode_alone(encoder, text, {none, end}), doctest::Contains("at byte 2"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(encode_alone(encoder, text, {none, end}), doctest::Contains("<|end|>"),
                       InvalidArgument);
}

TEST_CASE("an empty text has no ids") {
  const Encoder encoder = make_encoder("gpt2");
  CHECK(encode_alone(encoder, ByteSpan(), ordinary(encoder)).empty());
}

TEST_CASE("one word of three million bytes takes seconds, not hours") {
  const TimeLimit limit(120);
  const Encoder encoder = make_encoder("gpt2");
  const std::string text(3'000'000, 'a');
  CHECK(encode_alone(encoder, ByteSpan(text), ordinary(encoder)).size() == 3'000'000 / 8);
}

TEST_CASE("a workspace given back is lent again, without the scratch of a long text") {
  Encoder encoder = make_encoder("gpt2");
  const Workspace* first = nullptr;
  {
    const WorkspacePool::Loan loan = encoder.borrow();
    first = &*loan;
    encoder.encode(ByteSpan(repeated("ab ", 2'000'000)), ordinary(encoder), *loan);
    CHECK(loan->tokens.n_bytes() > (std::size_t{8} << 20));
  }
  const WorkspacePool::Loan again = encoder.borrow();
  CHECK(&*again == first);
  CHECK(again->tokens.n_bytes() <= (std::size_t{8} << 20));
  const WorkspacePool::Loan other = encoder.borrow();
  CHECK(&*other != first);
}
