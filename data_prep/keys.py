"""When two sentences count as the same: case-folded, without punctuation. As text and as a 64-bit key.

Not a cleaning step: keys are compared, never shown and never trained on.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

import numpy as np


class _Strip(dict[int, int | None]):
    """Translation table that learns, character by character, to delete all but letters, marks and digits."""

    def __missing__(self, code: int) -> int | None:
        kept = unicodedata.category(chr(code))[0] in "LMN"
        self[code] = code if kept else None
        return self[code]


_STRIP = _Strip()


def fold(text: str) -> str:
    """`text` as it is compared: case-folded, without punctuation, symbols and white space.

    Symbols and white space go too, so that sentences which agree under any milder reading of "without
    punctuation" ("well-known" = "wellknown", or = "well known") agree here. Text of nothing but punctuation
    is compared as it stands."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return folded.translate(_STRIP) or "".join(folded.split())


def sentence_key(text: str) -> int:
    """Signed 64-bit hash of `fold(text)`, the same on every machine.

    Two different sentences share a key with probability 2**-64; then they are kept together like equal ones,
    which costs a pair but never leaks one."""
    return int.from_bytes(hashlib.blake2b(fold(text).encode(), digest_size=8).digest(), "little", signed=True)


def sentence_keys(texts: Iterable[str]) -> np.ndarray:
    """`sentence_key` of each text: int64 `[sentences]`."""
    return np.fromiter((sentence_key(text) for text in texts), dtype=np.int64)


def mix(keys: np.ndarray, seed: int) -> np.ndarray:
    """Scrambles int64 keys into uint64 random numbers that depend on nothing but key and seed (SplitMix64).

    A sample drawn by these does not change with the order of the sources, and hardly as a corpus grows."""
    with np.errstate(over="ignore"):
        z = keys.astype(np.uint64) + np.uint64((seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def pair_keys(source_keys: np.ndarray, target_keys: np.ndarray) -> np.ndarray:
    """One int64 key for each pair `[pairs]`; order matters."""
    return (mix(source_keys, 1) ^ mix(target_keys, 2)).astype(np.int64)
