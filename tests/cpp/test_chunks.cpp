#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "documents/chunks.hpp"
#include "documents/safe_cut.hpp"
#include "support.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

// Every unit of every document is in exactly one part, in order; each document ends once; a
// document is cut only where it may be.
void check_plan(const DocumentList& documents, bool may_cut, std::size_t chunk_bytes) {
  const std::vector<Chunk> chunks = plan_chunks(documents, may_cut, chunk_bytes);
  std::size_t document = 0, unit = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = chunks[i];
    std::size_t max_utf8_bytes = 0;
    REQUIRE(chunk.first == document);
    REQUIRE(chunk.first_unit == unit);
    for_each_part(documents, chunk, [&](std::size_t at, const DocumentView& part, bool ends) {
      REQUIRE(at == document);
      REQUIRE(part.data == documents[at].data + unit * documents[at].unit_size());
      REQUIRE(part.kind == documents[at].kind);
      max_utf8_bytes += part.max_utf8_bytes();
      unit += part.n_units;
      REQUIRE(ends == (unit == documents[at].n_units));
      if (!ends) {
        REQUIRE(may_cut);
        REQUIRE(find_safe_cut(documents[at], unit) == unit);
        return;
      }
      ++document;
      unit = 0;
    });
    REQUIRE(chunk.max_utf8_bytes == max_utf8_bytes);
    // Only the last chunk, and what is left of a cut document, may be small.
    if (chunk.ends_last && chunk.first_unit == 0 && i + 1 < chunks.size() &&
        document > chunk.first) {
      REQUIRE(max_utf8_bytes >= chunk_bytes);
    }
  }
  CHECK(document == documents.size());
  CHECK(unit == 0);
}

// Owns the storage of random documents of all kinds.
struct Documents {
  std::vector<std::vector<std::uint32_t>> storage;
  std::vector<DocumentView> views;

  void add(const std::string& text, TextKind kind) {
    const std::size_t unit_size = kind == TextKind::ucs4 ? 4 : kind == TextKind::ucs2 ? 2 : 1;
    storage.emplace_back(text.size() + 1);
    auto* const bytes = reinterpret_cast<unsigned char*>(storage.back().data());
    for (std::size_t i = 0; i < text.size(); ++i) {
      bytes[i * unit_size] = static_cast<unsigned char>(text[i]);
    }
    views.push_back({reinterpret_cast<const char*>(bytes), text.size(), kind});
  }
};

constexpr TextKind kKinds[] = {TextKind::utf8, TextKind::ucs1, TextKind::ucs2, TextKind::ucs4};

}  // namespace

TEST_CASE("no documents, no chunks") {
  CHECK(plan_chunks(DocumentList(std::vector<DocumentView>{}), true).empty());
  const std::int64_t zero = 0;
  CHECK(plan_chunks(DocumentList("", {&zero, 1}), true).empty());
}

TEST_CASE("empty documents go together") {
  const std::vector<std::int64_t> offsets(10'001, 0);
  const DocumentList documents("", offsets);
  check_plan(documents, true, kChunkBytes);
  CHECK(plan_chunks(documents, true).size() == 1);
}

TEST_CASE("random lists of documents of all kinds are covered in order, without gaps") {
  for_seeds(1500, [](Random& random) {
    Documents documents;
    const std::size_t n = random.below(12);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t shape = random.below(4);
      documents.add(shape == 0   ? ""
                    : shape == 1 ? plain_text(random, 1 + random.below(60))
                    : shape == 2 ? letters(random, "ab", random.below(200))
                                 : awkward_text(random, random.below(20)),
                    random.pick(kKinds));
    }
    for (const std::size_t chunk_bytes : {4, 7, 16, 64, 100'000}) {
      CAPTURE(chunk_bytes);
      check_plan(DocumentList(documents.views), true, chunk_bytes);
      check_plan(DocumentList(documents.views), false, chunk_bytes);
    }
  });
}

TEST_CASE("one buffer with offsets") {
  for_seeds(500, [](Random& random) {
    const std::string buffer = plain_text(random, 40);
    std::vector<std::int64_t> offsets{0};
    while (offsets.back() < static_cast<std::int64_t>(buffer.size())) {
      const auto left = buffer.size() - static_cast<std::size_t>(offsets.back());
      offsets.push_back(offsets.back() + static_cast<std::int64_t>(
                                             random.below(std::min<std::size_t>(left, 50) + 1)));
    }
    check_plan(DocumentList(buffer, offsets), true, 16);
  });
}

TEST_CASE("a long document is cut into parts of about a chunk, one without safe cuts is not") {
  const std::string cuttable = repeated("word ", 1'000'000);
  const auto planned = [](const std::string& text, bool may_cut) {
    const DocumentList documents({{text.data(), text.size(), TextKind::utf8}});
    check_plan(documents, may_cut, kChunkBytes);
    return plan_chunks(documents, may_cut);
  };
  const std::vector<Chunk> chunks = planned(cuttable, true);
  CHECK(chunks.size() == 5'000'000 / kChunkBytes);
  for (const Chunk& chunk : chunks) {
    CHECK(chunk.max_utf8_bytes >= kChunkBytes);
    CHECK(chunk.max_utf8_bytes <= 2 * kChunkBytes);
  }
  CHECK(planned(cuttable, false).size() == 1);
  CHECK(planned(repeated("word", 1'000'000), true).size() == 1);
}
