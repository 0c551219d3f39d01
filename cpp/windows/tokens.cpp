#include "windows/tokens.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.hpp"
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
  struct stat status;
  if (fstat(descriptor, &status) != 0) {
    throw std::system_error(errno, std::generic_category(), "fstat of a token store's file");
  }
  if (status.st_size >= n_bytes) return;
  throw ChangedFile(std::string(what) + " of shard " + std::to_string(shard) + " has " +
                    std::to_string(status.st_size) + " bytes, and had at least " +
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
    const ssize_t got =
        pread(shard.descriptor, scratch.data() + done, static_cast<std::size_t>(n * width - done),
              static_cast<off_t>(shard.byte_offset + index * width + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw std::system_error(errno, std::generic_category(), "reading a token store's payload");
    }
    if (got == 0) {
      throw ChangedFile("the payload of shard " + std::to_string(i) + " ends at byte " +
                        std::to_string(shard.byte_offset + index * width + done) +
                        ", and held more when it was opened");
    }
    done += got;
  }
  return scratch.data();
}

}  // namespace bytestride
