// The first words of a new word cache: tokens that are words by themselves, those of the lowest
// ids, which training found most often. So a tokenizer's first texts need not work out what every
// text has, one word after the other; a small text has too few new words to share the lanes.
#pragma once

#include "encode/word_cache.hpp"
#include "vocab/vocab.hpp"

namespace bytestride {

// whole_pieces: see SpanEncoder.
void seed_words(WordCache& cache, const Vocab& vocab, bool whole_pieces);

}  // namespace bytestride
