"""Rows of ids as padded arrays, and rows of like length together, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nmt.inference.model_interface import Array
from nmt.text.tokenizer import PAD


def pad(rows: Sequence[Sequence[int] | Array]) -> Array:
    """Rows of ids as one int64 [rows, longest], filled up with PAD."""
    filled = np.full((len(rows), max(map(len, rows), default=0)), PAD, dtype=np.int64)
    for row, ids in zip(filled, rows, strict=True):
        row[: len(ids)] = ids
    return filled


def pad_sources(rows: Sequence[Sequence[int] | Array]) -> tuple[Array, Array | None]:
    """Rows of ids (at least one) as a search takes them: int64 [rows, longest], and their lengths int64 [rows], or None
    if all are equal, since the encoder is faster without."""
    lengths = np.array([len(ids) for ids in rows], np.int64)
    return pad(rows), None if (lengths == lengths[0]).all() else lengths


def batches_by_length(
    lengths: Sequence[int] | Array, max_tokens: int, max_rows: int | None = None
) -> Iterator[list[int]]:
    """Indices in order of length, in batches with at most `max_tokens` (rows × greatest length; one row may have more)
    and `max_rows`; none is empty."""
    batch: list[int] = []
    for index in np.argsort(lengths, kind="stable").tolist():
        if batch and ((len(batch) + 1) * lengths[index] > max_tokens or len(batch) == max_rows):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
