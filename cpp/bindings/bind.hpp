// One function per room; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace bytestride::python {

struct Engine;

void bind_base(pybind11::module_& module);
void bind_documents(pybind11::module_& module);
void bind_pretokenize(pybind11::module_& module);
void bind_vocab(pybind11::module_& module);
void bind_encode(pybind11::module_& module);
// Parts of bind_encode.
void bind_batch(pybind11::class_<Engine>& engine);
void bind_decode(pybind11::module_& module, pybind11::class_<Engine>& engine);
void bind_places(pybind11::class_<Engine>& engine);
void bind_train(pybind11::module_& module);
// Part of bind_train.
void bind_words(pybind11::module_& module);
void bind_windows(pybind11::module_& module);

}  // namespace bytestride::python
