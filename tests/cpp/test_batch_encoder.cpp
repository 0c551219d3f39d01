#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "encode/batch_encoder.hpp"
#include "engines.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// The batch is the documents, each encoded alone, whatever the number of threads.
template <typename Id>
void check_batch(Encoder& encoder, const DocumentList& documents) {
  std::vector<TokenId> expected;
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::vector<TokenId> ids = encode_alone(encoder, documents[i], ordinary(encoder));
    expected.insert(expected.end(), ids.begin(), ids.end());
    offsets.push_back(static_cast<std::int64_t>(expected.size()));
  }
  for (const std::size_t n_threads : {1, 2, 3, 7}) {
    CAPTURE(n_threads);
    const EncodedBatch<Id> batch =
        encode_batch<Id>(encoder, documents, ordinary(encoder), n_threads);
    REQUIRE(batch.n_tokens == expected.size());
    CHECK(batch.offsets == offsets);
    const Id* const ids = batch.tokens.data();
    CHECK(std::equal(expected.begin(), expected.end(), ids));
  }
}

// The same with an end behind each document, except one that goes on.
template <typename Id>
void check_ends(Encoder& encoder, const DocumentList& documents, const DocumentEnds& ends) {
  std::vector<TokenId> expected;
  std::vector<std::int64_t> offsets{0};
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::vector<TokenId> ids = encode_alone(encoder, documents[i], ordinary(encoder));
    expected.insert(expected.end(), ids.begin(), ids.end());
    if (i + 1 < documents.size() || !ends.last_goes_on) expected.push_back(*ends.id);
    offsets.push_back(static_cast<std::int64_t>(expected.size()));
  }
  for (const std::size_t n_threads : {1, 2, 7}) {
    CAPTURE(n_threads);
    const EncodedBatch<Id> batch =
        encode_batch<Id>(encoder, documents, ordinary(encoder), n_threads, ends);
    REQUIRE(batch.n_tokens == expected.size());
    CHECK(batch.offsets == offsets);
    CHECK(std::equal(expected.begin(), expected.end(), batch.tokens.data()));
    std::vector<Id> out(expected.size());
    CHECK(encode_batch_into<Id>(encoder, documents, ordinary(encoder), n_threads, out, ends) ==
          offsets);
    CHECK(std::equal(expected.begin(), expected.end(), out.begin()));
  }
}

// A long document with safe cuts and one without, between short and empty ones.
std::vector<std::string> mixed_texts(Random& random) {
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(plain_text(random, random.below(30)));
  std::string part = plain_text(random, 20'000);
  texts.push_back(repeated(part, 25));
  texts.push_back("");
  texts.push_back(repeated("\u4E2D\u00E9", 300'000));
  for (int i = 0; i < 50; ++i) texts.push_back(awkward_text(random, random.below(60)));
  texts.push_back("");
  return texts;
}

}  // namespace

TEST_CASE("a batch equals its documents one by one, for every number of threads") {
  const TimeLimit limit(300);
  Random random(1);
  const std::vector<std::string> texts = mixed_texts(random);
  REQUIRE(texts[200].size() > 2'500'000);
  for (const std::string_view grammar : {"gpt2", "o200k"}) {
    Encoder encoder = make_encoder(grammar, {{"<x>", 300, false}});
    check_batch<std::uint16_t>(encoder, list_of(texts));
  }
  Encoder normalising = make_encoder("qwen2", {}, true);
  check_batch<std::uint32_t>(normalising, list_of(texts));
}

TEST_CASE("an end behind each document, but not where the last goes on") {
  const TimeLimit limit(300);
  Random random(5);
  const std::vector<std::string> texts = mixed_texts(random);
  Encoder encoder = make_encoder("gpt2");
  for (const bool last_goes_on : {false, true}) {
    check_ends<std::uint16_t>(encoder, list_of(texts), {65535, last_goes_on});
    check_ends<std::uint32_t>(encoder, list_of({texts[200]}), {70'000, last_goes_on});
    check_ends<std::uint16_t>(encoder, list_of({"", "", ""}), {0, last_goes_on});
    check_ends<std::uint16_t>(encoder, list_of({}), {0, last_goes_on});
  }
}

TEST_CASE("a batch of strings in two- and four-byte units") {
  const TimeLimit limit(120);
  Random random(2);
  std::vector<std::uint16_t> two;
  std::vector<std::uint32_t> four;
  for (int i = 0; i < 150'000; ++i) {
    for (const char c : plain_text(random, 1)) {
      const bool wide = random.one_in(50);
      two.push_back(wide ? 0x4E2D : static_cast<unsigned char>(c) & 0x7F);
      four.push_back(wide ? 0x1F600 : static_cast<unsigned char>(c) & 0x7F);
    }
  }
  const auto bytes = [](const auto& units) { return reinterpret_cast<const char*>(units.data()); };
  Encoder encoder = make_encoder("gpt2");
  check_batch<std::uint32_t>(encoder, DocumentList({{bytes(two), two.size(), TextKind::ucs2},
                                                    {bytes(four), 10, TextKind::ucs4},
                                                    {bytes(four), four.size(), TextKind::ucs4},
                                                    {bytes(two), 0, TextKind::ucs2}}));
}

TEST_CASE("one buffer with offsets equals its parts") {
  Random random(3);
  const std::string buffer = plain_text(random, 3000);
  std::vector<std::int64_t> offsets{0};
  const auto size = static_cast<std::int64_t>(buffer.size());
  while (offsets.back() < size) {
    offsets.push_back(std::min(size, offsets.back() + static_cast<std::int64_t>(random.below(90))));
  }
  Encoder encoder = make_encoder("llama3");
  check_batch<std::uint16_t>(encoder, DocumentList(buffer, offsets));
}

TEST_CASE("no documents, and only empty ones") {
  Encoder encoder = make_encoder("gpt2");
  check_batch<std::uint32_t>(encoder, list_of({}));
  check_batch<std::uint16_t>(encoder, list_of(std::vector<std::string>(1000)));
}

TEST_CASE("normalising may lengthen a text threefold, and the room for ids is enough") {
  // U+1D160, four bytes, decomposes into three characters of four; with no token but bytes.
  const std::string text = repeated("\U0001D160", 200'000);
  Encoder encoder = make_encoder("qwen2", {}, true);
  check_batch<std::uint16_t>(encoder, list_of({text, text}));
}

TEST_CASE("a refused token in one of many documents ends the call, and the next one works") {
  const TimeLimit limit(120);
  Random random(4);
  Encoder encoder = make_encoder("gpt2", {{"<|end|>", 300, true}});
  const AddedTokenPolicy policy{encoder.splitter().always_wanted(),
                                encoder.splitter().special_tokens()};
  for (const std::size_t n_threads : {1, 2, 3, 7}) {
    for (const std::size_t bad : {0, 17, 39}) {
      // Of a third of a chunk each, so that the documents are spread over the workers.
      std::vector<std::string> texts(40, repeated("ab de ", 60'000));
      texts[bad] += "<|end|>";
      CHECK_THROWS_WITH_AS(encode_batch<std::uint16_t>(encoder, list_of(texts), policy, n_threads),
                           doctest::Contains("<|end|>"), InvalidArgument);
    }
    const auto good =
        encode_batch<std::uint16_t>(encoder, list_of({"ab", "ab"}), policy, n_threads);
    CHECK(good.n_tokens == 2);
  }
}

TEST_CASE("a callback that throws ends the call") {
  const TimeLimit limit(60);
  int n_calls = 0;
  const auto splitter = std::make_shared<const TextSplitter>(
      [&n_calls](ByteSpan text, std::vector<std::size_t>& ends) {
        if (++n_calls == 5) throw std::runtime_error("callback failed");
        ends.push_back(text.size());
      },
      AddedTokens({}), false);
  Encoder encoder(std::make_shared<const Vocab>(small_vocab()), splitter, false);
  const std::vector<std::string> texts(10, "abc");
  CHECK_THROWS_WITH_AS(encode_batch<std::uint16_t>(encoder, list_of(texts), ordinary(encoder), 7),
                       "callback failed", std::runtime_error);
  n_calls = 100;
  check_batch<std::uint16_t>(encoder, list_of(texts));
}
