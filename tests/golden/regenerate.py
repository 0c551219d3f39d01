"""Write the golden files: what one small text has become since the first release.

Run as `python tests/golden/regenerate.py` only when a change of these bytes is a decision; say why
in the commit. `tests/python/test_golden.py` holds every build to them.
"""

import sys
from pathlib import Path

from bytestride import Tokenizer, TokenStoreWriter

HERE = Path(__file__).parent
DOCUMENTS = [
    "The quick brown fox can't jump over the lazy dog's 1234567 fences.\r\n\n  Can it?\n",
    "Größe, 漢字かな, 한국어, हिन्दी, 🙂👍🏽 and x_y = f(a)[0] // 3;\n\tthe the the the THE\n",
    "",
    "aaaaaaaaaaaaaaaa bbbb    \n   \n",
    b"ill-formed: \xff\xfe \xe2\x82 \xf0\x9f\x99".decode("latin-1"),
]


def write(folder: Path) -> None:
    """Train on the documents, encode them, and write the vocabulary and the store."""
    tokenizer = Tokenizer.train(
        DOCUMENTS, 320, pattern="o200k", special_tokens=["<|endoftext|>"], num_threads=1
    )
    tokenizer.save(folder / "tokenizer.json")
    tokenizer.save(folder / "tokenizer.tiktoken")
    batch = tokenizer.encode_ragged(DOCUMENTS, num_threads=1)
    with TokenStoreWriter(
        folder / "store", vocab_size=tokenizer.vocab_size, shard_tokens=100, overwrite=True
    ) as writer:
        writer.append(batch.tokens, batch.offsets[1:])
    # The manifest names the release that wrote it, so it is not golden.
    (folder / "store" / "manifest.json").unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
