"""Token stores to test with: written from lists of ids, in one or two shards."""

from bytestride import TokenStoreWriter


def write(path, documents, **options):
    options.setdefault("vocab_size", 50_000)
    with TokenStoreWriter(path, **options) as writer:
        for document in documents:
            writer.append(document, [len(document)])
    return path


def two_shards(path):
    """Two shards: 5 tokens in 3 documents, 4 in 2."""
    return write(path, [[1, 2], [], [3, 4, 5], [6, 7, 8], [9]], shard_tokens=5)
