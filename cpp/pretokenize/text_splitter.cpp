#include "pretokenize/text_splitter.hpp"

#include "segment/token_cuts.hpp"
#include "unicode/normalise.hpp"

namespace bytestride {

TextSplitter::TextSplitter(const KnownPattern& pattern, AddedTokens added, bool normalise_nfc)
    : TextSplitter({SplitStage{SplitStage::Kind::grammar, pattern.scan, {}, pattern.follow}},
                   std::move(added), normalise_nfc) {}

TextSplitter::TextSplitter(SplitCallback split, AddedTokens added, bool normalise_nfc)
    : TextSplitter({SplitStage{SplitStage::Kind::callback, nullptr, std::move(split)}},
                   std::move(added), normalise_nfc) {}

TextSplitter::TextSplitter(std::vector<SplitStage> stages, AddedTokens added, bool normalise_nfc)
    : stages_(std::move(stages)),
      added_(normalise_nfc ? added.for_nfc() : std::move(added)),
      normalise_nfc_(normalise_nfc),
      may_cut_(stages_.may_cut()) {
  const std::vector<SplitStage>& all = stages_.all();
  if (all.size() == 1 && all[0].kind == SplitStage::Kind::grammar) {
    scan_ = all[0].scan;
    follow_ = all[0].follow != nullptr ? all[0].follow : scan_;
  }
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

}  // namespace bytestride
