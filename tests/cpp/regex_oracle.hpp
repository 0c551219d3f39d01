// The slow twin of the scanner: reads a pattern's regular expression text and follows it by plain
// backtracking. Knows what the published patterns use, and throws for anything else.
//
// Characters are those of the core: a maximal ill-formed sequence is one, of no category.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
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

  // The ends of the pretokens, in bytes: of the matches, and of what lies between two of them.
  std::vector<std::size_t> split(ByteSpan text) const {
    Text chars;
    for (const char* p = text.data(); p < text.data() + text.size();) {
      const DecodedChar c = decode_utf8(p, text.data() + text.size());
      p += c.length;
      chars.push_back({c.code_point, c.ok, static_cast<std::size_t>(p - text.data())});
    }
    std::vector<std::size_t> ends;
    bool in_gap = false;
    for (std::size_t from = 0; from < chars.size();) {
      std::size_t to = from;
      const bool found = any(top_, chars, from, [&to](std::size_t end) {
        to = end;
        return true;
      });
      if (found && to == from) throw std::logic_error("oracle: an empty match");
      if (found || !in_gap) ends.push_back(0);
      in_gap = !found;
      from = found ? to : from + 1;
      ends.back() = chars[from - 1].end;
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
    std::string category;  // a prefix of a general category, "White_Space", "Han", or
    char32_t first, last;  // these characters, where it is empty
  };
  struct Item {
    enum { set, group, not_before, text_end } kind = set;
    std::vector<Member> members{};
    std::vector<Item> also_in{};  // && and a class
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
        found |=
            c.ok && (item.any_case ? folded(c.code_point) == folded(member.first)
                                   : c.code_point >= member.first && c.code_point <= member.last);
      } else if (member.category == "Han") {
        found |= c.ok && (byte & kHanBit) != 0;
      } else if (member.category == "White_Space") {
        found |= c.ok && (byte & kWhiteSpaceBit) != 0;
      } else {
        found |= c.ok && kCategoryNames[byte & 0x1F].starts_with(member.category);
      }
    }
    for (const Item& other : item.also_in) found = found && has(other, c);
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
    if (item.kind == Item::not_before) {
      return !any(item.inside, text, i, [](std::size_t) { return true; }) && rest(i);
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

  bool skip(std::initializer_list<char> expected) {
    return skip(std::string_view(expected.begin(), expected.size()));
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
    const bool is_look_ahead = skip("(?!");
    const bool folds = skip("(?i:");
    if (is_look_ahead || folds || skip("(?:")) {
      Item group{.kind = is_look_ahead ? Item::not_before : Item::group,
                 .inside = alternatives(any_case || folds)};
      if (!skip(")")) throw std::logic_error("oracle: ) is missing");
      return group;
    }
    if (skip("[")) return bracket(any_case);
    if (skip("(") || skip(".")) throw std::logic_error("oracle: not of these patterns");
    if (skip("\\S")) return {.members = {{"White_Space", 0, 0}}, .negated = true};
    return {.members = {member()}, .any_case = any_case};
  }

  Item bracket(bool any_case) {
    Item set{.any_case = any_case};
    set.negated = skip("^");
    while (!skip("]")) {
      if (skip("&&[")) {
        set.also_in.push_back(bracket(any_case));
        continue;
      }
      set.members.push_back(member());
      if (skip("-")) set.members.back().last = member().first;
    }
    return set;
  }

  Member member() {
    if (skip("\\r")) return {"", '\r', '\r'};
    if (skip("\\n")) return {"", '\n', '\n'};
    if (skip("\\s")) return {"White_Space", 0, 0};
    if (skip("\\p{")) {
      std::string category;
      while (!skip("}")) category += take();
      return {category, 0, 0};
    }
    for (const char escaped : {'-', '[', ']', '\\'}) {
      if (skip({'\\', escaped})) return literal(escaped);
    }
    const DecodedChar c = decode_utf8(pattern_.data() + at_, pattern_.data() + pattern_.size());
    if (!c.ok || c.code_point == '\\') throw std::logic_error("oracle: not of these patterns");
    at_ += c.length;
    return literal(c.code_point);
  }

  static Member literal(char32_t c) { return {"", c, c}; }

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
