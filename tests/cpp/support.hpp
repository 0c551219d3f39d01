// What the tests share: seeded randomness, texts likely to be awkward, small vocabularies, and a
// limit on time so that a deadlock is a failure and not a wait.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "vocab/vocab.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace bytestride::testing {

// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t n) { return next() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename Choices>
  auto pick(const Choices& choices) {
    return choices[below(std::size(choices))];
  }

 private:
  std::uint64_t state_;
};

// Sanitizers see a third of the seeds: they are for what is done with memory, and take ten times as
// long. Whoever counts what the seeds have brought expects as much less.
#if defined(__has_feature)  // clang's way to say it; the other is GCC's
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BYTESTRIDE_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BYTESTRIDE_SANITIZED
#endif
#ifdef BYTESTRIDE_SANITIZED
inline constexpr std::uint64_t kSeedShare = 3;
#else
inline constexpr std::uint64_t kSeedShare = 1;
#endif

// Calls body(random) once a seed; a failed check shows the seed.
template <typename Body>
void for_seeds(std::uint64_t n_seeds, Body&& body) {
  n_seeds = (n_seeds + kSeedShare - 1) / kSeedShare;
  for (std::uint64_t seed = 0; seed < n_seeds; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    body(random);
  }
}

// Ends the process where what is in its scope takes longer.
class TimeLimit {
 public:
#if defined(__unix__) || defined(__APPLE__)
  explicit TimeLimit(unsigned seconds) { alarm(seconds); }
  ~TimeLimit() { alarm(0); }
#else
  explicit TimeLimit(unsigned) {}
#endif
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
};

// Bytes as a failed check should show them.
inline std::string quoted(ByteSpan bytes) {
  std::string out("\"");
  for (const char c : bytes) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned char>(c));
    out += c >= ' ' && c < 0x7F ? std::string(1, c) : std::string(hex);
  }
  return out + '"';
}

// One or more of every kind of character that a grammar, a safe cut or the normaliser looks at.
inline constexpr std::string_view kAwkward[] = {
    "a",          "b",      "s",        "Z",       "T",           "\u00E9",
    "\u01C5",     "\u02B0", "\u4E2D",   "\u0E01",                            // letters
    "'s",         "'LL",    "'",        "'\u017F", "'re",         "\u017F",  // contractions
    "1",          "7",      "\u0661",   "\u2167",  "\U00010D40",             // numbers
    " ",          " ",      " ",        "\t",      "\u0085",      "\u3000",
    "\u2028",     "\n",     "\n",       "\r",      "\r\n",  // white space
    ".",          "/",      "!",        "-",       "\u20AC",      "\U0001F600",
    "\u200B",                                                                // the rest
    "\u0301",     "\u0323", "\u0E48",   "\u1100",  "\u1161",      "\u2126",  // marks, not NFC
    "\u3007",     "\u2E80", "\u304B",   "\u30FB",  "\u3040",      "\x01",
    "\U00011DE0",                                                    // Han, kana, digits
    "\xFF",       "\xC3",   "\xE4\xB8", "\x80",    "\xED\xA0\x80"};  // ill-formed

inline std::string awkward_text(Random& random, std::size_t n_parts) {
  std::string text;
  while (n_parts-- > 0) {
    const std::string_view part = random.pick(kAwkward);
    const std::size_t n_times = random.one_in(4) ? 1 + random.below(5) : 1;
    for (std::size_t i = 0; i < n_times; ++i) text += part;
  }
  return text;
}

// Words, spaces and lines, where safe cuts are frequent; now and then something awkward.
inline std::string plain_text(Random& random, std::size_t n_words) {
  static constexpr std::string_view kBetween[] = {" ", " ", " ", " ", ".\n", ", ", "  ", "\n\n"};
  std::string text;
  while (n_words-- > 0) {
    const std::size_t n_letters = 1 + random.below(8);
    for (std::size_t i = 0; i < n_letters; ++i) text += static_cast<char>('a' + random.below(5));
    text += random.one_in(12) ? awkward_text(random, 2) : std::string(random.pick(kBetween));
  }
  return text;
}

inline std::string letters(Random& random, std::string_view alphabet, std::size_t n) {
  std::string text;
  while (n-- > 0) text += random.pick(alphabet);
  return text;
}

inline std::string repeated(std::string_view part, std::size_t n) {
  std::string text;
  while (n-- > 0) text += part;
  return text;
}

// The arguments of a Vocab, put together token by token.
struct TokenRows {
  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  std::vector<TokenId> ids;

  void add(TokenId id, ByteSpan token) {
    bytes += token;
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    ids.push_back(id);
  }
  Vocab make(std::optional<std::span<const Pair>> merges = std::nullopt) const {
    return Vocab(bytes, offsets, ids, merges);
  }
};

// The 256 single bytes; byte b has the id first_id + b.
inline TokenRows byte_rows(TokenId first_id = 0) {
  TokenRows rows;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    rows.add(first_id + byte, {&c, 1});
  }
  return rows;
}

// Bytes, then these tokens from id 256 on.
inline Vocab vocab_of(const std::vector<std::string>& tokens) {
  TokenRows rows = byte_rows();
  TokenId id = 256;
  for (const std::string& token : tokens) rows.add(id++, token);
  return rows.make();
}

}  // namespace bytestride::testing
