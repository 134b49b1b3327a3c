"""Sentences as people type them: in small letters, without accents, without ¿, ¡ or the last mark.  A model that has
seen some translates them as well as the tidy ones.  (What is all in capitals `nmt.text.normalization` tidies first.)

Which sentences, and how, depends on the sentence alone: not on the order of the sources or the processes.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from typing import Any

from data_prep.keys import sentence_key
from nmt.errors import UserError

SIDES = ("source", "target")


@dataclass(frozen=True)
class CarelessConfig:
    """Copies of training pairs with one side written carelessly.  Training uses a copy only in the direction
    that reads the careless side: nothing learns to write like that."""

    share: float = 0.0  # of the training pairs that get such a copy, for each side
    most_words: int = 30  # of a sentence that is copied
    seed: int = 1

    def check(self, where: str) -> None:
        """Raises UserError for a value out of range."""
        if not 0 <= self.share <= 1:
            raise UserError(f"{where}: careless.share is {self.share}: must be from 0 to 1")
        if self.most_words < 1:
            raise UserError(f"{where}: careless.most_words is {self.most_words}: must be at least 1")


def careless(sentence: str, draw: random.Random) -> str:
    """The sentence with one or more kinds of care left out."""
    if draw.random() < 0.5:
        sentence = without_marks(sentence)
    if draw.random() < 0.7:
        sentence = without_accents(sentence)
    return sentence.lower() if draw.random() < 0.6 else sentence


def without_marks(sentence: str) -> str:
    """Without ¿ and ¡, and without what marks the end of the sentence."""
    return sentence.translate({ord("¿"): None, ord("¡"): None}).rstrip(".?!…").strip()


def without_accents(sentence: str) -> str:
    """á -> a, ü -> u, ñ -> n: letters without what is written above or below them."""
    apart = unicodedata.normalize("NFD", sentence)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def careless_copies(batch: dict[str, list[str]], config: CarelessConfig) -> dict[str, list[Any]]:
    """The batch's pairs, each followed by its copies; the column `altered` tells which side of a copy is careless
    ("": neither)."""
    copied: dict[str, list[Any]] = {column: [] for column in (*batch, "altered")}

    def add(row: dict[str, str], altered: str) -> None:
        for column, value in {**row, "altered": altered}.items():
            copied[column].append(value)

    for values in zip(*batch.values(), strict=True):
        row = dict(zip(batch, values, strict=True))
        add(row, "")
        draw = random.Random(sentence_key(row["source"]) ^ sentence_key(row["target"]) ^ config.seed)
        for side in SIDES:
            chosen, changed = draw.random() < config.share, careless(row[side], draw)
            short = len(row[side].split()) <= config.most_words
            if chosen and short and changed and changed != row[side]:
                add({**row, side: changed}, side)
    return copied
