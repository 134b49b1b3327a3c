"""Padding rows of ids, and batches of rows of similar length, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nmt.inference.model_interface import Array
from nmt.text.tokenizer import PAD


def pad(rows: Sequence[Sequence[int] | Array]) -> Array:
    """Rows of ids as one int64 array [rows, longest], padded with PAD."""
    filled = np.full((len(rows), max(map(len, rows), default=0)), PAD, dtype=np.int64)
    for row, ids in zip(filled, rows, strict=True):
        row[: len(ids)] = ids
    return filled


def pad_sources(rows: Sequence[Sequence[int] | Array]) -> tuple[Array, Array | None]:
    """Rows of ids (at least one) as inputs of an encoder: int64 [rows, longest], and their lengths int64 [rows], or
    None if all lengths are equal, with which the encoder is faster."""
    lengths = np.array([len(ids) for ids in rows], np.int64)
    return pad(rows), None if (lengths == lengths[0]).all() else lengths


def batches_by_length(
    lengths: Sequence[int] | Array, max_tokens: int, max_rows: int | None = None
) -> Iterator[list[int]]:
    """Yield the indices in order of length, in batches of at most `max_tokens` (rows × greatest length; a single row
    may have more) and `max_rows`.  No batch is empty."""
    batch: list[int] = []
    for index in np.argsort(lengths, kind="stable").tolist():
        if batch and ((len(batch) + 1) * lengths[index] > max_tokens or len(batch) == max_rows):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
