"""Identifies which language of a pair a text is in, with a character-level recurrent network.

Characters -> embeddings -> one bidirectional GRU -> the mean of its states -> one logit.  It runs on NumPy, so that
serving does not need torch; `nmt.language_id.training` trains it.  It distinguishes two languages only: of a text in a
third language it returns the one of the two that is more similar.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nmt.errors import UserError
from nmt.files import check_file
from nmt.network.state_update import gru_state

Array = np.ndarray

MAX_FILE_BYTES = 20_000_000  # 60 times what is shipped
IDENTIFIER_FILE = "identifier.safetensors"  # not config.yaml: this folder holds no translation model
UNKNOWN, SPACE = 0, 1  # ids; the known characters have the ids from 2 on
MAX_CHARACTERS = 256  # of a normalised text; the rest is not read
_ADDRESS = re.compile(r"\S*://\S*|\S*@\S*|\bwww\.\S*")  # addresses belong to no language
_SEPARATOR = re.compile(r"[^\w'¿¡]|[\d_]")  # all but letters, apostrophes and the marks that only Spanish has


class Identification(NamedTuple):
    """A language and its probability."""

    language: str
    probability: float  # of that language, 0.5 to 1; 0.5 where the text has no letter that the model knows


def normalised(text: str) -> str:
    """A text as the network reads it: in lower case, with one space between words and at both ends; "" if there is no
    letter.  Numbers, addresses and most punctuation are removed, since they do not depend on the language."""
    text = unicodedata.normalize("NFC", _ADDRESS.sub(" ", text[: 8 * MAX_CHARACTERS]))
    words = _SEPARATOR.sub(" ", text.lower().replace("’", "'")).split()
    words = [word for word in words if any(map(str.isalpha, word))]
    return f" {' '.join(words)} "[:MAX_CHARACTERS] if words else ""


class LanguageIdentifier:
    """A trained identifier.

    languages   the two languages; the logit is positive for the second one
    characters  the known characters, in the order of their ids
    weights     float32, with torch's names:
                embedding.weight [2 + characters, embedding], output.weight [1, 2 × units], output.bias [1], and
                for both directions (the names of the backward one end with `_reverse`)
                gru.weight_ih_l0 [3 × units, embedding], gru.weight_hh_l0 [3 × units, units] and
                gru.bias_ih_l0, gru.bias_hh_l0 [3 × units], each with the rows of the gates r, z, h~ in this order
    """

    def __init__(self, languages: tuple[str, str], characters: str, weights: Mapping[str, Array]) -> None:
        self.languages, self.characters, self.weights = languages, characters, dict(weights)
        self._ids = {character: i for i, character in enumerate(characters, start=SPACE + 1)} | {" ": SPACE}

        def both(name: str) -> Array:
            return np.stack([weights[f"gru.{name}_l0"], weights[f"gru.{name}_l0_reverse"]])

        # W x + b of every character, so that it is looked up: [2, 2 + characters, 3 × units]
        products = weights["embedding.weight"] @ both("weight_ih").swapaxes(1, 2)
        self._inputs = products + both("bias_ih")[:, None]
        self._recurrent = np.ascontiguousarray(both("weight_hh").swapaxes(1, 2))  # [2, units, 3 × units]
        self._bias = both("bias_hh")[:, None]  # [2, 1, 3 × units]
        self._output, self._output_bias = weights["output.weight"][0], float(weights["output.bias"][0])

    @classmethod
    def load(cls, folder: str | Path) -> LanguageIdentifier:
        """Read a folder that `nmt lab train-identifier` wrote; UserError for any other folder."""
        file = Path(folder) / IDENTIFIER_FILE
        if not file.is_file():
            raise UserError(f"{folder}: no language identifier: it has no {IDENTIFIER_FILE}")
        check_file(file, MAX_FILE_BYTES)
        try:
            with safe_open(file, framework="numpy") as opened:
                notes = json.loads((opened.metadata() or {})["identifier"])
                weights = {name: opened.get_tensor(name).astype(np.float32) for name in opened.keys()}
            first, second = notes["languages"]
            return cls((first, second), notes["characters"], weights)
        except (SafetensorError, OSError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise UserError(f"{file}: not a whole language identifier ({error}); copy or train it again") from None

    def save(self, folder: str | Path) -> None:
        """Write the folder that `load` reads, in half precision."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        notes = json.dumps({"languages": self.languages, "characters": self.characters}, ensure_ascii=False)
        weights = {name: weight.astype(np.float16) for name, weight in self.weights.items()}
        (folder / IDENTIFIER_FILE).write_bytes(save(weights, metadata={"identifier": notes}))

    def identify(self, text: str) -> Identification:
        """The language of one text."""
        return self.identify_batch([text])[0]

    def identify_batch(self, texts: Sequence[str]) -> list[Identification]:
        """The language of each text; the result of a text does not depend on the others."""
        odds = self.log_odds(texts).tolist()
        return [Identification(self.languages[logit > 0], float(1 / (1 + np.exp(-abs(logit))))) for logit in odds]

    def log_odds(self, texts: Sequence[str]) -> Array:
        """float32 [texts]: log(p / (1 - p)), where p is the probability of the second language; 0 for a text without
        known letters."""
        rows = [self.ids(text) for text in texts]
        result = np.zeros(len(rows), np.float32)
        for length in {len(row) for row in rows if max(row, default=UNKNOWN) > SPACE}:
            # Texts of equal length make a batch, which needs neither padding nor a mask.
            same = [i for i, row in enumerate(rows) if len(row) == length and max(row) > SPACE]
            result[same] = self._forward(np.array([rows[i] for i in same]))
        return result

    def ids(self, text: str) -> list[int]:
        """The ids of the characters of the normalised text."""
        return [self._ids.get(character, UNKNOWN) for character in normalised(text)]

    def _forward(self, ids: Array) -> Array:
        """ids int64 [batch, length] -> logits float32 [batch].

        Each step computes both directions, the backward one from the end.  The equations are those of
        `nmt.network.cells.gru_step`, with W x + b looked up."""
        batch, length = ids.shape
        units = self._recurrent.shape[1]
        # [2, batch, length, 3 × units]
        inputs = np.stack([self._inputs[0][ids], self._inputs[1][ids[:, ::-1]]])
        state = np.zeros((2, batch, units), np.float32)
        total = np.zeros_like(state)
        for t in range(length):
            x, h = inputs[:, :, t], state @ self._recurrent + self._bias
            # σ(a) = 1/2 + tanh(a / 2) / 2, which does not overflow
            gates = 0.5 + 0.5 * np.tanh(0.5 * (x[..., : 2 * units] + h[..., : 2 * units]))
            r, z = gates[..., :units], gates[..., units:]
            state, _ = gru_state(r, z, x[..., 2 * units :], h[..., 2 * units :], state, np.tanh)
            total += state
        means = np.concatenate([total[0], total[1]], axis=-1) / length  # [batch, 2 × units]
        logits: Array = means @ self._output + self._output_bias
        return logits
