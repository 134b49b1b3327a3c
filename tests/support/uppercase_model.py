"""A model that needs no training, for tests of everything around a model: it "translates" by upper-casing.

It has `encode`, `initial_state` and `step` as `nmt.network.model.Seq2Seq` does, so the real search runs over it.  The
vocabulary is of single characters and bytes; what of a text is upper case in the end went through the model.
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any, NamedTuple

import sentencepiece
import torch
from torch import Tensor

from nmt.checkpoint.folder import CheckpointFolder
from nmt.config import Config, DataConfig, DecodingConfig
from nmt.inference.torch_model import TorchModel
from nmt.text.tokenizer import EOS, Tokenizer
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.translator import Translator

LETTERS = "abcdefghijklmnñopqrstuvwxyzáéíóú"
CHARACTERS = LETTERS + LETTERS.upper() + "0123456789.,;:¿?¡!-_/@#()'\"&=%"


BEST, NEAR, FAR, NEVER = 10.0, 9.0, 5.0, -20.0  # logits


def character_tokenizer() -> Tokenizer:
    """Every character of CHARACTERS is a piece; any other one becomes bytes."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(CHARACTERS)] * 10),
        model_writer=model,
        model_type="char",
        vocab_size=4 + 256 + 1 + len(CHARACTERS),
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    return Tokenizer(model.getvalue())


@dataclasses.dataclass(frozen=True)
class Positions:
    """The decoder state: how many pieces each beam has written, [batch, beam]."""

    written: Tensor

    def reorder(self, rows: Tensor, beams: Tensor) -> Positions:
        return Positions(self.written[rows[:, None], beams])


@dataclasses.dataclass(frozen=True)
class Source:
    memory: Tensor  # int64 [batch, src_len], the source ids

    def select(self, rows: Tensor) -> Source:
        return Source(self.memory[rows])


class Step(NamedTuple):
    logits: Tensor
    state: Positions
    attention: Tensor


class UppercaseModel:
    """Writes piece t of the target from piece t of the source, and attends to it.

    mistakes   what is written instead of the upper-case letter: {"7": "1"}; "" ends the hypothesis
    near       the next best choice, close behind: {"7": "7"}; else the source's own piece, far behind
    blurred    attend to all source positions alike
    """

    def __init__(
        self, tokenizer: Tokenizer, mistakes: dict[str, str], near: dict[str, str], blurred: bool = False
    ) -> None:
        pieces = tokenizer.pieces(range(len(tokenizer)))
        ids = {piece: index for index, piece in enumerate(pieces)}
        self.best, self.second = torch.arange(len(ids)), torch.arange(len(ids))
        self.second_logit = torch.full((len(ids),), FAR)
        for index, piece in enumerate(pieces):
            written = mistakes.get(piece, piece.upper() if len(piece) == 1 else piece)
            self.best[index] = ids[written] if written else EOS
            self.second[index] = ids[near.get(piece, piece)]
            if piece in near:
                self.second_logit[index] = NEAR
        self.blurred = blurred
        self.sources: list[Tensor] = []  # all that was encoded

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> Source:
        self.sources.append(source.clone())
        return Source(source)

    def initial_state(self, encoded: Source, beam: int = 1) -> Positions:
        return Positions(torch.zeros(len(encoded.memory), beam, dtype=torch.int64))

    def step(self, tokens: Tensor, state: Positions, encoded: Source) -> Step:
        batch, beam = tokens.shape
        length = encoded.memory.shape[1]
        at = state.written.clamp(max=length - 1)
        read = encoded.memory.gather(1, at)
        logits = torch.full((batch, beam, len(self.best)), NEVER)
        logits.scatter_(2, self.second[read][:, :, None], self.second_logit[read][:, :, None])
        logits.scatter_(2, self.best[read][:, :, None], BEST)
        attention = torch.nn.functional.one_hot(at, length).float()
        if self.blurred:
            attention = torch.full_like(attention, 1 / length)
        return Step(logits, Positions(state.written + 1), attention)


def uppercase_translator(
    mistakes: dict[str, str] | None = None,
    near: dict[str, str] | None = None,
    blurred: bool = False,
    max_length: int = 120,
    phrases: PhraseBook | None = None,
) -> tuple[Translator, Any]:
    """A translator from Spanish to capitals, and its model."""
    tokenizer = character_tokenizer()
    model = UppercaseModel(tokenizer, mistakes or {}, near or {}, blurred)
    config = Config("es", "en", data=DataConfig(max_length=max_length), decoding=DecodingConfig(no_repeat_ngram=0))
    checkpoint = CheckpointFolder(Path("nowhere"), config, tokenizer, tokenizer)
    translator = Translator(checkpoint, TorchModel(model), phrases=phrases)  # type: ignore[arg-type]
    return translator, model
