// Why the search is right
//
// Merging takes the pair of the lowest rank, the leftmost on ties, until no pair merges. Two things
// hold for it, whatever the vocabulary:
//
//   1. Take neighbours in what merging gives for a word: for their bytes alone it gives the same.
//      No merge crossed the ends of these bytes, and a pair within them that is the first in the
//      word is the first in them.
//   2. Take tokens of which each two neighbours are what merging gives for the bytes of the two.
//      For the bytes of all it gives all of them. Otherwise some merge is the first to cross an
//      end, between a and b say. Until then the bytes of a and b went through what they go through
//      alone, and the pair is the first in them as it is the first in all: it would merge there,
//      too.
//
// So the search is for the one row of tokens that spells the word and in which each token "may
// follow" the one before. That holds for each beginning of the word as well: there is one way at
// most to come to a position, a position that led nowhere is dead, and each is entered once. Tokens
// that merging never makes are not in the trie.
//
// When b may follow a
//
// Let a token's rank be that of its pair, and its time the highest rank among those of itself and
// of all it is made of. Usually the two are the same, for a token is made after its parts; but some
// vocabularies (Llama 3) have tokens whose parts come later. Call the merges made while M is the
// highest rank so far phase M. Then a token is made in the phase of its time; and within a phase
// merging goes from left to right: when a pair of rank M merges, the only pairs of lower rank are
// those of the new symbol, which takes its neighbours, the lower rank first, until no such pair is
// left; then comes the next pair of rank M.
//
// Merging the bytes of a and b, the last symbol of a's bytes is at any time one of a, its right
// part, the right part of that and so on; the first symbol of b's bytes is one of b, its left part
// and so on. may_follow goes through the pairs (x, y) of these that stand side by side at some
// time, by undoing the later of the two again and again: the one of the greater time, or b's, since
// in one phase all of a's merges lie to the left of b's. Merging crosses the end if some (x, y)
// makes a product p before x goes into the next symbol of a, "above x", or y into "above y". It
// does so in phase time(p), that is
//   - not, if x or y is taken in an earlier phase; surely, if both are taken in later ones;
//   - if x is taken in the same phase: where rank(p) = time(p), all of a's merges of the phase come
//     first, for they lie to the left; otherwise x has just been made (were it y, x would be gone)
//     and goes where the rank is lower. Either way p is made if rank(p) < rank(above x);
//   - if x is taken later and y in the same phase: where y has just been made, it goes where the
//     rank is lower, or to the left if that is the same pair; its right neighbour may not be there
//     yet, made later in this phase. Otherwise b's merges of the phase come too late: then either
//     that neighbour is made in this phase, or above y is a pair of rank time(p) >= rank(p).
//     Together: p is made if that neighbour is of this phase or rank(p) <= rank(above y).

#include "encode/backtrack.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "base/error.hpp"

namespace bytestride {
namespace {

constexpr std::uint32_t kNone = PrefixTrie::kNone;
constexpr std::uint32_t kFirstMade = 256;  // numbers below are the bytes
constexpr std::size_t kFewestSteps = 1024;

std::uint32_t partner_bit(std::uint32_t token) {
  return 1u << (token * 0x9E3779B1u >> 27);
}

}  // namespace

Backtracker::Backtracker(const Vocab& vocab) : vocab_(&vocab), seed_(process_hash_seed()) {
  std::vector<Token> tokens(kFirstMade + vocab.merges().size());
  std::vector<ByteSpan> spellings(tokens.size());
  number_tokens(tokens, spellings);
  shorter_.resize(tokens.size());
  trie_ = PrefixTrie(spellings, shorter_);
  if (!trie_.ok()) return;
  time_tokens(tokens);
  note_partners(tokens);
  settle(tokens);
  usable_ = true;
}

void Backtracker::number_tokens(std::vector<Token>& tokens, std::vector<ByteSpan>& spellings) {
  const auto& merges = vocab_->merges();
  std::vector<std::uint32_t> number(std::size_t{vocab_->max_id()} + 1, kNone);
  ids_.resize(tokens.size());
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    ids_[i] = i < kFirstMade ? vocab_->byte_id(static_cast<unsigned char>(i))
                             : merges[i - kFirstMade].product;
    number[ids_[i]] = i;
    spellings[i] = vocab_->token_bytes(ids_[i]);
    const auto length = static_cast<std::uint32_t>(spellings[i].size());
    tokens[i] = {kNone, kNone, i, length, kNone, kNone, 0, 0};
  }
  for (std::uint32_t i = kFirstMade; i < tokens.size(); ++i) {
    tokens[i].left = number[merges[i - kFirstMade].pair.left];
    tokens[i].right = number[merges[i - kFirstMade].pair.right];
  }
}

void Backtracker::time_tokens(std::vector<Token>& tokens) {
  const auto in_order = [&tokens](std::uint32_t i) {
    return tokens[i].left < i && tokens[i].right < i;
  };
  std::vector<std::uint32_t> made(tokens.size() - kFirstMade);
  std::iota(made.begin(), made.end(), kFirstMade);
  if (std::all_of(made.begin(), made.end(), in_order)) return;
  // Parts are shorter than what is made of them.
  std::stable_sort(made.begin(), made.end(), [&tokens](std::uint32_t a, std::uint32_t b) {
    return tokens[a].length < tokens[b].length;
  });
  for (const std::uint32_t i : made) {
    tokens[i].time = std::max({i, tokens[tokens[i].left].time, tokens[tokens[i].right].time});
  }
}

void Backtracker::note_partners(std::vector<Token>& tokens) {
  for (std::uint32_t i = kFirstMade; i < tokens.size(); ++i) {
    Token& left = tokens[tokens[i].left];
    Token& right = tokens[tokens[i].right];
    left.first_as_left = std::min(left.first_as_left, tokens[i].time);
    right.first_as_right = std::min(right.first_as_right, tokens[i].time);
    left.right_partners |= partner_bit(tokens[i].right);
    right.left_partners |= partner_bit(tokens[i].left);
  }
}

// Puts everything that the search reads into one block, which starts where a huge page can.
void Backtracker::settle(const std::vector<Token>& tokens) {
  product_bits_ = static_cast<unsigned>(std::bit_width(tokens.size()));
  pair_mask_ = std::bit_ceil(2 * tokens.size()) - 1;
  const std::size_t token_bytes = tokens.size() * sizeof(Token);
  const std::size_t pair_bytes = (pair_mask_ + 1) * sizeof(std::uint32_t);
  const std::size_t n_bytes = token_bytes + pair_bytes + trie_.n_bytes();
  const std::size_t unit = n_bytes < kHugePageBytes ? alignof(Token) : kHugePageBytes;
  memory_ = Pages(n_bytes + unit);
  const auto start = reinterpret_cast<std::uintptr_t>(memory_.data());
  char* at = static_cast<char*>(memory_.data()) + (unit - start % unit) % unit;
  std::memcpy(at, tokens.data(), token_bytes);
  tokens_ = reinterpret_cast<const Token*>(at);
  at += token_bytes;
  auto* const pairs = reinterpret_cast<std::uint32_t*>(at);
  pairs_ = pairs;
  trie_.move_to(at + pair_bytes);
  for (std::uint32_t i = kFirstMade; i < tokens.size(); ++i) {
    const std::uint64_t hash = hash_u64(pair_key(tokens[i].left, tokens[i].right), seed_);
    std::size_t slot = hash & pair_mask_;
    while (pairs[slot] != 0) slot = (slot + 1) & pair_mask_;
    pairs[slot] = static_cast<std::uint32_t>(hash >> 32) >> product_bits_ << product_bits_ | i;
  }
}

// kNone where the two do not merge.
std::uint32_t Backtracker::product_of(std::uint32_t a, std::uint32_t b) const {
  if (std::max(a, b) < kFirstMade) {
    const std::uint32_t product = trie_.token_of_two(a, b);
    return product < kFirstMade ? kNone : product;
  }
  if (!(tokens_[a].right_partners & partner_bit(b)) ||
      !(tokens_[b].left_partners & partner_bit(a))) {
    return kNone;
  }
  const std::uint64_t hash = hash_u64(pair_key(a, b), seed_);
  const auto part = static_cast<std::uint32_t>(hash >> 32) >> product_bits_;
  for (std::size_t i = hash & pair_mask_; pairs_[i] != 0; i = (i + 1) & pair_mask_) {
    if (pairs_[i] >> product_bits_ != part) continue;
    const std::uint32_t product = pairs_[i] & ((1u << product_bits_) - 1);
    if (tokens_[product].left == a && tokens_[product].right == b) return product;
  }
  return kNone;
}

// Whether the product is made before its parts are taken, where one of these is taken in the same
// phase: see above.
bool Backtracker::comes_first(std::uint32_t product, std::uint32_t above_a,
                              std::uint32_t above_b) const {
  const std::uint32_t time = tokens_[product].time;
  if (above_a != kNone && tokens_[above_a].time == time) return product < above_a;
  return tokens_[tokens_[above_b].right].time == time || product <= above_b;
}

bool Backtracker::may_follow(std::uint32_t a, std::uint32_t b, std::size_t& steps) const {
  std::uint32_t taken = kNone;  // the time at which the first of the two is
  std::uint32_t above_a = kNone, above_b = kNone;
  while (true) {
    ++steps;
    if (tokens_[a].first_as_left <= taken && tokens_[b].first_as_right <= taken) {
      const std::uint32_t product = product_of(a, b);
      const std::uint32_t made = product == kNone ? kNone : tokens_[product].time;
      if (made < taken ||
          (made == taken && made != kNone && comes_first(product, above_a, above_b))) {
        return false;
      }
    }
    if (std::max(a, b) < kFirstMade) return true;
    const bool undo_a = tokens_[a].time > tokens_[b].time;
    taken = tokens_[undo_a ? a : b].time;
    const std::uint32_t part = undo_a ? tokens_[a].right : tokens_[b].left;
    above_a = undo_a ? a : above_a;
    above_b = undo_a ? above_b : b;
    a = undo_a ? part : a;
    b = undo_a ? b : part;
  }
}

// The positions that led nowhere, one bit each.
struct Backtracker::Positions {
  Positions(std::size_t n, std::vector<std::uint64_t>& scratch) {
    if (n < 64 * std::size(few)) return;
    scratch.assign(n / 64 + 1, 0);
    bits = scratch.data();
  }
  bool has(std::size_t i) const { return bits[i / 64] >> i % 64 & 1; }
  void add(std::size_t i) { bits[i / 64] |= std::uint64_t{1} << i % 64; }

  std::uint64_t few[4] = {};
  std::uint64_t* bits = few;
};

// may_follow remembered, for words long enough to ask the same again: white space, emoji, runs. A
// third less time for those, and a few percent more for random letters.
class Backtracker::Answers {
 public:
  Answers(const Backtracker& backtracker, std::size_t n, std::vector<std::uint64_t>& scratch)
      : backtracker_(backtracker) {
    if (n < kRemembered) return;
    scratch.assign(kRemembered, 0);
    known_ = scratch.data();
  }

  bool may_follow(std::uint32_t a, std::uint32_t b, std::size_t& steps) {
    if (known_ == nullptr) return backtracker_.may_follow(a, b, steps);
    ++steps;
    // Numbers are below 2^24: no question is 0.
    const std::uint64_t question = kAsked | pair_key(a, b) << 1;
    std::uint64_t& known = known_[(a * 0x9E3779B1u ^ b * 0x85EBCA6Bu) >> (32 - kBits)];
    if ((known & ~std::uint64_t{1}) != question) {
      known = question | (backtracker_.may_follow(a, b, steps) ? 1 : 0);
    }
    return known & 1;
  }

 private:
  static constexpr unsigned kBits = 11;
  static constexpr std::size_t kRemembered = std::size_t{1} << kBits;
  static constexpr std::uint64_t kAsked = std::uint64_t{1} << 63;

  const Backtracker& backtracker_;
  std::uint64_t* known_ = nullptr;
};

std::size_t Backtracker::search(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const {
  BYTESTRIDE_ASSERT(usable_);
  const std::size_t n = word.size();
  if (n == 0) return 0;
  const char* const text = word.data();
  Positions dead(n, scratch.dead);
  Answers answers(*this, n, scratch.answers);
  const std::size_t most_steps = kMaxStepsPerByte * n + kFewestSteps;
  std::size_t steps = 0, at = 0, n_out = 0;
  std::uint32_t token = trie_.longest(text, text + n, steps);
  while (steps <= most_steps) {
    if (token == kNone) {
      if (n_out == 0) return 0;
      dead.add(at);
      token = out[--n_out];
      at -= tokens_[token].length;
      // A token taken because it follows two of its kind was not the longest at its place.
      const bool repeated = n_out >= 2 && out[n_out - 1] == token && out[n_out - 2] == token;
      token = repeated ? trie_.longest(text + at, text + n, steps) : shorter_[token];
      continue;
    }
    const std::size_t length = tokens_[token].length;
    if (dead.has(at + length) || (n_out > 0 && !answers.may_follow(out[n_out - 1], token, steps))) {
      token = shorter_[token];
      continue;
    }
    const bool repeats = n_out > 0 && out[n_out - 1] == token;
    out[n_out++] = token;
    at += length;
    if (repeats) {
      // A run: what followed itself once may do so again, and most likely does.
      while (n - at >= length && std::memcmp(text + at, text + at - length, length) == 0 &&
             !dead.has(at + length)) {
        out[n_out++] = token;
        at += length;
      }
      steps += length / 8;
    }
    if (at == n) {
      for (std::size_t i = 0; i < n_out; ++i) out[i] = ids_[out[i]];
      return n_out;
    }
    token = trie_.longest(text + at, text + n, steps);
  }
  return 0;
}

std::size_t Backtracker::encode(ByteSpan word, TokenId* out, BacktrackScratch& scratch) const {
  if (usable_) {
    const std::size_t n_found = search(word, out, scratch);
    if (n_found != 0) return n_found;
  }
  for (std::size_t i = 0; i < word.size(); ++i) {
    out[i] = vocab_->byte_id(static_cast<unsigned char>(word[i]));
  }
  return merge_symbols(vocab_->pairs(), out, word.size(), scratch.merge);
}

}  // namespace bytestride
