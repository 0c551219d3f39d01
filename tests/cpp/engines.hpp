// Small encoders for tests, and one document encoded alone: what every faster way must equal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "encode/encoder.hpp"
#include "splits.hpp"
#include "support.hpp"

namespace bytestride::testing {

// Joins of a few letters, spaces and an accented letter: words give one id, several, and many.
inline Vocab small_vocab() {
  return vocab_of({"ab", " a", "abc", "aa", "aaaa", " ab", "bc", "de", "\u00E9", ".\n", "ed", "  ",
                   "aaaaaaaa", "cde", " abc", "\u4E2D"});
}

inline Encoder make_encoder(std::string_view grammar, std::vector<AddedToken> added = {},
                            bool normalise_nfc = false, bool whole_pieces = false) {
  return Encoder(std::make_shared<const Vocab>(small_vocab()),
                 std::make_shared<const TextSplitter>(pattern_named(grammar),
                                                      AddedTokens(std::move(added)), normalise_nfc),
                 whole_pieces);
}

// Views of the texts, which must outlive it.
inline DocumentList list_of(const std::vector<std::string>& texts) {
  std::vector<DocumentView> views;
  for (const std::string& text : texts) {
    views.push_back({text.data(), text.size(), TextKind::utf8});
  }
  return DocumentList(std::move(views));
}

inline AddedTokenPolicy ordinary(const Encoder& encoder) {
  static const AddedTokenSet none;
  return {encoder.splitter().always_wanted(), none};
}

template <typename Document>
std::vector<TokenId> encode_alone(const Encoder& encoder, const Document& document,
                                  const AddedTokenPolicy& policy) {
  const auto workspace = std::make_unique<Workspace>();
  encoder.encode(document, policy, *workspace);
  return {workspace->tokens.data(), workspace->tokens.data() + workspace->tokens.size()};
}

}  // namespace bytestride::testing
