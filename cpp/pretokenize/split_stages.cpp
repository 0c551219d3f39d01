#include "pretokenize/split_stages.hpp"

#include <algorithm>

namespace bytestride {
namespace {

std::size_t count_of(const std::vector<SplitStage>& stages, SplitStage::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(stages.begin(), stages.end(),
                    [kind](const SplitStage& stage) { return stage.kind == kind; }));
}

}  // namespace

void StageScratch::trim(std::size_t most_bytes) {
  for (Level& level : levels) {
    if (level.callback_ends.capacity() * sizeof(std::size_t) > most_bytes) {
      std::vector<std::size_t>().swap(level.callback_ends);
    }
    if (level.text.capacity() > most_bytes) std::string().swap(level.text);
  }
}

SplitStages::SplitStages(std::vector<SplitStage> stages) : stages_(std::move(stages)) {
  if (stages_.size() > kMaxStages) {
    throw InvalidArgument(std::to_string(stages_.size()) + " splits one after the other; at most " +
                          std::to_string(kMaxStages) + " are followed");
  }
  if (count_of(stages_, SplitStage::Kind::space_before) > 1) {
    throw InvalidArgument("two stages put a space before each piece; leave one of them out");
  }
}

// A grammar makes two pieces of what is before and behind a safe place, and so every later stage
// works on either side alone. An earlier stage must keep that place as it is: a set of characters
// does, for it looks at no more than neighbours, of which none is a digit next to a digit or a
// punctuation mark. It may cut off what is before the newline of a safe place; then the newline,
// alone, is a piece to any grammar. A space put before a piece would be put before a part, too.
bool SplitStages::may_cut() const {
  if (calls_back()) return false;
  for (const SplitStage& stage : stages_) {
    if (stage.kind == SplitStage::Kind::grammar) return true;
    if (stage.kind != SplitStage::Kind::char_set) return false;
  }
  return false;
}

bool SplitStages::calls_back() const {
  return count_of(stages_, SplitStage::Kind::callback) > 0;
}

std::size_t SplitStages::growth() const {
  return std::size_t{1} << count_of(stages_, SplitStage::Kind::space_before);
}

void SplitStages::call(const SplitStage& stage, ByteSpan piece, std::vector<std::size_t>& ends) {
  ends.clear();
  stage.callback(piece, ends);
  std::size_t previous = 0;
  for (const std::size_t end : ends) {
    if (end <= previous || end > piece.size()) {
      throw InvalidArgument("the pattern gave a piece from byte " + std::to_string(previous) +
                            " to " + std::to_string(end) + " of " + std::to_string(piece.size()) +
                            "; pieces must ascend");
    }
    previous = end;
  }
  if (previous != piece.size()) {
    throw InvalidArgument("the pattern's pieces end at byte " + std::to_string(previous) + " of " +
                          std::to_string(piece.size()) + "; they must cover the text");
  }
}

}  // namespace bytestride
