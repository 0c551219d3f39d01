#include "encode/token_places.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "unicode/normalise.hpp"

namespace bytestride {
namespace {

bool is_character_end(ByteSpan text, std::size_t position) {
  return position == text.size() || (static_cast<unsigned char>(text[position]) & 0xC0) != 0x80;
}

// A segment as the split sees it, normalised where the splitter does that, and where each part of
// it lies in the text. A place costs O(log n) of the places that the normaliser changed.
class AlignedSegment {
 public:
  AlignedSegment(ByteSpan segment, std::size_t begin, bool normalises)
      : original_(segment), begin_(begin), text_(segment) {
    if (normalises && !is_nfc_inert(segment)) {
      alignment_ = nfc_with_alignment(segment, normalised_);
      text_ = normalised_;
    }
  }
  AlignedSegment(const AlignedSegment&) = delete;
  AlignedSegment& operator=(const AlignedSegment&) = delete;

  ByteSpan text() const { return text_; }

  TokenPlace place(std::size_t begin, std::size_t end) const {
    const std::size_t first = original_of(begin).first;
    const std::size_t last = original_of(end - 1).second;
    return {begin_ + first, begin_ + last, cut_at(end)};
  }

  // Of a space that was put before the character that begins here: its place, and no cut between.
  TokenPlace place_of_put_space(std::size_t before) const {
    std::size_t end = before + 1;
    while (!is_character_end(text_, end)) ++end;
    TokenPlace of_character = place(before, end);
    of_character.cut = TokenPlace::kNone;
    return of_character;
  }

 private:
  using Part = NfcAlignment::Part;

  // The first part that does not end at or before a position.
  static std::vector<Part>::const_iterator part_at(const std::vector<Part>& parts,
                                                   std::size_t position) {
    return std::partition_point(parts.begin(), parts.end(),
                                [position](const Part& part) { return part.end <= position; });
  }

  // The original's bytes that one byte stands for.
  std::pair<std::size_t, std::size_t> original_of(std::size_t position) const {
    const auto stretch = part_at(alignment_.stretches, position);
    if (stretch != alignment_.stretches.end() && stretch->begin <= position) {
      const Part& character = *part_at(alignment_.characters, position);
      return {character.original_begin, character.original_end};
    }
    const std::size_t moved = moved_place(position, stretch);
    return {moved, moved + 1};
  }

  // Of a place between the stretch before `stretch` and that one.
  std::size_t moved_place(std::size_t position, std::vector<Part>::const_iterator stretch) const {
    if (stretch == alignment_.stretches.begin()) return position;
    const Part& before = *(stretch - 1);
    return before.original_end + (position - before.end);
  }

  std::size_t cut_at(std::size_t position) const {
    if (position == text_.size()) return begin_ + original_.size();
    const auto stretch = part_at(alignment_.stretches, position);
    const bool in_stretch = stretch != alignment_.stretches.end() && stretch->begin < position;
    if (in_stretch || !is_character_end(text_, position)) return TokenPlace::kNone;
    return begin_ + moved_place(position, stretch);
  }

  ByteSpan original_;
  std::size_t begin_;
  std::string normalised_;
  ByteSpan text_;
  NfcAlignment alignment_;
};

// Goes through the segments of a text as TextSplitter::split does, and takes the ids one by one.
class PlaceWalk {
 public:
  PlaceWalk(const Encoder& encoder, const AddedTokenSet& wanted, std::span<const TokenId> ids)
      : vocab_(encoder.vocab()), splitter_(encoder.splitter()), wanted_(wanted), ids_(ids) {
    places_.reserve(ids.size());
  }

  std::vector<TokenPlace> through(ByteSpan text) && {
    splitter_.added_tokens().segment(
        text, wanted_, Round::raw,
        [&](ByteSpan segment) { return take_segment(segment, distance(text, segment)); },
        [&](const AddedTokens::Match& match) {
          return take_added({match.begin, match.end, match.end});
        });
    return std::move(places_);
  }

 private:
  static std::size_t distance(ByteSpan whole, ByteSpan part) {
    return static_cast<std::size_t>(part.data() - whole.data());
  }
  bool wants_more() const { return places_.size() < ids_.size(); }

  bool take_segment(ByteSpan original, std::size_t begin) {
    if (!wants_more()) return false;
    const AlignedSegment segment(original, begin, splitter_.normalises());
    const ByteSpan text = segment.text();
    if (!wanted_.has_normalized()) return take_text(segment, 0, text.size());
    return splitter_.added_tokens().segment(
        text, wanted_, Round::normalised,
        [&](ByteSpan part) {
          const std::size_t at = distance(text, part);
          return take_text(segment, at, at + part.size());
        },
        [&](const AddedTokens::Match& match) {
          return take_added(segment.place(match.begin, match.end));
        });
  }

  bool take_text(const AlignedSegment& segment, std::size_t at, std::size_t end) {
    for (; at < end && wants_more();) {
      const ByteSpan token = vocab_.token_bytes(ids_[places_.size()]);
      // A space is put only before a piece that starts with none, and a token within a piece has
      // the bytes of the text: so one that starts with a space where the text has none was put.
      const bool is_put =
          splitter_.puts_spaces() && token.front() == ' ' && segment.text()[at] != ' ';
      const std::size_t next = at + token.size() - (is_put ? 1 : 0);
      places_.push_back(next == at ? segment.place_of_put_space(at) : segment.place(at, next));
      at = next;
    }
    return at == end;
  }

  bool take_added(TokenPlace place) {
    // One that begins in the white space that the one before took is not to be cut off from it.
    if (!places_.empty() && place.begin < places_.back().cut) {
      places_.back().cut = TokenPlace::kNone;
    }
    if (!wants_more()) return false;
    places_.push_back(place);
    return true;
  }

  const Vocab& vocab_;
  const TextSplitter& splitter_;
  const AddedTokenSet& wanted_;
  std::span<const TokenId> ids_;
  std::vector<TokenPlace> places_;
};

}  // namespace

std::vector<TokenPlace> token_places(const Encoder& encoder, ByteSpan text,
                                     const AddedTokenSet& wanted, std::span<const TokenId> ids) {
  return PlaceWalk(encoder, wanted, ids).through(text);
}

}  // namespace bytestride
