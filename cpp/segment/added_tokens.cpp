#include "segment/added_tokens.hpp"

#include "base/error.hpp"
#include "unicode/normalise.hpp"
#include "unicode/regex_classes.hpp"
#include "unicode/utf8.hpp"

namespace bytestride {
namespace {

std::vector<std::string> contents_of(const std::vector<AddedToken>& tokens) {
  std::vector<std::string> contents;
  for (const AddedToken& token : tokens) contents.push_back(token.content);
  return contents;
}

bool word_ends(ByteSpan text) {
  if (text.empty()) return false;
  const DecodedChar c = decode_last_utf8(text.data(), text.data() + text.size());
  return c.ok && is_word_char(c.code_point);
}

bool word_starts(ByteSpan text) {
  if (text.empty()) return false;
  const DecodedChar c = decode_utf8(text.data(), text.data() + text.size());
  return c.ok && is_word_char(c.code_point);
}

// The start of the white space that the text ends with.
std::size_t trailing_white_space(ByteSpan text) {
  std::size_t n = text.size();
  while (n > 0) {
    const DecodedChar c = decode_last_utf8(text.data(), text.data() + n);
    if (!c.ok || !is_white_space(c.code_point)) break;
    n -= c.length;
  }
  return n;
}

// The end of the white space from `at` on.
std::size_t white_space_end(ByteSpan text, std::size_t at) {
  while (at < text.size()) {
    const DecodedChar c = decode_utf8(text.data() + at, text.data() + text.size());
    if (!c.ok || !is_white_space(c.code_point)) break;
    at += c.length;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : AddedTokens(tokens, contents_of(tokens)) {}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, std::vector<std::string> matched)
    : tokens_(std::move(tokens)), matched_(std::move(matched)) {
  for (std::size_t index = 0; index < tokens_.size(); ++index) {
    const std::string& content = tokens_[index].content;
    if (content.empty()) {
      throw InvalidArgument("added token " + std::to_string(tokens_[index].id) +
                            " has an empty text; remove it or give it one");
    }
    if (!contents_.add(content, index)) {
      throw InvalidArgument("added token '" + content + "' is given twice; keep one of them");
    }
  }
  for (std::size_t index = 0; index < tokens_.size(); ++index) {
    if (tokens_[index].normalized && !normalised_.add(matched_[index], index)) {
      const std::size_t other = normalised_.find(matched_[index]);
      throw InvalidArgument("added tokens '" + tokens_[other].content + "' and '" +
                            tokens_[index].content +
                            "' are the same text once normalised; keep one of them");
    }
  }
}

AddedTokens AddedTokens::for_nfc() const {
  std::vector<std::string> matched = contents_of(tokens_);
  for (std::size_t index = 0; index < tokens_.size(); ++index) {
    if (!tokens_[index].normalized) continue;
    matched[index].clear();
    append_nfc(tokens_[index].content, matched[index]);
  }
  return {tokens_, std::move(matched)};
}

std::size_t AddedTokens::index_of(ByteSpan content) const {
  const std::size_t index = contents_.find(content);
  return index == TokenTrie::kNone ? tokens_.size() : index;
}

bool AddedTokens::find(ByteSpan text, std::size_t from, const AddedTokenSet& wanted,
                       Match& match) const {
  for (std::size_t i = wanted.contents().next(text, from); i < text.size();
       i = wanted.contents().next(text, i + 1)) {
    const auto longest =
        contents_.longest_at(text, i, [&](std::size_t index) { return wanted.contains(index); });
    if (longest.index == TokenTrie::kNone) continue;
    match = {i, longest.end, longest.index};
    return true;
  }
  return false;
}

bool AddedTokens::find_in_round(ByteSpan text, std::size_t from, const AddedTokenSet& wanted,
                                Round round, Match& match) const {
  const FirstBytes& first = wanted.round(round);
  const TokenTrie& trie = round == Round::raw ? contents_ : normalised_;
  const auto is_wanted = [&](std::size_t index) {
    return wanted.contains(index) && tokens_[index].normalized == (round == Round::normalised);
  };
  for (std::size_t i = first.next(text, from); i < text.size(); i = first.next(text, i + 1)) {
    const auto longest = trie.longest_at(text, i, is_wanted);
    if (longest.index == TokenTrie::kNone) continue;
    match = {i, longest.end, longest.index};
    return true;
  }
  return false;
}

bool AddedTokens::apply_flags(ByteSpan text, Progress& progress, Match& match) const {
  const AddedToken& token = tokens_[match.index];
  if (token.single_word &&
      (word_ends(text.substr(0, match.begin)) || word_starts(text.substr(match.end)))) {
    return false;
  }
  if (token.lstrip) {
    // White space that was taken already stays with its taker.
    match.begin = match.begin <= progress.done
                      ? progress.done
                      : progress.done + trailing_white_space(text.substr(
                                            progress.done, match.begin - progress.done));
  }
  if (token.rstrip) {
    if (match.end < progress.white_begin || match.end >= progress.white_end) {
      progress.white_begin = match.end;
      progress.white_end = white_space_end(text, match.end);
    }
    match.end = progress.white_end;
  }
  // A token of white space whose place another took. (Where it lies before the end of what was
  // taken, tokenizers 0.23 panics.)
  return match.begin < match.end;
}

void AddedTokenSet::add(const AddedTokens& tokens, std::size_t index) {
  const AddedToken& token = tokens.all()[index];
  members_[index] = true;
  contents_.add(token.content[0]);
  if (token.normalized) {
    normalised_round_.add(tokens.matched(index)[0]);
  } else {
    raw_round_.add(token.content[0]);
  }
}

}  // namespace bytestride
