"""Token stores: what a trainer reads, written once and opened by mapping."""

from bytestride.store.combine import merge_stores, split_store
from bytestride.store.convert import convert_store
from bytestride.store.manifest import Manifest, ShardEntry, Sidecar
from bytestride.store.parts import StorePart
from bytestride.store.tokens import TokenStore, open_tokens
from bytestride.store.writer import TokenStoreWriter

__all__ = [
    "Manifest",
    "ShardEntry",
    "Sidecar",
    "StorePart",
    "TokenStore",
    "TokenStoreWriter",
    "convert_store",
    "merge_stores",
    "open_tokens",
    "split_store",
]
