"""Token stores: what a trainer reads, written once and opened by mapping."""

from bytestride.store.assemble import SealedPlace, assemble_store
from bytestride.store.combine import merge_stores, split_store
from bytestride.store.convert import convert_store
from bytestride.store.manifest import FileEntry, Manifest, ShardEntry, Sidecar
from bytestride.store.parts import StorePart
from bytestride.store.record import record_sha256
from bytestride.store.tokens import TokenStore, open_tokens
from bytestride.store.writer import TokenStoreWriter

__all__ = [
    "FileEntry",
    "Manifest",
    "SealedPlace",
    "ShardEntry",
    "Sidecar",
    "StorePart",
    "TokenStore",
    "TokenStoreWriter",
    "assemble_store",
    "convert_store",
    "merge_stores",
    "open_tokens",
    "record_sha256",
    "split_store",
]
