#include "vocab/prefix_trie.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bytestride {
namespace {

constexpr std::uint32_t kBlock = 256;  // the slots of one base and its neighbours
// A node with several children looks for its place in the last blocks only: the older ones are
// nearly full, and their holes serve the many nodes with one child.
constexpr std::uint32_t kSearchedBlocks = 4;
// Holes that such a node tries.
constexpr unsigned kMostHoles = 64;

struct Sorted {
  std::uint64_t head;  // the first 8 bytes as a number that sorts like them
  std::uint32_t token;
};

std::uint64_t head_of(ByteSpan bytes) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    head = head << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
  }
  return head;
}

}  // namespace

class PrefixTrie::Builder {
 public:
  Builder(std::span<const ByteSpan> tokens, std::span<std::uint32_t> shorter)
      : tokens_(tokens), shorter_(shorter) {
    order_.reserve(tokens.size());
    for (std::uint32_t i = 0; i < tokens.size(); ++i) order_.push_back({head_of(tokens[i]), i});
    std::sort(order_.begin(), order_.end(), [&](const Sorted& a, const Sorted& b) {
      return a.head != b.head ? a.head < b.head : tokens[a.token] < tokens[b.token];
    });
    nodes_.resize(kBlock);
    free_.resize(kBlock, Free{0, 0});
    base_used_.resize(kBlock, true);
    add_block();
  }

  // False where slots run out.
  bool build(std::array<Node, 256>& firsts) {
    // Tokens [begin, end) of the order share `depth` bytes, which lead to a node.
    struct Range {
      std::uint32_t begin, end, depth;
      std::uint32_t slot;  // of the node; a byte, where depth is 1
      std::uint32_t token;
    };
    std::vector<Range> todo;
    const auto byte_of = [&](std::uint32_t i, std::uint32_t depth) -> std::uint32_t {
      return static_cast<unsigned char>(tokens_[order_[i].token][depth]);
    };
    const auto end_of_byte = [&](std::uint32_t begin, std::uint32_t end, std::uint32_t depth) {
      const std::uint32_t byte = byte_of(begin, depth);
      std::uint32_t i = begin + 1;
      while (i < end && byte_of(i, depth) == byte) ++i;
      return i;
    };
    const auto n_all = static_cast<std::uint32_t>(order_.size());
    for (std::uint32_t begin = 0; begin < n_all;) {
      const std::uint32_t end = end_of_byte(begin, n_all, 0);
      todo.push_back({begin, end, 1, byte_of(begin, 0), kNone});
      begin = end;
    }
    std::vector<Range> children;
    while (!todo.empty()) {
      Range at = todo.back();
      todo.pop_back();
      if (const std::uint32_t token = order_[at.begin].token; tokens_[token].size() == at.depth) {
        shorter_[token] = at.token;
        at.token = token;
        ++at.begin;
      }
      Node& node = at.depth == 1 ? firsts[at.slot] : nodes_[at.slot];
      node.token = at.token;
      if (at.begin == at.end) continue;
      children.clear();
      bytes_.clear();
      for (std::uint32_t begin = at.begin; begin < at.end;) {
        const std::uint32_t end = end_of_byte(begin, at.end, at.depth);
        bytes_.push_back(byte_of(begin, at.depth));
        children.push_back({begin, end, at.depth + 1, 0, at.token});
        begin = end;
      }
      const std::uint32_t base = place();
      if (nodes_.size() > kMaxSlots) return false;
      // `node` may have moved: the array has grown.
      (at.depth == 1 ? firsts[at.slot] : nodes_[at.slot]).link |= base << kBaseShift;
      for (std::size_t i = children.size(); i-- > 0;) {
        children[i].slot = base ^ bytes_[i];
        nodes_[children[i].slot].link = kUsed | bytes_[i];
        todo.push_back(children[i]);
      }
    }
    return true;
  }

  std::vector<Node> take() { return std::move(nodes_); }

 private:
  // Free slots are a ring through slot 0, oldest first.
  struct Free {
    std::uint32_t previous, next;
  };

  void add_block() {
    const auto begin = static_cast<std::uint32_t>(nodes_.size());
    nodes_.resize(begin + kBlock, Node{0, kNone});
    base_used_.resize(begin + kBlock, false);
    free_.resize(begin + kBlock);
    for (std::uint32_t slot = begin; slot < begin + kBlock; ++slot) {
      const std::uint32_t last = free_[0].previous;
      free_[slot] = {last, 0};
      free_[last].next = slot;
      free_[0].previous = slot;
    }
  }

  bool fits(std::uint32_t base) const {
    if (base < kBlock || base_used_[base]) return false;
    for (const std::uint32_t byte : bytes_) {
      if (nodes_[base ^ byte].link != 0) return false;
    }
    return true;
  }

  // A base for children by bytes_; their slots are taken.
  std::uint32_t place() {
    std::uint32_t base = kNone;
    if (bytes_.size() == 1) {
      // From where the last one was found: the first holes of all are those that few bytes fit.
      std::uint32_t slot = hole_;
      for (unsigned tries = 0; tries < kMostHoles; ++tries, slot = free_[slot].next) {
        if (slot == 0 || !fits(slot ^ bytes_[0])) continue;
        base = slot ^ bytes_[0];
        break;
      }
      hole_ = free_[slot].next;
    } else {
      const auto n_slots = static_cast<std::uint32_t>(nodes_.size());
      const std::uint32_t from = n_slots - std::min(n_slots - kBlock, kSearchedBlocks * kBlock);
      for (std::uint32_t slot = free_[0].previous; slot >= from; slot = free_[slot].previous) {
        if (fits(slot ^ bytes_[0])) {
          base = slot ^ bytes_[0];
          break;
        }
      }
    }
    if (base == kNone) {
      base = static_cast<std::uint32_t>(nodes_.size());
      add_block();
    }
    base_used_[base] = true;
    for (const std::uint32_t byte : bytes_) {
      const auto [previous, next] = free_[base ^ byte];
      free_[previous].next = next;
      free_[next].previous = previous;
      if (hole_ == (base ^ byte)) hole_ = next;
    }
    return base;
  }

  std::span<const ByteSpan> tokens_;
  std::span<std::uint32_t> shorter_;
  std::vector<Sorted> order_;
  std::vector<std::uint32_t> bytes_;  // of the children to place
  std::vector<Node> nodes_;
  std::vector<Free> free_;
  std::vector<bool> base_used_;
  std::uint32_t hole_ = 0;
};

PrefixTrie::PrefixTrie(std::span<const ByteSpan> tokens, std::span<std::uint32_t> shorter) {
  Builder builder(tokens, shorter);
  ok_ = builder.build(firsts_);
  own_ = builder.take();
  nodes_ = own_.data();
  n_nodes_ = own_.size();
}

void PrefixTrie::move_to(void* memory) {
  std::memcpy(memory, nodes_, n_bytes());
  nodes_ = static_cast<const Node*>(memory);
  own_ = {};
}

}  // namespace bytestride
