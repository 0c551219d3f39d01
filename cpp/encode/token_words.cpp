#include "encode/token_words.hpp"

namespace bytestride {

std::vector<std::uint32_t> token_words(const Encoder& encoder, ByteSpan text,
                                       const AddedTokenSet& wanted, std::span<const TokenId> ids) {
  std::vector<std::uint32_t> words;
  words.reserve(ids.size());
  std::uint32_t word = 0;
  SplitScratch scratch;
  encoder.splitter().split(
      text, wanted, scratch,
      [&](const SpanBatch& spans) {
        // The tokens of a pretoken are its bytes, in order.
        std::size_t n_bytes = 0;
        for (std::size_t i = 0; i < spans.n; ++i, ++word) {
          while (n_bytes < spans.ends[i] && words.size() < ids.size()) {
            n_bytes += encoder.vocab().token_bytes(ids[words.size()]).size();
            words.push_back(word);
          }
        }
      },
      [&](TokenId) {
        if (words.size() < ids.size()) words.push_back(word);
        ++word;
      });
  return words;
}

}  // namespace bytestride
