"""Texts as bytes, bytes as characters (whether UTF-8 or not), and a buffer as documents."""

from __future__ import annotations

STAND_IN = "\ufffe"  # a noncharacter: no letter, number, mark or space
"""What `split_bytes` shows the pattern in place of bytes that are no UTF-8."""


def to_utf8(text: str | bytes) -> bytes:
    """UTF-8 of a text; bytes stay as they are.

    Half of a surrogate pair has no UTF-8: it becomes U+FFFD, as in tiktoken. Two that make a pair
    become their character.
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"a text must be str or bytes, not {type(text).__name__}")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def characters_with_bytes(data: bytes) -> list[tuple[str, bytes]]:
    """Characters of any bytes, each with the bytes it comes from."""
    result = []
    position = 0
    while position < len(data):
        window = data[position : position + 4]  # no character is longer
        try:
            character = window.decode()[0]
        except UnicodeDecodeError as error:
            if error.start > 0:  # what comes first is a character; the fault is behind it
                character = window[: error.start].decode()[0]
            else:
                result.append((STAND_IN, window[: error.end]))
                position += error.end
                continue
        result.append((character, character.encode()))
        position += len(character.encode())
    return result


def characters_of_bytes(text: str) -> list[tuple[int, int]]:
    """For each byte of a text's UTF-8: the indices where its character begins and ends.

    A surrogate pair is one character of two indices, for it is one in UTF-8.
    """
    result = []
    i = 0
    while i < len(text):
        is_pair = "\ud800" <= text[i] <= "\udbff" and "\udc00" <= text[i + 1 : i + 2] <= "\udfff"
        end = i + 2 if is_pair else i + 1
        result += [(i, end)] * len(to_utf8(text[i:end]))
        i = end
    return result


def cut_documents(buffer: bytes, separator: bytes) -> list[tuple[int, int]]:
    """Cut a buffer at separators: begin and end of each document.

    A separator ends a document and belongs to none; what follows the last is a document if there is
    anything.
    """
    documents = []
    begin = 0
    for document in buffer.split(separator):
        documents.append((begin, begin + len(document)))
        begin += len(document) + len(separator)
    return documents if documents[-1][0] < len(buffer) else documents[:-1]
