"""Sliding windows over a stream of tokens, their order and mixtures of them, in numpy.

Read in this order: `streams` (what windows slide over), `rows` (batches of windows), `sliding`
(where windows start), `packing`, `mixture`, `order`, `steps` (what each rank takes), `run_state`,
`loader`.
"""

from bytestride.windows.loader import BatchLoader
from bytestride.windows.mixture import Mixture
from bytestride.windows.order import Order
from bytestride.windows.packing import PackedWindows
from bytestride.windows.rows import Batch, RowSet
from bytestride.windows.run_state import RunState
from bytestride.windows.sliding import OnEmpty, Tail, Windows, window_starts
from bytestride.windows.streams import TokenSource

__all__ = [
    "Batch",
    "BatchLoader",
    "Mixture",
    "OnEmpty",
    "Order",
    "PackedWindows",
    "RowSet",
    "RunState",
    "Tail",
    "TokenSource",
    "Windows",
    "window_starts",
]
