#include "encode/decoder.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace bytestride {

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
  by_id_.resize(max_id + 1);
  const TokenTable& tokens = vocab.tokens();
  for (std::uint32_t row = 0; row < tokens.size(); ++row) {
    by_id_[tokens.id(row)] = tokens.bytes(row);
  }
  for (std::size_t i = added.all().size(); i-- > 0;) {
    by_id_[added.all()[i].id] = added.all()[i].content;
  }
}

void Decoder::throw_unknown(const std::string& id_and_place) const {
  throw NotFound("id " + id_and_place + " is no token's; ids go from 0 to " +
                 std::to_string(by_id_.size() - 1));
}

ByteSpan Decoder::token_bytes(std::int64_t id) const {
  const auto index = static_cast<std::uint64_t>(id);
  if (index >= by_id_.size() || by_id_[index].data() == nullptr) throw_unknown(std::to_string(id));
  return by_id_[index];
}

template <typename Id>
std::string Decoder::decode(std::span<const Id> ids) const {
  std::size_t n_bytes = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto index = static_cast<std::uint64_t>(ids[i]);
    if (index >= by_id_.size() || by_id_[index].data() == nullptr) {
      throw_unknown(std::to_string(ids[i]) + " at position " + std::to_string(i));
    }
    n_bytes += by_id_[index].size();
  }
  std::string bytes(n_bytes, '\0');
  char* out = bytes.data();
  for (const Id id : ids) {
    const ByteSpan token = by_id_[static_cast<std::size_t>(id)];
    std::memcpy(out, token.data(), token.size());
    out += token.size();
  }
  return bytes;
}

template std::string Decoder::decode(std::span<const std::int64_t>) const;
template std::string Decoder::decode(std::span<const std::uint64_t>) const;
template std::string Decoder::decode(std::span<const std::uint32_t>) const;
template std::string Decoder::decode(std::span<const std::uint16_t>) const;

}  // namespace bytestride
