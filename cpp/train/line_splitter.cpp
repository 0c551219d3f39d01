#include "train/line_splitter.hpp"

namespace bytestride {
namespace {

// Whether added tokens are found in each line as they are in the whole.
bool stay_in_lines(const AddedTokens& tokens) {
  for (std::size_t i = 0; i < tokens.all().size(); ++i) {
    const AddedToken& token = tokens.all()[i];
    if (token.lstrip || token.rstrip || token.single_word) return false;
    if (token.content.find('\n') != std::string::npos) return false;
    if (tokens.matched(i).find('\n') != std::string::npos) return false;
  }
  return true;
}

}  // namespace

LineSplitter::LineSplitter(std::shared_ptr<const TextSplitter> splitter)
    : splitter_(std::move(splitter)),
      scans_whole_(splitter_->scan() != nullptr && stay_in_lines(splitter_->added_tokens())) {}

std::size_t LineSplitter::n_lines(ByteSpan text) {
  if (text.empty()) return 0;
  const auto n_newlines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return n_newlines + (text.back() != '\n');
}

bool line_rules::is_white_before(const char* text_begin, const char* p) {
  const auto byte = [p](int distance) { return static_cast<unsigned char>(p[-distance]); };
  if (byte(1) < 0x80) return is_white(p[-1]);
  if (p - text_begin >= 2 && byte(2) == 0xC2) return byte(1) == 0x85 || byte(1) == 0xA0;
  if (p - text_begin < 3) return false;
  switch (byte(3)) {
    case 0xE1:  // U+1680
      return byte(2) == 0x9A && byte(1) == 0x80;
    case 0xE2:  // U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F
      if (byte(2) == 0x81) return byte(1) == 0x9F;
      return byte(2) == 0x80 &&
             (byte(1) <= 0x8A || byte(1) == 0xA8 || byte(1) == 0xA9 || byte(1) == 0xAF);
    case 0xE3:  // U+3000
      return byte(2) == 0x80 && byte(1) == 0x80;
    default:
      return false;
  }
}

}  // namespace bytestride
