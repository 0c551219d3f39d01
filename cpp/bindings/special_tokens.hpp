// allowed_special and disallowed_special, with tiktoken's meaning, as a policy of the core.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <vector>

#include "pretokenize/text_splitter.hpp"
#include "segment/added_tokens.hpp"

namespace bytestride::python {

namespace py = pybind11;

// allowed: "all" or names; disallowed: "all" (every special token that is not allowed) or any
// texts, special tokens or not, and then also allowed ones. The default arguments cost nothing.
class SpecialTokens {
 public:
  SpecialTokens(const TextSplitter& splitter, const py::object& allowed,
                const py::object& disallowed);

  AddedTokenPolicy policy() const { return {*wanted_, *refused_}; }
  // ValueError where the str or bytes hold a refused text that is no special token.
  void refuse_texts(py::handle text) const;

 private:
  const AddedTokenSet* wanted_;
  const AddedTokenSet* refused_;
  std::optional<AddedTokenSet> own_wanted_;
  std::optional<AddedTokenSet> own_refused_;
  std::vector<py::object> refused_texts_;
};

}  // namespace bytestride::python
