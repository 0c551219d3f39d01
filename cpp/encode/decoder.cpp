#include "encode/decoder.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "unicode/from_utf8.hpp"

namespace bytestride {
namespace {

bool is_lead(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

std::size_t count_leads(ByteSpan bytes) {
  return static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), is_lead));
}

// UTF-8 on its way into a string: whole characters go out, the start of one waits for its rest.
template <typename Unit>
class TextWriter {
 public:
  TextWriter(Unit* out, std::size_t n_chars) : out_(out), end_(out + n_chars) {}

  // The next bytes go here; room for kRoom of them.
  static constexpr std::size_t kRoom = 4096;
  char* place() { return held_ + n_held_; }
  // False where they are not UTF-8.
  bool take(std::size_t n_bytes) {
    const char* const last = place() + n_bytes;
    const char* const rest =
        transcode_from_utf8(held_, last, out_, static_cast<std::size_t>(end_ - out_));
    n_held_ = static_cast<std::size_t>(last - rest);
    if (n_held_ > kMostHeld) return false;
    std::memmove(held_, rest, n_held_);
    return true;
  }
  // Whether all went out, and filled the string.
  bool finished() const { return n_held_ == 0 && out_ == end_; }

 private:
  static constexpr std::size_t kMostHeld = 3;  // no character lacks more

  Unit* out_;
  Unit* const end_;
  std::size_t n_held_ = 0;
  char held_[kMostHeld + kRoom];
};

}  // namespace

Decoder::Slot Decoder::slot_of(ByteSpan token) {
  Slot slot{};
  slot.flags = kKnown;
  for (const char c : token) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) slot.flags |= kBeyondAscii;
    if (byte >= 0xC4) slot.flags |= kBeyondLatin1;
    if (byte >= 0xF0) slot.flags |= kBeyondUcs2;
  }
  if (token.size() <= kInlineBytes) {
    std::memcpy(slot.bytes, token.data(), token.size());
    slot.lengths = static_cast<std::uint8_t>(token.size() | count_leads(token) << 4);
  } else {
    slot.flags |= kLong;
    const char* const data = token.data();
    const auto size = static_cast<std::uint32_t>(token.size());
    std::memcpy(slot.bytes, &data, sizeof data);
    std::memcpy(slot.bytes + sizeof data, &size, sizeof size);
  }
  return slot;
}

Decoder::Decoder(const Vocab& vocab, const AddedTokens& added) {
  std::size_t max_id = vocab.max_id();
  for (const AddedToken& token : added.all()) {
    if (token.id > kMaxTokenId) {
      throw InvalidArgument("added token '" + token.content + "' has id " +
                            std::to_string(token.id) + ", above the largest, " +
                            std::to_string(kMaxTokenId));
    }
    max_id = std::max<std::size_t>(max_id, token.id);
  }
  slots_.resize(max_id + 1);
  const TokenTable& tokens = vocab.tokens();
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    slots_[tokens.id(row)] = slot_of(tokens.bytes(row));
  }
  for (std::size_t i = added.all().size(); i-- > 0;) {
    slots_[added.all()[i].id] = slot_of(added.all()[i].content);
  }
}

void Decoder::throw_unknown(const std::string& id_and_place) const {
  throw NotFound("id " + id_and_place + " is no token's; ids go from 0 to " +
                 std::to_string(slots_.size() - 1));
}

template <typename Id>
void Decoder::throw_first_unknown(std::span<const Id> ids) const {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (slot_at(ids[i]) == nullptr) {
      throw_unknown(std::to_string(ids[i]) + " at position " + std::to_string(i));
    }
  }
  throw InvalidArgument("the ids changed while they were being decoded");
}

ByteSpan Decoder::token_bytes(std::int64_t id) const {
  const Slot* const slot = slot_at(id);
  if (slot == nullptr) throw_unknown(std::to_string(id));
  return slot->span();
}

template <typename Id>
DecodedSize Decoder::measure(std::span<const Id> ids) const {
  std::size_t n_bytes = 0, n_chars = 0;
  std::uint8_t any = 0, all = kKnown;
  for (const Id id : ids) {
    const auto index = static_cast<std::uint64_t>(id);
    if (index >= slots_.size()) throw_first_unknown(ids);
    const Slot& slot = slots_[index];
    n_bytes += slot.n_bytes();
    n_chars += slot.n_chars();
    any |= slot.flags;
    all &= slot.flags;
    if (slot.is_long()) {
      n_bytes += slot.span().size();
      n_chars += count_leads(slot.span());
    }
  }
  if (all == 0) throw_first_unknown(ids);
  const TextWidth widest = any & kBeyondUcs2     ? TextWidth::ucs4
                           : any & kBeyondLatin1 ? TextWidth::ucs2
                           : any & kBeyondAscii  ? TextWidth::latin1
                                                 : TextWidth::ascii;
  return {n_bytes, n_chars, widest};
}

template <typename Id>
bool Decoder::write(std::span<const Id> ids, char* out, std::size_t n_bytes) const {
  char* const end = out + n_bytes;
  for (const Id id : ids) {
    const Slot* const slot = slot_at(id);
    if (slot == nullptr) return false;
    // What is copied beyond the token is written over by those that follow.
    if (!slot->is_long() && end - out >= 16) {
      std::memcpy(out, slot, 16);
      out += slot->n_bytes();
      continue;
    }
    const ByteSpan token = slot->span();
    if (token.size() > static_cast<std::size_t>(end - out)) return false;
    std::memcpy(out, token.data(), token.size());
    out += token.size();
  }
  return out == end;
}

template <typename Unit, typename Id>
bool Decoder::write_text(std::span<const Id> ids, Unit* out, std::size_t n_chars) const {
  using Writer = TextWriter<Unit>;
  Writer writer(out, n_chars);
  for (std::size_t i = 0; i < ids.size();) {
    char* const begin = writer.place();
    char* const last_full = begin + Writer::kRoom - sizeof(Slot);
    char* p = begin;
    const Slot* slot = nullptr;
    for (; i < ids.size() && p <= last_full; ++i) {
      slot = slot_at(ids[i]);
      if (slot == nullptr) return false;
      if (slot->is_long()) break;
      std::memcpy(p, slot, sizeof(Slot));
      p += slot->n_bytes();
    }
    if (!writer.take(static_cast<std::size_t>(p - begin))) return false;
    if (i == ids.size() || !slot->is_long()) continue;
    ByteSpan token = slot->span();
    for (; !token.empty(); token.remove_prefix(std::min(token.size(), Writer::kRoom))) {
      const std::size_t n = std::min(token.size(), Writer::kRoom);
      std::memcpy(writer.place(), token.data(), n);
      if (!writer.take(n)) return false;
    }
    ++i;
  }
  return writer.finished();
}

template <typename Id>
std::string Decoder::decode(std::span<const Id> ids) const {
  std::string bytes(measure(ids).n_bytes, '\0');
  if (!write(ids, bytes.data(), bytes.size())) throw_first_unknown(ids);
  return bytes;
}

#define BYTESTRIDE_DECODE_IDS(Id)                                                            \
  template DecodedSize Decoder::measure(std::span<const Id>) const;                          \
  template bool Decoder::write(std::span<const Id>, char*, std::size_t) const;               \
  template bool Decoder::write_text(std::span<const Id>, std::uint8_t*, std::size_t) const;  \
  template bool Decoder::write_text(std::span<const Id>, std::uint16_t*, std::size_t) const; \
  template bool Decoder::write_text(std::span<const Id>, std::uint32_t*, std::size_t) const; \
  template std::string Decoder::decode(std::span<const Id>) const;

BYTESTRIDE_DECODE_IDS(std::int32_t)
BYTESTRIDE_DECODE_IDS(std::int64_t)
BYTESTRIDE_DECODE_IDS(std::uint64_t)
BYTESTRIDE_DECODE_IDS(std::uint32_t)
BYTESTRIDE_DECODE_IDS(std::uint16_t)

#undef BYTESTRIDE_DECODE_IDS

}  // namespace bytestride
