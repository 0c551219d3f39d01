#include "segment/first_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace bytestride {
namespace {

constexpr std::size_t kBlock = 64;

// Whether one of the first N bytes stands in the block. Without branches, so that compilers make
// vector code of it.
template <std::size_t N>
bool block_has(const unsigned char* block, const unsigned char* bytes) {
  unsigned char any = 0;
  for (std::size_t k = 0; k < kBlock; ++k) {
    unsigned char here = 0;
    for (std::size_t i = 0; i < N; ++i) {
      here = static_cast<unsigned char>(here | (block[k] == bytes[i] ? 1 : 0));
    }
    any = static_cast<unsigned char>(any | here);
  }
  return any != 0;
}

template <std::size_t N>
std::size_t skip_blocks(ByteSpan text, std::size_t from, const unsigned char* bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  while (text.size() - from >= kBlock && !block_has<N>(data + from, bytes)) from += kBlock;
  return from;
}

}  // namespace

void FirstBytes::add(char byte) {
  bool& known = contains_[static_cast<unsigned char>(byte)];
  if (known) return;
  known = true;
  if (n_ == 0) bytes_.fill(static_cast<unsigned char>(byte));
  if (n_ < kFew) bytes_[n_] = static_cast<unsigned char>(byte);
  ++n_;
}

std::size_t FirstBytes::next(ByteSpan text, std::size_t from) const {
  if (n_ == 0 || from >= text.size()) return text.size();
  if (n_ == 1) {
    const void* at = std::memchr(text.data() + from, bytes_[0], text.size() - from);
    return at == nullptr ? text.size()
                         : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
  }
  const auto is_here = [&] { return contains_[static_cast<unsigned char>(text[from])]; };
  if (n_ <= kFew) {
    // Where they are frequent, the next is near: look there before comparing whole blocks.
    const std::size_t near = std::min(text.size(), from + 16);
    for (; from < near; ++from) {
      if (is_here()) return from;
    }
    from = n_ <= 4 ? skip_blocks<4>(text, from, bytes_.data())
                   : skip_blocks<kFew>(text, from, bytes_.data());
  }
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  const auto one_of_eight = [&](const unsigned char* p) {
    unsigned found = 0;
    for (std::size_t i = 0; i < 8; ++i) found |= static_cast<unsigned>(contains_[p[i]]);
    return found != 0;
  };
  while (text.size() - from >= 8 && !one_of_eight(data + from)) from += 8;
  while (from < text.size() && !is_here()) ++from;
  return from;
}

}  // namespace bytestride
