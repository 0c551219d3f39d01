// What Python's Tokenizer is underneath: one vocabulary with its splitter, encoder and decoder.
#pragma once

#include <memory>

#include "encode/decoder.hpp"
#include "encode/encoder.hpp"

namespace bytestride::python {

struct Engine {
  Engine(std::shared_ptr<const Vocab> shared_vocab,
         std::shared_ptr<const TextSplitter> shared_splitter, bool whole_pieces)
      : vocab(shared_vocab),
        splitter(shared_splitter),
        encoder(vocab, splitter, whole_pieces),
        decoder(*vocab, splitter->added_tokens()) {}

  std::shared_ptr<const Vocab> vocab;
  std::shared_ptr<const TextSplitter> splitter;
  Encoder encoder;
  Decoder decoder;
};

}  // namespace bytestride::python
