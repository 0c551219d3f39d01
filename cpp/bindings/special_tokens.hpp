// allowed_special and disallowed_special, with tiktoken's meaning, as a policy of the core.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <vector>

#include "bindings/engine.hpp"
#include "documents/document.hpp"
#include "segment/added_tokens.hpp"

namespace bytestride::python {

namespace py = pybind11;

// allowed: "all" or names, by default none; disallowed: "all" (every special token that is not
// allowed), the default, or any texts, special tokens or not, and then also allowed ones. A null
// handle is the default. Defaults, "all" and empty collections cost next to nothing.
class SpecialTokens {
 public:
  SpecialTokens(const Engine& engine, py::handle allowed, py::handle disallowed);

  AddedTokenPolicy policy() const { return {*wanted_, *refused_}; }
  bool refuses_texts() const { return !refused_texts_.empty(); }
  // ValueError where the str holds a refused text that is no special token.
  void refuse_texts(py::handle text) const;
  // The same for UTF-8.
  void refuse_texts_in(const DocumentView& utf8) const;

 private:
  void read(const Engine& engine, py::handle allowed, bool allows_all, py::handle disallowed,
            bool refuses_all);

  const AddedTokenSet* wanted_;
  const AddedTokenSet* refused_;
  std::optional<AddedTokenSet> own_wanted_;
  std::optional<AddedTokenSet> own_refused_;
  std::vector<py::object> refused_texts_;
};

}  // namespace bytestride::python
