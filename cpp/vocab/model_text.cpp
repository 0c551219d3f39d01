#include "vocab/model_text.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/memory.hpp"

namespace bytestride {
namespace {

// The byte that a character of the ByteLevel alphabet stands for; -1 for other characters. Bytes
// that are printable in Latin-1 stand for themselves, the others take U+0100 on, in order.
constexpr std::size_t kAlphabetEnd = 0x180;  // as far as two bytes of UTF-8 from 0xC2 to 0xC5 go
constexpr std::array<std::int16_t, kAlphabetEnd> kByteOf = [] {
  std::array<std::int16_t, kAlphabetEnd> byte_of{};
  byte_of.fill(-1);
  std::size_t next = 0x100;
  for (std::int16_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
    byte_of[printable ? static_cast<std::size_t>(byte) : next++] = byte;
  }
  return byte_of;
}();

constexpr std::size_t kMaxOtherKeys = 4096;

struct Refused {};  // the document is not of the kind that is read here

class Reader {
 public:
  explicit Reader(ByteSpan document)
      : document_(document),
        p_(document.data()),
        end_(p_ + document.size()),
        room_(document.size() + 1),
        room_end_(room_.data()) {}

  // Throws Refused, and InvalidArgument where a token or an id stands twice.
  ModelText read() {
    bool found = false;
    for_each_member([&](ByteSpan key) {
      if (key != "model") return skip_value();
      refuse_if(std::exchange(found, true));
      read_model();
    });
    refuse_if(result_.tokens == nullptr || !has_merges_);
    return std::move(result_);
  }

 private:
  static void refuse_if(bool condition) {
    if (condition) throw Refused{};
  }

  char peek() const {
    refuse_if(p_ == end_);
    return *p_;
  }
  bool take_if(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  void take(char c) { refuse_if(!take_if(c)); }
  void skip_space() {
    // Most of a document that was written with indents is spaces.
    constexpr std::uint64_t kSpaces = 0x2020202020202020u;
    while (true) {
      while (end_ - p_ >= 8 && load_u64(p_) == kSpaces) p_ += 8;
      if (p_ == end_ || (*p_ != ' ' && *p_ != '\n' && *p_ != '\r' && *p_ != '\t')) return;
      ++p_;
    }
  }
  std::size_t place() const { return static_cast<std::size_t>(p_ - document_.data()); }

  // Goes over the members of an object; on_value(key) reads the value. Keys with escapes are
  // refused: they could be any.
  template <typename OnValue>
  void for_each_member(const OnValue& on_value) {
    skip_space();
    take('{');
    skip_space();
    if (take_if('}')) return;
    do {
      skip_space();
      take('"');
      const char* const begin = p_;
      while (peek() != '"') refuse_if(*p_++ == '\\');
      const ByteSpan key(begin, static_cast<std::size_t>(p_ - begin));
      ++p_;
      skip_space();
      take(':');
      skip_space();
      on_value(key);
      skip_space();
    } while (take_if(','));
    take('}');
  }

  // From behind a string's first quote to behind its last.
  void skip_string() {
    for (char c; (c = peek()) != '"'; ++p_) {
      if (c == '\\') {
        ++p_;
        refuse_if(p_ == end_);
      }
    }
    ++p_;
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        ++p_;
        skip_string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++p_;
      } else if (c == '}' || c == ']') {
        refuse_if(depth == 0);
        --depth;
        ++p_;
      } else if (depth > 0) {
        ++p_;
      } else {
        while (p_ != end_ && std::strchr(",]} \n\r\t", *p_) == nullptr) ++p_;
      }
    } while (depth > 0);
  }

  void read_model() {
    for_each_member([&](ByteSpan key) {
      if (key == "vocab") {
        refuse_if(result_.tokens != nullptr);
        result_.vocab.begin = place();
        read_vocab();
        result_.vocab.end = place();
      } else if (key == "merges") {
        refuse_if(result_.tokens == nullptr || std::exchange(has_merges_, true));
        result_.merges.begin = place();
        read_merges();
        result_.merges.end = place();
      } else {
        skip_value();
      }
    });
  }

  // Appends the bytes that the text up to `terminator` stands for to the room, and goes behind the
  // terminator. False where a character is not in the alphabet: then p_ stands at it.
  bool read_bytes(char terminator) {
    while (true) {
      const char c = peek();
      if (c == terminator) {
        ++p_;
        return true;
      }
      const auto lead = static_cast<unsigned char>(c);
      if (lead < 0x80 && lead > ' ' && c != '"' && c != '\\' && lead != 0x7F) {
        *room_end_++ = c;
        ++p_;
        continue;
      }
      std::size_t code_point = kAlphabetEnd;
      std::ptrdiff_t length = 2;
      if (lead >= 0xC2 && lead <= 0xC5 && end_ - p_ >= 2 && (p_[1] & 0xC0) == 0x80) {
        code_point = (lead & 0x1Fu) << 6 | (static_cast<unsigned char>(p_[1]) & 0x3Fu);
      } else if (c == '\\' && end_ - p_ >= 6) {
        if (p_[1] == '"' || p_[1] == '\\' || p_[1] == '/') {
          code_point = static_cast<std::size_t>(p_[1]);
        } else if (p_[1] == 'u') {
          code_point = hex_digits(p_ + 2);
          length = 6;
        }
      }
      if (code_point >= kAlphabetEnd || kByteOf[code_point] < 0) return false;
      *room_end_++ = static_cast<char>(kByteOf[code_point]);
      p_ += length;
    }
  }

  // Four of them as a number, or kAlphabetEnd.
  static std::size_t hex_digits(const char* p) {
    std::size_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = p[i];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return kAlphabetEnd;
      value = value << 4 | static_cast<std::size_t>(digit);
    }
    return value;
  }

  TokenId read_id() {
    const char* const digits = p_;
    std::uint64_t id = 0;
    while (p_ != end_ && *p_ >= '0' && *p_ <= '9' && p_ - digits < 10) {
      id = 10 * id + static_cast<std::uint64_t>(*p_++ - '0');
    }
    refuse_if(p_ == digits || id > kMaxListedId || (*digits == '0' && p_ - digits > 1));
    return static_cast<TokenId>(id);
  }

  void read_vocab() {
    TokenList list;
    take('{');
    do {
      skip_space();
      take('"');
      const std::size_t key_begin = place() - 1;
      char* const begin = room_end_;
      const bool in_alphabet = read_bytes('"');
      if (!in_alphabet) skip_string();
      const ModelText::Range key{key_begin, place()};
      skip_space();
      take(':');
      skip_space();
      const TokenId id = read_id();
      if (in_alphabet) {
        list.tokens.push_back({static_cast<std::uint64_t>(begin - room_.data()),
                               static_cast<std::uint32_t>(room_end_ - begin), id});
      } else {
        room_end_ = begin;
        result_.other_keys.push_back({key, id});
        refuse_if(result_.other_keys.size() > kMaxOtherKeys);
      }
      skip_space();
    } while (take_if(','));
    take('}');
    list.bytes.assign(room_.data(), room_end_);
    result_.tokens = std::make_shared<const TokenTable>(std::move(list));
  }

  void read_merges() {
    take('[');
    skip_space();
    if (take_if(']')) return;
    const bool are_strings = peek() == '"';
    room_end_ = room_.data();
    do {
      skip_space();
      if (are_strings) {
        take('"');
        read_part(' ');
        refuse_if(parts_[n_parts_ - 1].starts_with("#version"));  // a line that is no merge
        read_part('"');
      } else {
        take('[');
        skip_space();
        take('"');
        read_part('"');
        skip_space();
        take(',');
        skip_space();
        take('"');
        read_part('"');
        skip_space();
        take(']');
      }
      if (n_parts_ == kParts) look_parts_up();
      skip_space();
    } while (take_if(','));
    take(']');
    look_parts_up();
  }

  void read_part(char terminator) {
    const char* const begin = room_end_;
    refuse_if(!read_bytes(terminator));
    parts_[n_parts_++] = {begin, static_cast<std::size_t>(room_end_ - begin)};
  }

  void look_parts_up() {
    std::uint32_t rows[kParts];
    result_.tokens->rows_of({parts_, n_parts_}, {rows, n_parts_});
    for (std::size_t i = 0; i < n_parts_; i += 2) {
      refuse_if(rows[i] == kNoRow || rows[i + 1] == kNoRow);
      result_.pairs.push_back({result_.tokens->id(rows[i]), result_.tokens->id(rows[i + 1])});
    }
    n_parts_ = 0;
    room_end_ = room_.data();
  }

  static constexpr std::size_t kParts = 128;  // of merges, looked up at one time

  ByteSpan document_;
  const char* p_;
  const char* end_;
  PageArray<char> room_;  // for bytes; a text stands for no more of them than it has itself
  char* room_end_;
  ByteSpan parts_[kParts];
  std::size_t n_parts_ = 0;
  bool has_merges_ = false;
  ModelText result_{};
};

}  // namespace

std::optional<ModelText> read_model_text(ByteSpan document) {
  try {
    return Reader(document).read();
  } catch (const Refused&) {
    return std::nullopt;
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

}  // namespace bytestride
