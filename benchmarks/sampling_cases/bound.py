"""The bound: a plain C loop over the rows of a batch, compiled here and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sampling_cases.stores import FOLDER

SOURCE = r"""
#include <stdint.h>

void gather(const uint16_t *restrict tokens, const int64_t *restrict starts, int64_t n_rows,
            int64_t length, int64_t *restrict x, int64_t *restrict y) {
  for (int64_t row = 0; row < n_rows; ++row) {
    const uint16_t *from = tokens + starts[row];
    int64_t *inputs = x + row * length, *targets = y + row * length;
    for (int64_t i = 0; i < length; ++i) inputs[i] = from[i];
    for (int64_t i = 0; i < length; ++i) targets[i] = from[i + 1];
  }
}
"""

Gather = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]


def plain_loop(tokens: NDArray[np.uint16], max_length: int, *options: str) -> Gather:
    """Compile the loop, with options beside -O3; inputs and targets of rows, in fresh arrays."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = "-".join(["bound", *(option.strip("-").replace("=", "-") for option in options)])
    source, library = FOLDER / f"{name}.c", FOLDER / f"{name}.so"
    source.write_text(SOURCE)
    command = ["cc", "-std=c11", "-O3", *options, "-shared", "-fPIC", str(source)]
    subprocess.run([*command, "-o", str(library)], check=True, capture_output=True)
    return _called(library, tokens, max_length)


def _called(library: Path, tokens: NDArray[np.uint16], max_length: int) -> Gather:
    call = ctypes.CDLL(str(library)).gather
    call.restype = None
    call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64] + [
        ctypes.c_void_p
    ] * 2
    base = tokens.ctypes.data

    def gather(starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        x = np.empty((starts.size, max_length), np.int64)
        y = np.empty((starts.size, max_length), np.int64)
        call(base, starts.ctypes.data, starts.size, max_length, x.ctypes.data, y.ctypes.data)
        return x, y

    return gather
