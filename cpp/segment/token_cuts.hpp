// Which added tokens could show a safe cut (documents/safe_cut.hpp), so that documents stay whole.
#pragma once

#include "segment/added_tokens.hpp"

namespace bytestride {

// Whether somewhere the parts of a text could hold other tokens than the whole, because of this
// one: a cut inside it, or beside it where its flags look. `matched` is what it is found by.
bool may_show_cut(const AddedToken& token, ByteSpan matched);

}  // namespace bytestride
