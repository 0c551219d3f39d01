// What Python's Tokenizer is underneath: one vocabulary with its splitter, encoder and decoder.
#pragma once

#include <memory>

#include "bindings/id_objects.hpp"
#include "encode/decoder.hpp"
#include "encode/encoder.hpp"

namespace bytestride::python {

struct Engine {
  Engine(std::shared_ptr<const Vocab> shared_vocab,
         std::shared_ptr<const TextSplitter> shared_splitter, bool whole_pieces)
      : vocab(shared_vocab),
        splitter(shared_splitter),
        encoder(vocab, splitter, whole_pieces),
        decoder(*vocab, splitter->added_tokens()),
        id_objects(decoder.n_ids()),
        all_added(splitter->added_tokens()) {
    const AddedTokens& added = splitter->added_tokens();
    for (std::size_t i = 0; i < added.all().size(); ++i) all_added.add(added, i);
  }

  // What encode_ordinary does with added tokens: special ones are ordinary text.
  AddedTokenPolicy ordinary() const { return {splitter->always_wanted(), no_added}; }

  std::shared_ptr<const Vocab> vocab;
  std::shared_ptr<const TextSplitter> splitter;
  Encoder encoder;
  Decoder decoder;
  IdObjects id_objects;
  AddedTokenSet all_added;
  AddedTokenSet no_added;
};

}  // namespace bytestride::python
