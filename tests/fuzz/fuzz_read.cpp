// The texts of vocabularies: what the readers accept, against reading it again character by
// character, and with other text around it. Input: a byte, odd for lines of ranks and even for a
// tokenizer.json; then the text.

#include <cctype>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "vocab/model_text.hpp"
#include "vocab/rank_lines.hpp"

using namespace bytestride;
using namespace bytestride::testing;

namespace {

using Tokens = std::vector<std::pair<std::string, TokenId>>;

Tokens tokens_of(const TokenTable& table) {
  Tokens tokens;
  for (std::uint32_t row = 0; row < table.size(); ++row) {
    tokens.emplace_back(std::string(table.bytes(row)), table.id(row));
  }
  return tokens;
}

std::string from_base64(ByteSpan text) {
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int n_bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    n_bits += 6;
    if (n_bits < 8) continue;
    n_bits -= 8;
    bytes += static_cast<char>(bits >> n_bits & 0xFF);
  }
  return bytes;
}

void check_lines(ByteSpan text) {
  const auto list = read_rank_lines(text);
  if (!list) return;
  std::size_t begin = 0;
  for (const TokenList::Token& token : list->tokens) {
    const std::size_t space = text.find(' ', begin);
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    require(space < end, "an accepted line has a space");
    require(from_base64(text.substr(begin, space - begin)) ==
                list->bytes.substr(token.begin, token.length),
            "bytes of a line");
    require(std::stoull(std::string(text.substr(space + 1, end - space - 1))) == token.id,
            "the rank of a line");
    begin = end + 1;
  }
  require(begin >= text.size(), "every line is read");
}

// The byte of a character of the ByteLevel alphabet, or -1.
int byte_of(unsigned code_point) {
  static const std::map<unsigned, int> bytes = [] {
    std::map<unsigned, int> made;
    unsigned next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool shown = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
      made[shown ? static_cast<unsigned>(byte) : next++] = byte;
    }
    return made;
  }();
  const auto found = bytes.find(code_point);
  return found == bytes.end() ? -1 : found->second;
}

// A string of an accepted text, from its quote on: its bytes, or nothing where a character is not
// in the alphabet. `at` goes behind the last quote.
std::pair<bool, std::string> read_string(ByteSpan text, std::size_t& at) {
  std::pair<bool, std::string> result{true, ""};
  for (++at; text[at] != '"';) {
    auto code_point = static_cast<unsigned>(static_cast<unsigned char>(text[at++]));
    if (code_point == '\\') {
      const char kind = text[at++];
      code_point = static_cast<unsigned char>(kind);
      if (kind == 'u') {
        const std::string hex(text.substr(at, 4));
        bool is_hex = hex.size() == 4;
        for (const char c : hex) is_hex = is_hex && std::isxdigit(static_cast<unsigned char>(c));
        if (is_hex) {
          code_point = static_cast<unsigned>(std::stoul(hex, nullptr, 16));
          at += 4;
        } else {
          result.first = false;
        }
      } else if (kind != '"' && kind != '\\' && kind != '/') {
        result.first = false;
      }
    } else if (code_point >= 0x80) {
      const bool is_pair = code_point >= 0xC2 && code_point < 0xE0 && at < text.size() &&
                           (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80;
      if (!is_pair) {
        result.first = false;
        continue;
      }
      code_point = (code_point & 0x1F) << 6 | (static_cast<unsigned char>(text[at++]) & 0x3Fu);
    }
    const int byte = byte_of(code_point);
    if (byte < 0) result.first = false;
    result.second += static_cast<char>(byte);
  }
  ++at;
  return result;
}

void skip_to(ByteSpan text, std::size_t& at, ByteSpan wanted) {
  while (wanted.find(text[at]) == ByteSpan::npos) ++at;
}

void check_vocab(ByteSpan text, const ModelText& model) {
  std::map<TokenId, std::string> tokens;
  std::size_t n_others = 0;
  for (std::size_t at = 0;;) {
    skip_to(text, at, "\"}");
    if (text[at] == '}') break;
    const std::size_t begin = at;
    const auto [in_alphabet, bytes] = read_string(text, at);
    const std::size_t end = at;
    skip_to(text, at, "0123456789");
    std::size_t digits = 0;
    const auto id = static_cast<TokenId>(std::stoull(std::string(text.substr(at)), &digits));
    at += digits;
    if (in_alphabet) {
      require(tokens.emplace(id, bytes).second, "an id stands once");
      continue;
    }
    require(n_others < model.other_keys.size(), "a key that is no text of the alphabet");
    const ModelText::OtherKey& other = model.other_keys[n_others++];
    require(other.text.begin == model.vocab.begin + begin &&
                other.text.end == model.vocab.begin + end && other.id == id,
            "the place of a key that is no text of the alphabet");
  }
  require(n_others == model.other_keys.size(), "keys that are no texts of the alphabet");
  Tokens expected;
  for (const auto& [id, bytes] : tokens) expected.emplace_back(bytes, id);
  require(tokens_of(*model.tokens) == expected, "tokens and the keys of the text");
}

void check_merges(ByteSpan text, const ModelText& model) {
  std::vector<std::string> parts;
  for (std::size_t at = 1;;) {
    skip_to(text, at, "\"[]");
    if (text[at] != '"') {
      if (++at >= text.size()) break;
      continue;
    }
    // Of a merge in one string, the space between its parts is no character of the alphabet.
    const std::size_t begin = at;
    const auto [in_alphabet, bytes] = read_string(text, at);
    if (in_alphabet) {
      parts.push_back(bytes);
      continue;
    }
    const std::string merge(text.substr(begin, at - begin));
    const std::size_t space = merge.find(' ');
    require(space != std::string::npos, "a merge has two parts");
    for (const std::string& part : {merge.substr(0, space) + '"', '"' + merge.substr(space + 1)}) {
      std::size_t from = 0;
      parts.push_back(read_string(part, from).second);
    }
  }
  require(parts.size() == 2 * model.pairs.size(), "the number of merges");
  for (std::size_t i = 0; i < model.pairs.size(); ++i) {
    const auto bytes = [&](TokenId id) { return model.tokens->bytes(model.tokens->row_of(id)); };
    require(bytes(model.pairs[i].left) == parts[2 * i], "the left part of a merge");
    require(bytes(model.pairs[i].right) == parts[2 * i + 1], "the right part of a merge");
  }
}

void check_model(ByteSpan text) {
  const auto model = read_model_text(text);
  if (!model) return;
  require(model->vocab.begin < model->vocab.end && model->vocab.end <= model->merges.begin &&
              model->merges.begin < model->merges.end && model->merges.end <= text.size(),
          "ranges in order");
  const ByteSpan vocab = text.substr(model->vocab.begin, model->vocab.end - model->vocab.begin);
  const ByteSpan merges = text.substr(model->merges.begin, model->merges.end - model->merges.begin);
  require(vocab.front() == '{' && vocab.back() == '}', "the vocabulary is an object");
  require(merges.front() == '[' && merges.back() == ']', "the merges are an array");
  check_vocab(vocab, *model);
  check_merges(merges, *model);
  const std::string around =
      "{\"a\":[\"]\",{\"b\":\"\\\\\"}],\n\"model\":{\"vocab\":" + std::string(vocab) +
      ",\"x\":null,\"merges\":" + std::string(merges) + ",\"y\":{}},\"z\":1}";
  const auto again = read_model_text(around);
  require(again && again->pairs == model->pairs &&
              tokens_of(*again->tokens) == tokens_of(*model->tokens),
          "the same with other text around it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const bool are_lines = input.byte() % 2 == 1;
  // At its exact size on the heap, so that a sanitizer sees a read beyond the end.
  const std::vector<char> text(input.rest().begin(), input.rest().end());
  (are_lines ? check_lines : check_model)(ByteSpan(text.data(), text.size()));
  return 0;
}
