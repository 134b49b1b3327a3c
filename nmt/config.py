"""The recipe's schema: frozen dataclasses, and YAML in and out.

What a field means is said beside it, once.  Unknown keys, wrong types and impossible combinations are
errors that name the file and line.  Nothing here builds a model or touches a device.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal

from nmt.errors import UserError
from nmt.yaml_config import YamlMapping, to_yaml

Cell = Literal["rnn", "gru", "lstm"]
MAX_DILATIONS = 16


@dataclass(frozen=True)
class EncoderConfig:
    cell: Cell = "lstm"  # of `recurrent`
    layers: int = 2
    hidden: int = 512  # units a layer gives out; a bidirectional layer has half of them in each direction
    bidirectional: bool = True  # of `recurrent`; a convolution sees both sides in any case
    kind: Literal["recurrent", "convolutional"] = "recurrent"
    kernel: int = 3  # of `convolutional`: positions that one convolution reads
    # Of `convolutional`: layers read positions 1, 2, 4, … apart, and after so many layers 1 apart again.
    dilations: int = 6

    def __post_init__(self) -> None:
        _at_least("encoder.layers", self.layers, 1)
        _at_least("encoder.hidden", self.hidden, 1)
        _at_least("encoder.kernel", self.kernel, 1)
        _at_least("encoder.dilations", self.dilations, 1)
        if self.kernel % 2 == 0:
            raise UserError(
                f"encoder.kernel is {self.kernel}: an odd number is needed, as many on either side"
            )
        if self.dilations > MAX_DILATIONS:
            raise UserError(
                f"encoder.dilations is {self.dilations}: with more than {MAX_DILATIONS} a layer reads only padding"
            )
        if self.kind == "recurrent" and self.bidirectional and self.hidden % 2:
            raise UserError(f"encoder.hidden is {self.hidden}: a bidirectional encoder needs an even number")


@dataclass(frozen=True)
class AttentionConfig:
    kind: Literal["none", "additive", "dot", "general", "multihead"] = "multihead"
    heads: int = 4  # of `multihead`
    size: int = 512  # units of the comparison: hidden layer of `additive`, all heads together of `multihead`

    def __post_init__(self) -> None:
        _at_least("attention.heads", self.heads, 1)
        _at_least("attention.size", self.size, 1)
        if self.kind == "multihead" and self.size % self.heads:
            raise UserError(f"attention.size {self.size} is not a multiple of attention.heads {self.heads}")


@dataclass(frozen=True)
class DecoderConfig:
    cell: Cell = "lstm"
    layers: int = 2
    hidden: int = 512
    input_feeding: bool = False  # Luong et al. 2015, section 3.3; makes training loop over time

    def __post_init__(self) -> None:
        _at_least("decoder.layers", self.layers, 1)
        _at_least("decoder.hidden", self.hidden, 1)


@dataclass(frozen=True)
class DropoutConfig:
    """Probabilities.  All are off outside training."""

    embedding: float = 0.2  # on embedded pieces
    layer: float = 0.2  # between recurrent layers, and before the output projection
    recurrent: float = 0.0  # on the recurrent weight matrix (DropConnect: Merity et al. 2018, section 2)
    attention: float = 0.0  # on attention weights
    word: float = 0.0  # a whole piece's embedding becomes zero (Gal & Ghahramani 2016, section 4.2)

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if not 0.0 <= value < 1.0:
                raise UserError(f"dropout.{name} is {value}: a probability below 1 is needed")


@dataclass(frozen=True)
class ModelConfig:
    source_vocab: int = 0  # 0: as many as the dataset's SentencePiece model has
    target_vocab: int = 0
    embedding: int = 256
    tied_embeddings: Literal["all", "target", "none"] = (
        "all"  # all: source, target and output share one matrix
    )
    residual: bool = True
    layer_norm: bool = True
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    attention: AttentionConfig = field(default_factory=AttentionConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    dropout: DropoutConfig = field(default_factory=DropoutConfig)

    def __post_init__(self) -> None:
        _at_least("model.embedding", self.embedding, 1)
        if self.attention.kind == "dot" and self.encoder.hidden != self.decoder.hidden:
            raise UserError(
                f"attention 'dot' compares states of one size: encoder.hidden is {self.encoder.hidden}, "
                f"decoder.hidden {self.decoder.hidden}; make them equal or use 'general'"
            )
        if self.tied_embeddings == "all" and self.source_vocab != self.target_vocab:
            raise UserError(
                f"tied_embeddings 'all' needs one joint vocabulary: source has {self.source_vocab} pieces, "
                f"target {self.target_vocab}; build the dataset with a joint one or set tied_embeddings: target"
            )


@dataclass(frozen=True)
class DataConfig:
    reverse: bool = False  # translate from the dataset's target language into its source language
    # Learn to translate both ways at once, each pair once in each direction: a first phase for two models, each of
    # which then goes on from it in one direction (Ding et al. 2021, "Improving Neural Machine Translation by
    # Bidirectional Training").  Needs one joint vocabulary; the language of the source says where to.
    both_directions: bool = False
    language_model: bool = False  # learn the target side alone: the source of every pair is left empty
    max_length: int = 120  # pieces; longer pairs are left out of training
    batch_tokens: int = 3000  # pieces of one batch, padding included, of the longer side
    length_step: int = 1  # source lengths up to this many pieces apart may share a batch (1: equal lengths)

    def __post_init__(self) -> None:
        for name in ("max_length", "batch_tokens", "length_step"):
            _at_least(f"data.{name}", getattr(self, name), 1)
        if self.both_directions and (self.reverse or self.language_model):
            other = "reverse" if self.reverse else "language_model"
            raise UserError(f"data.both_directions and data.{other} are both true: choose one of them")


@dataclass(frozen=True)
class TrainingConfig:
    seed: int = 1
    steps: int = 20000  # optimiser steps
    minutes: float = 0.0  # stop after so many minutes of training, over all resumed parts (0: no limit)
    lr: float = 1e-3
    warmup: int = 400  # steps of linear growth
    schedule: Literal["cosine", "inverse_sqrt", "constant", "stable_decay"] = "cosine"
    decay: float = 0.2  # of `stable_decay`: the last share of the training, in which the rate falls to zero
    optimizer: Literal["adam", "adamw"] = "adam"
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.0
    clip: float = 1.0  # global norm of the gradient
    accumulate: int = 1  # batches of one optimiser step
    label_smoothing: float = 0.1
    scheduled_sampling: float = 0.0  # share of decoder inputs that are the model's own (Bengio et al. 2015)
    ema: float = 0.0  # decay of the exponential moving average that is validated and shipped (0: off)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: whichever this machine runs faster
    log_every: int = 50
    validate_every: int = 1000
    save_every: int = 500  # steps between two saved states, from which --resume goes on
    keep: int = 5  # checkpoints kept beside the best one
    patience: int = 0  # validations without improvement before stopping early (0: never stop early)
    valid_metric: Literal["bleu", "chrf", "loss"] = "bleu"
    valid_sentences: int = 500  # of dev, decoded at each validation
    samples: int = 4  # sentences shown in the table at each validation

    def __post_init__(self) -> None:
        for name in ("steps", "accumulate", "log_every", "validate_every", "save_every", "keep"):
            _at_least(f"training.{name}", getattr(self, name), 1)
        _at_least("training.valid_sentences", self.valid_sentences, 1)
        for name in ("seed", "minutes", "warmup", "weight_decay", "patience", "samples", "lr"):
            _at_least(f"training.{name}", getattr(self, name), 0)
        if self.seed >= 2**62:
            raise UserError(f"training.seed is {self.seed}: a number below 2**62 is needed")
        if self.clip <= 0:
            raise UserError(f"training.clip is {self.clip}: a norm above 0 is needed")
        if not all(0.0 <= beta < 1.0 for beta in self.betas):
            raise UserError(f"training.betas are {self.betas}: numbers from 0 to below 1 are needed")
        for name in ("label_smoothing", "scheduled_sampling", "ema", "decay"):
            share = getattr(self, name)
            if not 0.0 <= share <= 1.0 or (name == "ema" and share == 1.0):
                raise UserError(f"training.{name} is {share}: a share between 0 and 1 is needed")


MAX_BEAM = 1000


@dataclass(frozen=True)
class DecodingConfig:
    """How to search; see `nmt.inference.beam_search`.  A checkpoint carries the settings that were chosen on dev."""

    beam: int = 5
    length_penalty: float = 1.0  # exponent of the hypothesis length that divides its log-probability
    coverage_penalty: float = 0.0  # weight of Wu et al. 2016, eq. 14
    max_length_ratio: float = 2.0  # a hypothesis has at most ratio * source pieces + max_length_extra
    max_length_extra: int = 10
    no_repeat_ngram: int = (
        4  # repetition guard: no n-gram of so many pieces twice more often than the source's (0: off)
    )

    def __post_init__(self) -> None:
        _at_least("decoding.beam", self.beam, 1)
        if self.beam > MAX_BEAM:
            raise UserError(
                f"decoding.beam is {self.beam}: more than {MAX_BEAM} hypotheses a sentence only fill the memory"
            )
        for name in ("coverage_penalty", "max_length_ratio", "max_length_extra", "no_repeat_ngram"):
            _at_least(f"decoding.{name}", getattr(self, name), 0)
        if not abs(self.length_penalty) <= 10:  # so that NaN is refused too
            raise UserError(
                f"decoding.length_penalty is {self.length_penalty}: an exponent from -10 to 10 is needed"
            )


@dataclass(frozen=True)
class Config:
    """A recipe; with the vocabulary sizes filled in, also the `config.yaml` of a checkpoint."""

    source_language: str = ""  # filled in from the dataset
    target_language: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    @property
    def task(self) -> str:
        """What the model is to do, such as "es → en"; "?" where the languages are not known yet."""
        if self.data.language_model:
            return f"language model of {self.target_language or '?'}"
        arrow = "↔" if self.data.both_directions else "→"
        return f"{self.source_language or '?'} {arrow} {self.target_language or '?'}"

    def __post_init__(self) -> None:
        if not self.data.language_model:
            return
        if self.model.attention.kind != "none":
            raise UserError(
                f"data.language_model: there is no source to attend to, but model.attention.kind is "
                f"{self.model.attention.kind!r}; set it to none"
            )
        if self.training.valid_metric != "loss":
            raise UserError(
                f"data.language_model: training.valid_metric is {self.training.valid_metric!r}, but there are no "
                "translations to score; set it to loss"
            )


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a recipe: a YAML file, or the name of one in `nmt/recipes`; `overrides` are "training.lr=0.001"."""
    packaged = resources.files("nmt") / "recipes" / f"{path}.yaml"
    if Path(path).is_file():
        settings = YamlMapping.read(path)
    elif packaged.is_file():
        settings = YamlMapping.parse(packaged.read_text(encoding="utf-8"), f"{path}.yaml")
    else:
        raise UserError(f"{path}: no such recipe; give a YAML file or one of: {', '.join(recipe_names())}")
    for override in overrides:
        settings.override(override)
    return settings.build(Config)


def dump_config(config: Config) -> str:
    """YAML that `load_config` reads back to an equal Config."""
    return to_yaml(dataclasses.asdict(config))


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    folder = resources.files("nmt") / "recipes"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def _at_least(name: str, value: float, least: int) -> None:
    if value < least:
        raise UserError(f"{name} is {value}: at least {least} is needed")
