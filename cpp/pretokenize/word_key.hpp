// The bytes of a short pretoken as numbers, so that equal keys are equal words.
//
// Up to 8 bytes make one number, zero-padded, with the length in the top byte where that is free:
// as 0xF8 + length, which no UTF-8 text holds, so that an 8-byte word is its own key. Up to 23 make
// three, the length in the top byte of the third. A key that is zero is none.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace bytestride {

class ShortKey {
 public:
  static constexpr std::size_t kMaxBytes = 8;
  static constexpr std::size_t kReadAhead = 8;  // bytes read at the word's start
  static constexpr std::uint64_t kTag = 0xF8;   // and the length: the top byte of a shorter word

  // The key of the n bytes at p, or 0 where they have none: longer words, and those of eight bytes
  // that end like the key of a shorter one, or are all zero. Precondition: kReadAhead bytes can be
  // read at p.
  static std::uint64_t load(const char* p, std::size_t n) { return of(load_u64(p), n); }
  // The same where fewer bytes can be read.
  static std::uint64_t load_at_end(const char* p, std::size_t n) {
    if (n > kMaxBytes) return 0;
    return of(n == kMaxBytes ? load_u64(p) : load_below_u64(p, n), n);
  }
  // How many bytes the word has. Precondition: the key is not 0.
  static std::size_t length(std::uint64_t key) {
    const std::uint64_t top = key >> 56;
    return top >= kTag ? top - kTag : kMaxBytes;
  }

 private:
  // `bytes` begins with the word, as loaded.
  static std::uint64_t of(std::uint64_t bytes, std::size_t n) {
    const std::size_t row = n <= kMaxBytes ? n : kMaxBytes + 1;
    const std::uint64_t key = (bytes & kMasks[row]) | kLengths[row];
    // Without a branch: which of the two it is depends on the text.
    const bool has_none = (row == kMaxBytes) & (key >= kLengths[0]);
    return key & (static_cast<std::uint64_t>(has_none) - 1);
  }

  static constexpr std::uint64_t kMasks[kMaxBytes + 2] = {0,
                                                          0xFF,
                                                          0xFFFF,
                                                          0xFFFFFF,
                                                          0xFFFFFFFF,
                                                          0xFFFFFFFFFF,
                                                          0xFFFFFFFFFFFF,
                                                          0xFFFFFFFFFFFFFF,
                                                          ~std::uint64_t{0},
                                                          0};
  static constexpr std::uint64_t kLengths[kMaxBytes + 2] = {kTag << 56,
                                                            (kTag + 1) << 56,
                                                            (kTag + 2) << 56,
                                                            (kTag + 3) << 56,
                                                            (kTag + 4) << 56,
                                                            (kTag + 5) << 56,
                                                            (kTag + 6) << 56,
                                                            (kTag + 7) << 56,
                                                            0,
                                                            0};
};

struct MediumKey {
  static constexpr std::size_t kMaxBytes = 23;
  static constexpr std::size_t kReadAhead = 24;

  std::array<std::uint64_t, 3> words;  // the top byte of the last holds the length, which is not 0

  std::size_t length() const { return words[2] >> 56; }
  // An == of arrays is a call into the C library.
  bool is(const MediumKey& other) const {
    return ((words[0] ^ other.words[0]) | (words[1] ^ other.words[1]) |
            (words[2] ^ other.words[2])) == 0;
  }
  // Precondition: 1 <= n <= kMaxBytes, and `readable` >= n bytes can be read at p.
  static MediumKey load(const char* p, std::size_t n, std::size_t readable) {
    char padded[kReadAhead] = {};
    if (readable < kReadAhead) {
      std::memcpy(padded, p, n);
      p = padded;
    }
    // From here on n bytes are all ones, and then none are.
    const char* const mask = kOnesThenZeros.data() + kReadAhead - n;
    return {{load_u64(p) & load_u64(mask), load_u64(p + 8) & load_u64(mask + 8),
             (load_u64(p + 16) & load_u64(mask + 16)) | std::uint64_t{n} << 56}};
  }

 private:
  static constexpr std::array<char, 2 * kReadAhead> kOnesThenZeros = [] {
    std::array<char, 2 * kReadAhead> bytes{};
    for (std::size_t i = 0; i < kReadAhead; ++i) bytes[i] = '\xFF';
    return bytes;
  }();
};

}  // namespace bytestride
