"""SentencePiece ids <-> text, with the four special ids that the whole project agrees on.

Training a SentencePiece model is `data_prep`'s work; this file only uses one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import sentencepiece

from nmt.errors import UserError

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIAL_IDS = (PAD, UNK, BOS, EOS)

JOINT_FILE = "joint.spm"
SOURCE_FILE = "source.spm"
TARGET_FILE = "target.spm"


class Tokenizer:
    """One SentencePiece model.  Ids never include BOS or EOS: training and search add them."""

    def __init__(self, serialized: bytes, name: str = "SentencePiece model") -> None:
        self.serialized = serialized
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=serialized)
        except Exception as error:  # the binding raises RuntimeError, or ValueError by version
            raise UserError(f"{name}: not a SentencePiece model ({error})") from None
        ids = (
            self._processor.pad_id(),
            self._processor.unk_id(),
            self._processor.bos_id(),
            self._processor.eos_id(),
        )
        if ids != SPECIAL_IDS:
            raise UserError(
                f"{name}: special ids pad, unk, bos, eos are {ids}, expected {SPECIAL_IDS}; "
                "train it with pad_id=0 unk_id=1 bos_id=2 eos_id=3 (`python -m data_prep build` does)"
            )

    @classmethod
    def load(cls, path: str | Path) -> Tokenizer:
        """Read a `.spm` file; raises UserError when it is missing or not a SentencePiece model."""
        path = Path(path)
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"{path}: cannot read the SentencePiece model: {error.strerror}") from None

    def __len__(self) -> int:
        return self._processor.get_piece_size()

    def encode(self, text: str) -> list[int]:
        return self._processor.encode(text)

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        return self._processor.encode(list(texts))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids`; special ids are dropped."""
        return self._processor.decode([int(i) for i in ids if i not in SPECIAL_IDS])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The surface form of every id ("▁word"), for tables and plots."""
        return [self._pieces[i] for i in ids]

    @cached_property
    def characters(self) -> frozenset[str]:
        """Characters that have a piece of their own or stand in one; all others are spelled in UTF-8 bytes."""
        whole = (piece for i, piece in enumerate(self._pieces) if not self._processor.is_byte(i))
        return frozenset(character for piece in whole for character in piece)

    @cached_property
    def placeholders(self) -> tuple[str, ...]:
        """Pieces of one private-use character, which models learn to copy in place of what must not change."""
        return tuple(sorted(piece for piece in self._pieces if len(piece) == 1 and "\ue000" <= piece <= "\uf8ff"))

    @cached_property
    def _pieces(self) -> list[str]:
        return self._processor.id_to_piece(list(range(len(self))))


def load_tokenizers(folder: str | Path) -> tuple[Tokenizer, Tokenizer]:
    """The source and the target tokenizer of a dataset or checkpoint folder (one object when joint)."""
    folder = Path(folder)
    if (folder / JOINT_FILE).exists():
        joint = Tokenizer.load(folder / JOINT_FILE)
        return joint, joint
    if not (folder / SOURCE_FILE).exists() or not (folder / TARGET_FILE).exists():
        raise UserError(f"{folder}: neither {JOINT_FILE} nor {SOURCE_FILE} and {TARGET_FILE} are there")
    return Tokenizer.load(folder / SOURCE_FILE), Tokenizer.load(folder / TARGET_FILE)


def save_tokenizers(folder: str | Path, source: Tokenizer, target: Tokenizer) -> None:
    """Write what `load_tokenizers` reads."""
    folder = Path(folder)
    if source is target:
        (folder / JOINT_FILE).write_bytes(source.serialized)
    else:
        (folder / SOURCE_FILE).write_bytes(source.serialized)
        (folder / TARGET_FILE).write_bytes(target.serialized)
