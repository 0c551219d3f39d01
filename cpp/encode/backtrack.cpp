#include "encode/backtrack.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace bytestride {
namespace {
constexpr std::uint32_t kFirstMerged = 256;
}

Backtracker::Backtracker(const Vocab& vocab) : seed_(process_hash_seed()), vocab_(&vocab) {
  const auto& merges = vocab.merges();
  n_tokens_ = kFirstMerged + merges.size();
  std::vector<std::uint32_t> number(std::size_t{vocab.max_id()} + 1, kNone);
  std::vector<ByteSpan> spellings(n_tokens_);
  tokens_ = PageArray<Token>(n_tokens_);
  for (std::uint32_t i = 0; i < n_tokens_; ++i) {
    const TokenId id = i < kFirstMerged ? vocab.byte_id(static_cast<unsigned char>(i))
                                        : merges[i - kFirstMerged].product;
    number[id] = i;
    spellings[i] = vocab.token_bytes(id);
    tokens_[i] = {kNone, kNone, kNone, kNone, static_cast<std::uint32_t>(spellings[i].size()),
                  kNone, id, i};
  }
  bool in_order = true;
  for (std::uint32_t i = kFirstMerged; i < n_tokens_; ++i) {
    Token& token = tokens_[i];
    token.left = number[merges[i - kFirstMerged].pair.left];
    token.right = number[merges[i - kFirstMerged].pair.right];
    in_order = in_order && token.left < i && token.right < i;
  }
  if (!in_order) {
    std::vector<std::uint32_t> order(n_tokens_ - kFirstMerged);
    std::iota(order.begin(), order.end(), kFirstMerged);
    std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return tokens_[a].length < tokens_[b].length;
    });
    for (const std::uint32_t i : order) {
      Token& token = tokens_[i];
      token.time = std::max({i, tokens_[token.left].time, tokens_[token.right].time});
    }
  }
  for (std::uint32_t i = kFirstMerged; i < n_tokens_; ++i) {
    const Token& token = tokens_[i];
    Token& left = tokens_[token.left];
    Token& right = tokens_[token.right];
    left.least_as_left = std::min(left.least_as_left, token.time);
    right.least_as_right = std::min(right.least_as_right, token.time);
  }
  std::vector<std::uint32_t> shorter(n_tokens_);
  trie_ = PrefixTrie(spellings, shorter);
  if (!trie_.ok()) return;
  product_bits_ = static_cast<unsigned>(std::bit_width(n_tokens_));
  pairs_.resize(std::bit_ceil(2 * merges.size() + 2));
  pair_mask_ = pairs_.size() - 1;
  for (std::uint32_t i = 0; i < n_tokens_; ++i) {
    tokens_[i].shorter = shorter[i];
    if (i < kFirstMerged) continue;
    const std::uint64_t hash = hash_u64(pair_key(tokens_[i].left, tokens_[i].right), seed_);
    std::size_t slot = hash & pair_mask_;
    while (pairs_[slot] != 0) slot = (slot + 1) & pair_mask_;
    pairs_[slot] = static_cast<std::uint32_t>(hash >> 32) >> product_bits_ << product_bits_ | i;
  }
  usable_ = true;
}

std::uint32_t Backtracker::product_of(std::uint32_t a, std::uint32_t b) const {
  const std::uint64_t hash = hash_u64(pair_key(a, b), seed_);
  const auto tag = static_cast<std::uint32_t>(hash >> 32) >> product_bits_;
  const std::uint32_t product_mask = (1u << product_bits_) - 1;
  for (std::size_t i = hash & pair_mask_; pairs_[i] != 0; i = (i + 1) & pair_mask_) {
    const std::uint32_t product = pairs_[i] & product_mask;
    if (pairs_[i] >> product_bits_ == tag && tokens_[product].left == a &&
        tokens_[product].right == b) {
      return product;
    }
  }
  return kNone;
}

bool Backtracker::wins_tie(std::uint32_t product, std::uint32_t above_a, std::uint32_t above_b) const {
  const Token* const tokens = tokens_.data();
  const std::uint32_t time = tokens[product].time;
  if (above_a != kNone && tokens[above_a].time == time) return product < above_a;
  return tokens[tokens[above_b].right].time == time || product <= above_b;
}

bool Backtracker::may_follow(std::uint32_t a, std::uint32_t b, std::size_t& steps) const {
  const Token* const tokens = tokens_.data();
  std::uint32_t limit = kNone - 1;
  std::uint32_t above_a = kNone, above_b = kNone;
  while (true) {
    ++steps;
    if (tokens[a].least_as_left <= limit && tokens[b].least_as_right <= limit) {
      const std::uint32_t product = std::max(a,b)<kFirstMerged ? trie_.token_of_two(a,b) : product_of(a, b);
      if (product < kFirstMerged) return true;
      if (product != kNone && tokens[product].time <= limit &&
          (tokens[product].time < limit || wins_tie(product, above_a, above_b))) {
        return false;
      }
    }
    const std::uint32_t a_time = tokens[a].time, b_time = tokens[b].time;
    if (std::max(a_time, b_time) < kFirstMerged) return true;
    const bool undo_a = a_time > b_time;
    limit = std::max(a_time, b_time);
    above_a = undo_a ? a : above_a;
    above_b = undo_a ? above_b : b;
    const std::uint32_t part = undo_a ? tokens[a].right : tokens[b].left;
    a = undo_a ? part : a;
    b = undo_a ? b : part;
  }
}

std::size_t Backtracker::search(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const {
  const std::size_t n = word.size();
  if (n == 0) return 0;
  const char* const base = word.data();
  const char* const end = base + n;
  std::uint64_t few_dead[4] = {};
  std::uint64_t* dead = few_dead;
  if (n >= 256) {
    scratch.dead.assign(n / 64 + 1, 0);
    dead = scratch.dead.data();
  }
  const std::size_t budget = 64 * n + 1024;
  std::size_t steps = 0;
  std::size_t k = 0, at = 0;
  std::uint32_t token = trie_.longest(base, end);
  while (true) {
    const std::size_t to = token == kNone ? 0 : at + tokens_[token].length;
    if (token == kNone) {
      if (k == 0) break;
      dead[at / 64] |= std::uint64_t{1} << at % 64;
      token = out[--k];
      at -= tokens_[token].length;
      const bool run = k >= 2 && out[k - 1] == token && out[k - 2] == token;
      token = run ? trie_.longest(base + at, end) : tokens_[token].shorter;
      if (steps > budget) break;
      continue;
    }
    if ((dead[to / 64] >> to % 64 & 1) || (k > 0 && !may_follow(out[k - 1], token, steps))) {
      token = tokens_[token].shorter;
      continue;
    }
    out[k++] = token;
    at = to;
    if (at == n) break;
    if (k >= 2 && out[k - 2] == token) {
      const std::size_t length = tokens_[token].length;
      while (n - at >= length && std::memcmp(base + at, base + at - length, length) == 0 &&
             !(dead[(at + length) / 64] >> (at + length) % 64 & 1)) {
        out[k++] = token;
        at += length;
      }
      if (at == n) break;
    }
    if (steps > budget) break;
    token = trie_.longest(base + at, end);
  }
  if (at != n || k == 0) return 0;
  for (std::size_t i = 0; i < k; ++i) out[i] = tokens_[out[i]].id;
  return k;
}

std::size_t Backtracker::encode(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const {
  const std::size_t found = search(word, out, scratch);
  if (found != 0 || word.empty()) return found;
  for (std::size_t i = 0; i < word.size(); ++i) {
    out[i] = vocab_->byte_id(static_cast<unsigned char>(word[i]));
  }
  return merge_symbols(vocab_->pairs(), out, word.size(), scratch.merge);
}

std::size_t Backtracker::n_bytes() const {
  return trie_.n_bytes() + tokens_.capacity() * sizeof(Token) + pairs_.size() * 4;
}

}  // namespace bytestride
