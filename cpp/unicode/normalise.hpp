// NFC, the canonical composed form, exactly as Hugging Face's tokenizers computes it: Unicode 9.
//
// A character that Unicode 9 did not assign is left as it is, and so is an ill-formed sequence of
// UTF-8; marks do not move across either, and nothing composes with them. Linear in the text, but
// n log n in the length of a run of out-of-order marks; memory beside `out` is for the longest such
// run. Text already in NFC is only looked at, and copied whole.
#pragma once

#include <string>

#include "base/types.hpp"

namespace bytestride {

// True only where the text certainly is in NFC already, so that normalising it changes nothing.
bool is_nfc_inert(ByteSpan text);

// Appends the NFC of the text to `out`, which must not overlap it.
void append_nfc(ByteSpan text, std::string& out);

}  // namespace bytestride
