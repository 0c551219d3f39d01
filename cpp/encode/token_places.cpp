#include "encode/token_places.hpp"

#include <string>

#include "base/error.hpp"
#include "unicode/normalise.hpp"

namespace bytestride {
namespace {

bool is_character_end(ByteSpan text, std::size_t position) {
  return position == text.size() || (static_cast<unsigned char>(text[position]) & 0xC0) != 0x80;
}

// Walks through a normalised segment; places are asked for in ascending order.
class AlignedSegment {
 public:
  AlignedSegment(ByteSpan segment, std::size_t begin) : original_(segment), begin_(begin) {
    if (is_nfc_inert(segment)) {
      text_ = segment;
    } else {
      alignment_ = nfc_with_alignment(segment, normalised_);
      text_ = normalised_;
    }
  }
  AlignedSegment(const AlignedSegment&) = delete;
  AlignedSegment& operator=(const AlignedSegment&) = delete;

  std::size_t size() const { return text_.size(); }

  TokenPlace place(std::size_t begin, std::size_t end) {
    const std::size_t first = original_of(begin).first;
    const std::size_t last = original_of(end - 1).second;
    return {begin_ + first, begin_ + last, cut_at(end)};
  }

 private:
  // The original's bytes that one byte stands for.
  std::pair<std::size_t, std::size_t> original_of(std::size_t position) {
    while (stretch_ < alignment_.stretches.size() &&
           alignment_.stretches[stretch_].end <= position) {
      ++stretch_;
    }
    if (stretch_ < alignment_.stretches.size() &&
        alignment_.stretches[stretch_].begin <= position) {
      while (alignment_.characters[character_].end <= position) ++character_;
      const NfcAlignment::Part& part = alignment_.characters[character_];
      return {part.original_begin, part.original_end};
    }
    const std::size_t moved = moved_place(position);
    return {moved, moved + 1};
  }

  // Of a place between the stretch before stretch_ and that one.
  std::size_t moved_place(std::size_t position) const {
    if (stretch_ == 0) return position;
    const NfcAlignment::Part& before = alignment_.stretches[stretch_ - 1];
    return before.original_end + (position - before.end);
  }

  std::size_t cut_at(std::size_t position) {
    if (position == text_.size()) return begin_ + original_.size();
    original_of(position);  // goes on to its stretch
    const bool in_stretch =
        stretch_ < alignment_.stretches.size() && alignment_.stretches[stretch_].begin < position;
    if (in_stretch || !is_character_end(text_, position)) return TokenPlace::kNone;
    return begin_ + moved_place(position);
  }

  ByteSpan original_;
  std::size_t begin_;
  std::string normalised_;
  ByteSpan text_;
  NfcAlignment alignment_;
  std::size_t stretch_ = 0;    // the first that does not end before the last place asked for
  std::size_t character_ = 0;  // and of the characters of all stretches
};

}  // namespace

std::vector<TokenPlace> token_places(const Encoder& encoder, ByteSpan text,
                                     const AddedTokenSet& wanted, std::span<const TokenId> ids) {
  if (encoder.splitter().puts_spaces()) {
    throw InvalidArgument(
        "the pre-tokenizer puts spaces before words (add_prefix_space), which have no place in the "
        "text; encode without places");
  }
  if (wanted.has_flags()) {
    throw InvalidArgument(
        "an added token has lstrip, rstrip, single_word or normalized set, and places of such "
        "tokens are not to be had; encode without places");
  }
  const TextSplitter& splitter = encoder.splitter();
  std::vector<TokenPlace> places;
  places.reserve(ids.size());
  const auto length = [&] { return encoder.vocab().token_bytes(ids[places.size()]).size(); };
  const auto walk = [&](std::size_t begin, std::size_t end) {
    if (splitter.normalises()) {
      AlignedSegment segment(text.substr(begin, end - begin), begin);
      for (std::size_t at = 0; at < segment.size() && places.size() < ids.size();) {
        const std::size_t next = at + length();
        places.push_back(segment.place(at, next));
        at = next;
      }
      return;
    }
    for (std::size_t at = begin; at < end && places.size() < ids.size();) {
      const std::size_t next = at + length();
      places.push_back({at, next, is_character_end(text, next) ? next : TokenPlace::kNone});
      at = next;
    }
  };
  std::size_t from = 0;
  AddedTokens::Match match{};
  while (places.size() < ids.size() && splitter.added_tokens().find(text, from, wanted, match)) {
    walk(from, match.begin);
    if (places.size() < ids.size()) places.push_back({match.begin, match.end, match.end});
    from = match.end;
  }
  walk(from, text.size());
  return places;
}

}  // namespace bytestride
