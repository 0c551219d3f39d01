#include "encode/seed_words.hpp"

#include <algorithm>

#include "pretokenize/word_key.hpp"

namespace bytestride {

void seed_words(WordCache& cache, const Vocab& vocab, bool whole_pieces) {
  const TokenTable& tokens = vocab.tokens();
  const std::vector<TokenId>& unmerged = vocab.unreachable();
  const auto n = static_cast<std::uint32_t>(std::min(tokens.size(), cache.n_seeds()));
  for (std::uint32_t row = 0; row < n; ++row) {
    const TokenId id = tokens.id(row);
    if (!whole_pieces && std::binary_search(unmerged.begin(), unmerged.end(), id)) continue;
    const ByteSpan word = tokens.bytes(row);
    if (const std::uint64_t key = ShortKey::load_at_end(word.data(), word.size())) {
      cache.insert(cache.hash(key), key, &id, 1);
    } else if (word.size() <= MediumKey::kMaxBytes) {
      const MediumKey medium = MediumKey::load(word.data(), word.size(), word.size());
      cache.insert(cache.hash(medium), medium, &id, 1);
    }
  }
}

}  // namespace bytestride
