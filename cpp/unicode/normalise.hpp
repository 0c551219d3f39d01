// NFC, the canonical composed form, exactly as Hugging Face's tokenizers computes it: Unicode 9.
//
// A character that Unicode 9 did not assign is left as it is, and so is an ill-formed sequence of
// UTF-8; marks do not move across either, and nothing composes with them. Linear in the text, but
// n log n in the length of a run of out-of-order marks; memory beside `out` is for the longest such
// run. Text already in NFC is only looked at, and copied whole.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace bytestride {

// True only where the text certainly is in NFC already, so that normalising it changes nothing.
bool is_nfc_inert(ByteSpan text);

// Appends the NFC of the text to `out`, which must not overlap it.
void append_nfc(ByteSpan text, std::string& out);

// What each part of a normalised text was before, in bytes. Outside of the stretches nothing
// changed, and places only moved. Inside, characters stand for those of the original by their
// number, as Hugging Face's alignment counts them: a composed one for the first of its parts, each
// part of a decomposed one for the whole.
struct NfcAlignment {
  struct Part {
    std::size_t begin, end;
    std::size_t original_begin, original_end;
  };
  std::vector<Part> stretches;   // ascending, with gaps
  std::vector<Part> characters;  // all those of the stretches, ascending
};

// append_nfc to an empty `out`, and the alignment.
NfcAlignment nfc_with_alignment(ByteSpan text, std::string& out);

}  // namespace bytestride
