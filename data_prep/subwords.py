"""SentencePiece: training the subword model(s) of a dataset folder.

Using one is `nmt/text/tokenizer.py`'s work. The special ids are the same throughout the project.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import sentencepiece
import yaml

from nmt.errors import UserError

LEAST = 300  # pieces: fewer are hardly more than the special and byte ones
# The result depends on the number of threads (sums of floats), so that it is not the machine's to choose.
THREADS = 4


@dataclass(frozen=True)
class SubwordsConfig:
    """How the vocabulary is made."""

    vocab_size: int = 8000  # of each model, with the 4 special and 256 byte pieces
    model_type: Literal["unigram", "bpe", "char"] = "unigram"
    separate: bool = False  # one model a language instead of a joint one
    # Share of all characters that must be pieces of their own; a rarer one is spelled in UTF-8 bytes.
    character_coverage: float = 0.9999
    required_characters: str = ""  # pieces of their own however rare, and none of them spelled in bytes
    symbols: tuple[str, ...] = ()  # never split, such as "<2es>"
    sample_size: int = 400_000  # sentences to train on, a fixed random sample
    seed: int = 1
    # A dataset or checkpoint folder, or a run, whose model(s) to take; then nothing above counts.
    reuse: str | None = None
    reuse_sha256: dict[str, str] = field(default_factory=dict)  # file -> hash; a recorded hash is checked

    def __post_init__(self) -> None:
        if self.vocab_size < LEAST:
            raise UserError(f"vocab_size {self.vocab_size}: 260 pieces are special or bytes; take {LEAST} or more")
        if not 0.9 <= self.character_coverage <= 1:
            raise UserError(f"character_coverage {self.character_coverage}: must be from 0.9 to 1")


def train(sentences: Iterator[str], config: SubwordsConfig) -> bytes:
    """Returns the serialised SentencePiece model. Raises UserError if there is too little text for it."""
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=sentences,
            model_writer=model,
            model_type=config.model_type,
            vocab_size=config.vocab_size,
            hard_vocab_limit=config.model_type != "char",  # an alphabet may well be smaller
            character_coverage=config.character_coverage,
            byte_fallback=True,  # whatever is typed, nothing is unknown
            normalization_rule_name="identity",  # cleaning did NFC; NFKC would harm ½ … º
            split_digits=True,
            required_chars=config.required_characters,
            user_defined_symbols=list(config.symbols),
            max_sentence_length=1 << 16,  # bytes; cleaning has bounded lengths already
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            num_threads=THREADS,
            minloglevel=2,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(_explain(str(error), config)) from None
    return model.getvalue()


def reused(folder: Path, languages: tuple[str, str]) -> dict[str, bytes]:
    """The model files of a dataset or checkpoint folder, under the names that they get in a dataset of
    `languages`.  Raises UserError if they are not there, or not of this project's kind."""
    if (folder / "best").is_dir():  # a training run
        folder = folder / "best"
    names = ("joint.spm",) if (folder / "joint.spm").is_file() else ("source.spm", "target.spm")
    models = {}
    for name in names:
        try:
            models[name] = (folder / name).read_bytes()
            processor = sentencepiece.SentencePieceProcessor(model_proto=models[name])
        except OSError as error:
            remedy = "name a dataset or checkpoint folder with joint.spm, or with source.spm and target.spm"
            raise UserError(f"{folder / name}: {error.strerror}; {remedy}") from None
        except (RuntimeError, ValueError):
            raise UserError(f"{folder / name}: not a SentencePiece model") from None
        ids = processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id()
        if ids != (0, 1, 2, 3):
            raise UserError(f"{folder / name}: pad, unk, bos, eos are pieces {ids}, must be (0, 1, 2, 3)")
        if sum(processor.is_byte(piece) for piece in range(len(processor))) < 256:
            problem = "has no byte pieces, so that characters it does not know would be lost"
            remedy = "take a model that was trained with byte fallback"
            raise UserError(f"{folder / name}: {problem}; {remedy}")
    if len(names) == 2 and _source_language(folder) == languages[1]:  # it translates the other way round
        models = {"source.spm": models["target.spm"], "target.spm": models["source.spm"]}
    return models


def _source_language(folder: Path) -> str | None:
    """What a checkpoint translates from, or a dataset's pair begins with."""
    for file, key in (("config.yaml", "source_language"), ("data.yaml", "pair")):
        try:
            return str(yaml.safe_load((folder / file).read_text(encoding="utf-8"))[key]).partition("-")[0]
        except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
            continue
    return None


def _explain(message: str, config: SubwordsConfig) -> str:
    """SentencePiece's own words, made useful."""
    if match := re.search(r"Vocabulary size too high .*<= (\d+)", message):
        most = int(match.group(1))
        if most < LEAST:
            return f"so little text gives {most} pieces at most, and {LEAST} are needed; add more text"
        return f"vocab_size {config.vocab_size}: too much for so little text; take {most} or less"
    if match := re.search(r"smaller than required_chars\D*(\d+) vs (\d+)", message):
        needed = max(map(int, match.groups()))
        return f"vocab_size {config.vocab_size}: the alphabet alone needs {needed}; take more"
    return f"SentencePiece cannot train: {' '.join(message.split())}"
