"""Token stores: what a trainer reads, written once and opened by mapping."""

from bytestride.store.manifest import Manifest, ShardEntry
from bytestride.store.parts import StorePart
from bytestride.store.tokens import TokenStore, open_tokens
from bytestride.store.writer import TokenStoreWriter

__all__ = ["Manifest", "ShardEntry", "StorePart", "TokenStore", "TokenStoreWriter", "open_tokens"]
