"""Where windows lie: over one stream of tokens, and over the documents of one.

A *segment* is what windows slide over and never leave: the whole stream, or one document. A window
is a span of a segment: up to ``max_length + 1`` tokens, for the target of its last input lies one
behind its inputs. `rows` makes inputs and targets of spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Tail = Literal["drop", "pad", "anchor"]


class Span(NamedTuple):
    """Where a window lies, and from which of its targets on it is scored.

    `start` is the position of its first token, `n_tokens` how many it takes, 2 to
    ``max_length + 1``. Target ``i`` is the token at ``start + 1 + i``; `first_target` is the first
    that counts. It is less than ``n_tokens - 1``, for every window has a target of its own.
    """

    start: int
    n_tokens: int
    first_target: int


def window_starts(n_tokens: int, max_length: int, stride: int) -> list[int]:
    """First positions of the full windows over a sequence of tokens.

    ValueError where `n_tokens` is negative, or `max_length` or `stride` below 1.
    """
    if n_tokens < 0:
        raise ValueError(f"n_tokens must not be negative, but is {n_tokens}")
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, but is {max_length}")
    if stride < 1:
        raise ValueError(f"stride must be at least 1, but is {stride}")
    return list(range(0, n_tokens - max_length, stride))


def windows(
    tokens: Sequence[int], max_length: int, stride: int
) -> list[tuple[list[int], list[int]]]:
    """Cut the inputs and targets of every full window: targets are the inputs moved on by one."""
    result = []
    for start in window_starts(len(tokens), max_length, stride):
        end = start + max_length
        result.append((list(tokens[start:end]), list(tokens[start + 1 : end + 1])))
    return result


def segment_spans(
    n_tokens: int,
    max_length: int,
    stride: int,
    tail: Tail = "drop",
    mask_overlap: bool = False,
) -> list[Span]:
    """Cut a segment into windows; positions count from its beginning.

    Full windows start at every multiple of `stride`. `tail` says what becomes of targets behind
    the last of them:

    - "drop": nothing.
    - "pad": windows go on at the same stride, shorter than the others, as long as each has a target
      that no window before it had.
    - "anchor": one more full window that ends with the segment, and scores only what no window
      before it had. A segment too short for that is one short window, as for "pad".

    With `mask_overlap` no window scores a target that a window before it had.
    """
    spans = [
        Span(start, max_length + 1, 0) for start in window_starts(n_tokens, max_length, stride)
    ]
    last = n_tokens - 1  # the last target; the first token of a segment is none
    had = spans[-1].start + max_length if spans else 0  # the last target that a window had
    if tail == "pad":
        start = len(spans) * stride
        while had < last and start < last:
            taken = min(max_length + 1, n_tokens - start)
            spans.append(Span(start, taken, 0))
            had = start + taken - 1
            start += stride
    elif tail == "anchor":
        if had < last and not spans:
            spans.append(Span(0, n_tokens, 0))
        elif had < last:
            start = last - max_length
            spans.append(Span(start, max_length + 1, max(0, had - start)))
    elif tail != "drop":
        raise ValueError(f"tail must be 'drop', 'pad' or 'anchor', but is {tail!r}")
    if not mask_overlap:
        return spans
    had = 0
    scored_once = []
    for span in spans:
        scored_once.append(span._replace(first_target=max(0, had - span.start)))
        had = span.start + span.n_tokens - 1
    return scored_once


class DocumentSpan(NamedTuple):
    """A span of the stream, and the document that its segment is; -1 for the whole stream.

    Where a segment begins with a virtual token its position is one before that of the document's
    first token, -1 perhaps.
    """

    span: Span
    document: int


def window_spans(
    offsets: Sequence[int],
    max_length: int,
    stride: int | None = None,
    *,
    per_document: bool = False,
    tail: Tail = "drop",
    mask_overlap: bool = False,
    has_bos: bool = False,
    has_eos: bool = False,
) -> list[DocumentSpan]:
    """Find all windows over a stream of documents, in order.

    Document ``d`` is the tokens from ``offsets[d]`` to before ``offsets[d + 1]``. The segment is
    the whole stream; or, with `per_document`, each document, which then may have a virtual token
    before it (`has_bos`) and behind it (`has_eos`). Without a `stride` windows lie side by side.

    ValueError for virtual tokens without `per_document`, and as for `window_starts`.
    """
    stride = max_length if stride is None else stride
    window_starts(0, max_length, stride)  # refuses bad numbers, even where there is no document
    if not per_document:
        if has_bos or has_eos:
            raise ValueError("bos_id and eos_id stand around documents: they need per_document")
        spans = segment_spans(offsets[-1], max_length, stride, tail, mask_overlap)
        return [DocumentSpan(span, -1) for span in spans]
    result = []
    for document in range(len(offsets) - 1):
        begin = offsets[document] - has_bos
        end = offsets[document + 1] + has_eos
        for span in segment_spans(end - begin, max_length, stride, tail, mask_overlap):
            result.append(DocumentSpan(span._replace(start=begin + span.start), document))
    return result
