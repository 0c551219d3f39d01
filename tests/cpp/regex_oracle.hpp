// The slow twin of the scanner: reads a pattern's regular expression text and follows it by plain
// backtracking. Knows what the published patterns use, and throws for anything else.
//
// Characters are those of the core: a maximal ill-formed sequence is one, of no category.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "unicode/classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride::testing {

class RegexOracle {
 public:
  explicit RegexOracle(std::string_view pattern) : pattern_(pattern) {
    top_ = alternatives(false);
    if (at_ != pattern_.size()) throw std::logic_error("oracle: unread pattern text");
  }

  // The ends of the pretokens, in bytes.
  std::vector<std::size_t> split(ByteSpan text) const {
    Text chars;
    for (const char* p = text.data(); p < text.data() + text.size();) {
      const DecodedChar c = decode_utf8(p, text.data() + text.size());
      p += c.length;
      chars.push_back({c.code_point, c.ok, static_cast<std::size_t>(p - text.data())});
    }
    std::vector<std::size_t> ends;
    for (std::size_t from = 0; from < chars.size();) {
      std::size_t to = from;
      const bool found = any(top_, chars, from, [&to](std::size_t end) {
        to = end;
        return true;
      });
      if (!found || to == from) throw std::logic_error("oracle: the pattern leaves text over");
      ends.push_back(chars[to - 1].end);
      from = to;
    }
    return ends;
  }

 private:
  struct Char {
    char32_t code_point;
    bool ok;
    std::size_t end;
  };
  using Text = std::vector<Char>;
  using Then = std::function<bool(std::size_t)>;

  struct Item;
  using Sequence = std::vector<Item>;
  using Alternatives = std::vector<Sequence>;
  struct Member {
    std::string category;  // a prefix of a general category, "White_Space", or
    char32_t literal;      // this character, where it is empty
  };
  struct Item {
    enum { set, group, no_visible_next, text_end } kind = set;
    std::vector<Member> members{};
    bool negated = false;
    bool any_case = false;
    Alternatives inside{};
    std::size_t min = 1, max = 1;
    bool possessive = false;
  };

  static char32_t folded(char32_t c) {
    if (c == 0x17F) return 's';
    if (c == 0x212A) return 'k';
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
  }

  static bool has(const Item& item, const Char& c) {
    const std::uint8_t byte = c.ok ? class_byte(c.code_point) : 0;
    bool found = false;
    for (const Member& member : item.members) {
      if (member.category.empty()) {
        found |= c.ok && (item.any_case ? folded(c.code_point) == folded(member.literal)
                                        : c.code_point == member.literal);
      } else if (member.category == "White_Space") {
        found |= c.ok && (byte & kWhiteSpaceBit) != 0;
      } else {
        found |= c.ok && kCategoryNames[byte & 0x1F].starts_with(member.category);
      }
    }
    return found != item.negated;
  }

  static bool any(const Alternatives& all, const Text& text, std::size_t i, const Then& then) {
    for (const Sequence& sequence : all) {
      if (follow(sequence, 0, text, i, then)) return true;
    }
    return false;
  }

  static bool follow(const Sequence& sequence, std::size_t k, const Text& text, std::size_t i,
                     const Then& then) {
    if (k == sequence.size()) return then(i);
    const Item& item = sequence[k];
    const auto rest = [&](std::size_t from) { return follow(sequence, k + 1, text, from, then); };
    if (item.kind == Item::text_end) return i == text.size() && rest(i);
    if (item.kind == Item::no_visible_next) {
      const Item white{.members = {{"White_Space", 0}}};
      return (i == text.size() || has(white, text[i])) && rest(i);
    }
    if (item.kind == Item::group) {
      return any(item.inside, text, i, rest) || (item.min == 0 && rest(i));
    }
    std::size_t most = 0;
    while (most < item.max && i + most < text.size() && has(item, text[i + most])) ++most;
    if (most < item.min) return false;
    if (item.possessive) return rest(i + most);
    for (std::size_t n = most + 1; n-- > item.min;) {
      if (rest(i + n)) return true;
    }
    return false;
  }

  bool skip(std::string_view expected) {
    if (!std::string_view(pattern_).substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }
  char take() {
    if (at_ >= pattern_.size()) throw std::logic_error("oracle: pattern ends early");
    return pattern_[at_++];
  }

  Alternatives alternatives(bool any_case) {
    Alternatives all(1);
    while (at_ < pattern_.size() && pattern_[at_] != ')') {
      if (skip("|")) {
        all.emplace_back();
      } else {
        all.back().push_back(quantified(item(any_case)));
      }
    }
    return all;
  }

  Item item(bool any_case) {
    if (skip("$")) return {.kind = Item::text_end};
    if (skip("(?!\\S)")) return {.kind = Item::no_visible_next};
    const bool folds = skip("(?i:");
    if (folds || skip("(?:")) {
      Item group{.kind = Item::group, .inside = alternatives(any_case || folds)};
      if (!skip(")")) throw std::logic_error("oracle: ) is missing");
      return group;
    }
    Item set{.any_case = any_case};
    if (skip("[")) {
      set.negated = skip("^");
      while (!skip("]")) set.members.push_back(member());
    } else {
      set.members.push_back(member());
    }
    return set;
  }

  Member member() {
    if (skip("\\r")) return {"", '\r'};
    if (skip("\\n")) return {"", '\n'};
    if (skip("\\s")) return {"White_Space", 0};
    if (skip("\\p{")) {
      std::string category;
      while (!skip("}")) category += take();
      return {category, 0};
    }
    const char c = take();
    if (c == '\\' || c == '(' || c == '.') throw std::logic_error("oracle: not of these patterns");
    return {"", static_cast<unsigned char>(c)};
  }

  Item quantified(Item item) {
    constexpr std::size_t kMany = ~std::size_t{0};
    if (skip("*")) {
      item.min = 0, item.max = kMany;
    } else if (skip("+")) {
      item.max = kMany;
    } else if (skip("?")) {
      item.min = 0;
    } else if (skip("{1,3}")) {
      item.max = 3;
    } else {
      return item;
    }
    item.possessive = skip("+");
    return item;
  }

  std::string pattern_;
  std::size_t at_ = 0;
  Alternatives top_;
};

}  // namespace bytestride::testing
