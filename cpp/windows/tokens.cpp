#include "windows/tokens.hpp"

#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/open_file.hpp"
#include "windows/stretches.hpp"

namespace bytestride {

std::size_t bytes_of(TokenType type) {
  switch (type) {
    case TokenType::kUint8:
      return 1;
    case TokenType::kUint16:
      return 2;
    case TokenType::kUint32:
    case TokenType::kInt32:
      return 4;
  }
  return 0;
}

void check_file_size(int descriptor, std::int64_t n_bytes, const char* what, std::size_t shard) {
  const std::int64_t n_bytes_now = file_size(descriptor, "fstat of a token store's file");
  if (n_bytes_now >= n_bytes) return;
  throw ChangedFile(std::string(what) + " of shard " + std::to_string(shard) + " has " +
                    std::to_string(n_bytes_now) + " bytes, and had at least " +
                    std::to_string(n_bytes) + " when it was opened");
}

ShardedTokens::ShardedTokens(std::vector<TokenShard> shards) : shards_(std::move(shards)) {
  offsets_.reserve(shards_.size() + 1);
  offsets_.push_back(0);
  for (const TokenShard& shard : shards_) {
    if (shard.n_tokens > std::numeric_limits<std::int64_t>::max() / 8 - offsets_.back()) {
      throw InvalidArgument("the shards hold more tokens than fit in 60 bits");
    }
    offsets_.push_back(offsets_.back() + shard.n_tokens);
  }
}

std::size_t ShardedTokens::shard_at(std::int64_t position) const {
  return stretch_at(offsets_, position);
}

void ShardedTokens::check_size(std::size_t i) const {
  const TokenShard& shard = shards_[i];
  if (shard.descriptor < 0 || shard.data == nullptr) return;
  const auto n_bytes = shard.n_tokens * static_cast<std::int64_t>(bytes_of(shard.type));
  check_file_size(shard.descriptor, shard.byte_offset + n_bytes, "the payload", i);
}

const unsigned char* ShardedTokens::at(std::size_t i, std::int64_t index, std::int64_t n,
                                       std::vector<unsigned char>& scratch) const {
  const TokenShard& shard = shards_[i];
  const auto width = static_cast<std::int64_t>(bytes_of(shard.type));
  if (shard.data != nullptr) return shard.data + index * width;
  scratch.resize(static_cast<std::size_t>(n * width));
  std::int64_t done = 0;
  while (done < n * width) {
    const std::size_t got =
        read_at(shard.descriptor, scratch.data() + done, static_cast<std::size_t>(n * width - done),
                static_cast<std::uint64_t>(shard.byte_offset + index * width + done),
                "reading a token store's payload");
    if (got == 0) {
      throw ChangedFile("the payload of shard " + std::to_string(i) + " ends at byte " +
                        std::to_string(shard.byte_offset + index * width + done) +
                        ", and held more when it was opened");
    }
    done += static_cast<std::int64_t>(got);
  }
  return scratch.data();
}

}  // namespace bytestride
