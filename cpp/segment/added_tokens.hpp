// Added tokens: texts that become one id before any splitting, such as <|endoftext|>.
//
// They are found leftmost first, and the longest where several start at one place, in two rounds
// with the rules of tokenizers 0.23: tokens that are not `normalized` in the raw text, then the
// others, by their normalised content, in each normalised stretch between. Which of them a call
// looks for is a set (AddedTokenSet): non-special ones always, special ones when allowed.
// Immutable after construction. A search costs one pass over the text for the first bytes plus, at
// each of those, a walk that is no longer than the longest token.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/types.hpp"
#include "segment/first_bytes.hpp"
#include "segment/token_trie.hpp"

namespace bytestride {

struct AddedToken {
  std::string content;  // UTF-8, not empty
  TokenId id;
  bool special;
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool single_word = false;  // found only where no word character stands beside it
  bool normalized = false;   // found in the normalised text, in the second round
};

class AddedTokenSet;

enum class Round : unsigned char { raw, normalised };

// Calls a visitor, which may return whether it wants more; one that returns nothing does.
template <typename Visit, typename What>
bool goes_on(Visit&& visit, const What& what) {
  if constexpr (std::is_void_v<decltype(visit(what))>) {
    visit(what);
    return true;
  } else {
    return visit(what);
  }
}

class AddedTokens {
 public:
  struct Match {
    std::size_t begin;
    std::size_t end;
    std::size_t index;  // of the token, in all()
  };

  // Throws InvalidArgument for an empty or repeated content; so does for_nfc where two contents
  // are the same only once normalised.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // The same tokens for a splitter that normalises to NFC.
  AddedTokens for_nfc() const;

  const std::vector<AddedToken>& all() const { return tokens_; }
  // The index of the token with this content, or size() of all() where there is none.
  std::size_t index_of(ByteSpan content) const;
  // What token `index` is matched by: its content, normalised where it is to be.
  const std::string& matched(std::size_t index) const { return matched_[index]; }

  // The first place at or after `from` with the content of a token in `wanted`, whatever its flags;
  // false where there is none.
  bool find(ByteSpan text, std::size_t from, const AddedTokenSet& wanted, Match& match) const;

  // One round over a text: calls on_text(ByteSpan), never for an empty one, and on_match(Match),
  // with the white space that the token takes, in the order of the text, until one of them returns
  // false. Returns whether none did.
  template <typename OnText, typename OnMatch>
  bool segment(ByteSpan text, const AddedTokenSet& wanted, Round round, OnText&& on_text,
               OnMatch&& on_match) const {
    Progress progress;
    Match match{};
    for (std::size_t from = 0; find_in_round(text, from, wanted, round, match);) {
      from = match.end;
      if (!apply_flags(text, progress, match)) continue;
      if (progress.done < match.begin &&
          !goes_on(on_text, text.substr(progress.done, match.begin - progress.done))) {
        return false;
      }
      if (!goes_on(on_match, match)) return false;
      progress.done = match.end;
    }
    return progress.done >= text.size() || goes_on(on_text, text.substr(progress.done));
  }

 private:
  // How far a round has come. A token may start before `done`, in white space that the one before
  // it took: both count then, and what follows the second is text again.
  struct Progress {
    std::size_t done = 0;
    // A run of white space that is known, so that it is measured once.
    std::size_t white_begin = 0;
    std::size_t white_end = 0;
  };

  AddedTokens(std::vector<AddedToken> tokens, std::vector<std::string> matched);

  bool find_in_round(ByteSpan text, std::size_t from, const AddedTokenSet& wanted, Round round,
                     Match& match) const;
  // Widens the match by the white space it takes; false where it does not count.
  bool apply_flags(ByteSpan text, Progress& progress, Match& match) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> matched_;
  TokenTrie contents_;
  TokenTrie normalised_;  // only the tokens of the second round
};

// A subset of the tokens of one AddedTokens, with the bytes that they start with.
class AddedTokenSet {
 public:
  AddedTokenSet() = default;
  explicit AddedTokenSet(const AddedTokens& tokens) : members_(tokens.all().size()) {}

  void add(const AddedTokens& tokens, std::size_t index);
  bool contains(std::size_t index) const { return members_[index]; }
  bool empty() const { return contents_.empty(); }
  bool has_normalized() const { return !normalised_round_.empty(); }
  // The bytes that contents start with, and those of what is looked for in a round.
  const FirstBytes& contents() const { return contents_; }
  const FirstBytes& round(Round round) const {
    return round == Round::raw ? raw_round_ : normalised_round_;
  }

 private:
  std::vector<bool> members_;
  FirstBytes contents_;
  FirstBytes raw_round_;
  FirstBytes normalised_round_;
};

// What a call does with added tokens in its text: those wanted become their id, those refused are
// an error wherever their content stands in the text, the rest is ordinary text.
struct AddedTokenPolicy {
  const AddedTokenSet& wanted;
  const AddedTokenSet& refused;
};

}  // namespace bytestride
