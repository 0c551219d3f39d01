// What a pretoken became, in 64 bits: up to three ids, or where a longer list of them stands.
//
// Three fields of 20 bits and a count hold over 98 of 100 words of any published vocabulary, so
// that writing them out is three stores and an addition, without a branch. Zero means "not known".
#pragma once

#include <cstdint>

#include "base/types.hpp"

namespace bytestride {

class WordIds {
 public:
  static constexpr std::size_t kMaxInline = 3;

  constexpr WordIds() = default;
  constexpr explicit WordIds(std::uint64_t bits) : bits_(bits) {}

  // Whether these ids fit in the value itself.
  static bool fits(const TokenId* ids, std::size_t n) {
    if (n > kMaxInline) return false;
    TokenId all = 0;
    for (std::size_t i = 0; i < n; ++i) all |= ids[i];
    return all <= kIdMask;
  }
  // Precondition: fits(ids, n), and n is not 0.
  static WordIds of(const TokenId* ids, std::size_t n) {
    std::uint64_t bits = std::uint64_t{n} << kCountShift;
    for (std::size_t i = 0; i < n; ++i) bits |= std::uint64_t{ids[i]} << (kIdBits * i);
    return WordIds(bits);
  }
  // A list at `place`: in the word cache, or (of_batch) in the scratch of the batch.
  static WordIds list_at(std::size_t place, bool of_batch) {
    return WordIds(kListCount << kCountShift | (of_batch ? kOfBatch : 0) | place);
  }

  std::uint64_t bits() const { return bits_; }
  bool known() const { return bits_ != 0; }
  bool is_list() const { return bits_ >> kCountShift == kListCount; }
  bool is_of_batch() const { return bits_ & kOfBatch; }
  std::size_t place() const { return bits_ & (kOfBatch - 1); }

  // For inline ids. write_to may write up to kMaxInline.
  std::size_t count() const { return bits_ >> kCountShift; }
  template <typename Id>
  Id* write_to(Id* out) const {
    out[0] = static_cast<Id>(bits_ & kIdMask);
    out[1] = static_cast<Id>(bits_ >> kIdBits & kIdMask);
    out[2] = static_cast<Id>(bits_ >> 2 * kIdBits & kIdMask);
    return out + count();
  }

 private:
  static constexpr unsigned kIdBits = 20;
  static constexpr unsigned kCountShift = 60;
  static constexpr std::uint64_t kIdMask = (std::uint64_t{1} << kIdBits) - 1;
  static constexpr std::uint64_t kListCount = 15;
  static constexpr std::uint64_t kOfBatch = std::uint64_t{1} << 48;

  std::uint64_t bits_ = 0;
};

}  // namespace bytestride
