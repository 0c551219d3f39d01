#include "pretokenize/text_splitter.hpp"

#include <limits>

#include "base/error.hpp"
#include "segment/token_cuts.hpp"
#include "unicode/normalise.hpp"

namespace bytestride {

TextSplitter::TextSplitter(const KnownPattern& pattern, AddedTokens added, bool normalise_nfc)
    : scan_(pattern.scan),
      added_(normalise_nfc ? added.for_nfc() : std::move(added)),
      normalise_nfc_(normalise_nfc),
      may_cut_(true) {
  index_added_tokens();
}

TextSplitter::TextSplitter(SplitCallback split, AddedTokens added, bool normalise_nfc)
    : callback_(std::move(split)),
      added_(normalise_nfc ? added.for_nfc() : std::move(added)),
      normalise_nfc_(normalise_nfc),
      may_cut_(false) {
  index_added_tokens();
}

void TextSplitter::index_added_tokens() {
  always_wanted_ = AddedTokenSet(added_);
  special_ = AddedTokenSet(added_);
  for (std::size_t i = 0; i < added_.all().size(); ++i) {
    const AddedToken& token = added_.all()[i];
    (token.special ? special_ : always_wanted_).add(added_, i);
    may_cut_ = may_cut_ && !may_show_cut(token, added_.matched(i));
  }
}

ByteSpan TextSplitter::normalised(ByteSpan segment, SplitScratch& scratch) const {
  if (is_nfc_inert(segment)) return segment;
  scratch.normalised.clear();
  append_nfc(segment, scratch.normalised);
  return scratch.normalised;
}

void TextSplitter::split_by_callback(ByteSpan segment, SplitScratch& scratch) const {
  scratch.callback_ends.clear();
  callback_(segment, scratch.callback_ends);
  std::size_t previous = 0;
  for (const std::size_t end : scratch.callback_ends) {
    if (end <= previous || end - previous >= std::numeric_limits<std::uint32_t>::max()) {
      throw InvalidArgument("the pattern gave a piece from byte " + std::to_string(previous) +
                            " to " + std::to_string(end) +
                            "; pieces must ascend, below 4 GiB each");
    }
    previous = end;
  }
  if (previous != segment.size()) {
    throw InvalidArgument("the pattern's pieces end at byte " + std::to_string(previous) + " of " +
                          std::to_string(segment.size()) + "; they must cover the text");
  }
}

std::size_t TextSplitter::narrow_batch(SplitScratch& scratch, std::size_t done,
                                       std::size_t position) {
  const std::size_t most = std::min(kSpanBatch, scratch.callback_ends.size() - done);
  std::size_t n = 0;
  while (n < most) {
    const std::size_t distance = scratch.callback_ends[done + n] - position;
    if (distance >= std::numeric_limits<std::uint32_t>::max()) break;
    scratch.ends[n++] = static_cast<std::uint32_t>(distance);
  }
  return n;
}

}  // namespace bytestride
