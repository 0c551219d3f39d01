// Ids to bytes or to the code units of a string: one slot by id, over the tokens of the vocabulary
// and the added tokens.
//
// Two passes, the size first, so that the output is made once and written in place. A slot is 16
// bytes: a token of up to 14 bytes lies in it, with its length, its number of characters and its
// widest character; a longer one is pointed at. Immutable; the bytes of longer tokens are the
// vocabulary's and the added tokens', which must outlive it.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "segment/added_tokens.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

// How wide the characters of a text are; each kind is one form of CPython's strings.
enum class TextWidth : std::uint8_t { ascii, latin1, ucs2, ucs4 };

struct DecodedSize {
  std::size_t n_bytes;
  // Of well-formed UTF-8; of anything else they mean nothing.
  std::size_t n_chars;
  TextWidth widest;
};

class Decoder {
 public:
  // An added token's text goes before a token's bytes of the same id, and the first of several
  // added tokens before the others. Throws InvalidArgument for an
  // added token above kMaxTokenId.
  Decoder(const Vocab& vocab, const AddedTokens& added);

  // One more than the largest id.
  std::size_t n_ids() const { return slots_.size(); }
  // Throws NotFound. Valid while the decoder lives.
  ByteSpan token_bytes(std::int64_t id) const;

  // Id is uint16_t, uint32_t, int32_t, int64_t or uint64_t.

  // Throws NotFound, naming the position of the first id that is no token's.
  template <typename Id>
  DecodedSize measure(std::span<const Id> ids) const;

  // Writes exactly the measured n_bytes. False where the ids are no longer those that were measured
  // (somebody else writes to them): what was written is then of no use, but within the bounds.
  template <typename Id>
  bool write(std::span<const Id> ids, char* out, std::size_t n_bytes) const;

  // Writes exactly the measured n_chars, each as one Unit (uint8_t, uint16_t, uint32_t), which must
  // be wide enough for `widest`. False where the bytes are not UTF-8, and as above.
  template <typename Unit, typename Id>
  bool write_text(std::span<const Id> ids, Unit* out, std::size_t n_chars) const;

  // Throws NotFound, as measure does.
  template <typename Id>
  std::string decode(std::span<const Id> ids) const;

 private:
  static constexpr std::size_t kInlineBytes = 14;
  static constexpr std::uint8_t kKnown = 1;
  static constexpr std::uint8_t kLong = 2;
  static constexpr std::uint8_t kBeyondAscii = 4;
  static constexpr std::uint8_t kBeyondLatin1 = 8;
  static constexpr std::uint8_t kBeyondUcs2 = 16;

  struct alignas(16) Slot {
    char bytes[kInlineBytes];  // or, of a long token, a pointer and a uint32_t length
    std::uint8_t lengths;      // bytes, and characters << 4; 0 of a long token
    std::uint8_t flags;        // 0: no token has this id

    std::size_t n_bytes() const { return lengths & 15u; }
    std::size_t n_chars() const { return lengths >> 4; }
    bool is_long() const { return (flags & kLong) != 0; }
    ByteSpan span() const {
      if (!is_long()) return {bytes, n_bytes()};
      const char* data;
      std::uint32_t size;
      std::memcpy(&data, bytes, sizeof data);
      std::memcpy(&size, bytes + sizeof data, sizeof size);
      return {data, size};
    }
  };

  static Slot slot_of(ByteSpan token);
  // nullptr where no token has the id.
  template <typename Id>
  const Slot* slot_at(Id id) const {
    const auto index = static_cast<std::uint64_t>(id);
    return index < slots_.size() && slots_[index].flags != 0 ? &slots_[index] : nullptr;
  }
  template <typename Id>
  [[noreturn]] void throw_first_unknown(std::span<const Id> ids) const;
  [[noreturn]] void throw_unknown(const std::string& id_and_place) const;

  std::vector<Slot> slots_;
};

}  // namespace bytestride
