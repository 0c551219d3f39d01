#include "train/token_tree.hpp"

namespace bytestride {
namespace {

constexpr Symbol kBytes = 256;

}  // namespace

TokenTree::TokenTree() : n_bytes_(kBytes, 1), parts_(kBytes) {
  for (std::uint64_t byte = 0; byte < kBytes; ++byte) prefixes_.push_back(byte << 56);
}

Symbol TokenTree::join(Symbol left, Symbol right) {
  const std::uint32_t n_left = n_bytes_[left];
  n_bytes_.push_back(n_left + n_bytes_[right]);
  parts_.push_back({left, right});
  prefixes_.push_back(prefixes_[left] | (n_left < 8 ? prefixes_[right] >> (8 * n_left) : 0));
  return static_cast<Symbol>(n_bytes_.size() - 1);
}

std::string TokenTree::bytes(Symbol symbol) const {
  std::string bytes;
  bytes.reserve(n_bytes_[symbol]);
  std::vector<Symbol> open{symbol};
  while (!open.empty()) {
    const Symbol next = open.back();
    open.pop_back();
    if (next < kBytes) {
      bytes.push_back(static_cast<char>(next));
    } else {
      open.push_back(parts_[next].right);
      open.push_back(parts_[next].left);
    }
  }
  return bytes;
}

bool TokenTree::less(Symbol a, Symbol b) const {
  if (prefixes_[a] != prefixes_[b]) return prefixes_[a] < prefixes_[b];
  std::vector<Symbol> of_a{a};
  std::vector<Symbol> of_b{b};
  while (!of_a.empty() && !of_b.empty()) {
    const Symbol x = of_a.back();
    const Symbol y = of_b.back();
    if (x == y) {
      of_a.pop_back();
      of_b.pop_back();
      continue;
    }
    if (x < kBytes && y < kBytes) return x < y;
    // The longer one is opened: the other may be its beginning as a whole.
    std::vector<Symbol>& longer = n_bytes_[x] >= n_bytes_[y] ? of_a : of_b;
    const Pair parts = parts_[longer.back()];
    longer.back() = parts.right;
    longer.push_back(parts.left);
  }
  return of_a.empty() && !of_b.empty();
}

}  // namespace bytestride
