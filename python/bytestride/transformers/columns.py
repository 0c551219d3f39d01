"""What `BatchEncoding` holds, from the rows of a batch: lists, or arrays of one width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from transformers.utils import TensorType, is_torch_available

from bytestride.tokenizers import Encoding
from bytestride.tokenizers.rows import Rows


def columns_of(
    rows: Rows,
    encodings: Sequence[Encoding],
    return_tensors: str | TensorType | None,
    *,
    token_type_ids: bool,
    attention_mask: bool,
    special_tokens_mask: bool,
    offset_mapping: bool,
    length: bool,
) -> dict[str, Any]:
    """Give the columns asked for, in the order in which transformers has them.

    Where all rows are equally long and tensors are asked for, ids and masks are int64 tensors; all
    else is lists, of which `BatchEncoding` makes tensors, or says why it cannot.
    """
    as_tensor = _maker(return_tensors)
    if as_tensor is not None and rows.width is None:
        as_tensor = None
    data: dict[str, Any] = {}
    if as_tensor is not None:
        data["input_ids"] = as_tensor(rows.input_ids())
        if token_type_ids:
            data["token_type_ids"] = as_tensor(rows.type_ids())
        if attention_mask:
            data["attention_mask"] = as_tensor(rows.attention_mask())
    else:
        data["input_ids"] = rows.ids_lists()
        if token_type_ids:
            data["token_type_ids"] = rows.type_ids_lists()
        if attention_mask:
            data["attention_mask"] = rows.attention_mask_lists()
    if special_tokens_mask:
        data["special_tokens_mask"] = (
            rows.special_tokens_mask_lists()
            if as_tensor is None
            else as_tensor(rows.special_tokens_mask())
        )
    if offset_mapping:
        data["offset_mapping"] = [encoding.offsets for encoding in encodings]
    if length:
        data["length"] = [len(ids) for ids in data["input_ids"]]
    return data


def _maker(return_tensors: str | TensorType | None) -> Callable[[Any], Any] | None:
    if return_tensors == TensorType.NUMPY:
        return np.asarray
    if return_tensors == TensorType.PYTORCH and is_torch_available():
        import torch

        return torch.from_numpy
    return None
