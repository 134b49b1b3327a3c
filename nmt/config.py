"""The schema of recipes as frozen dataclasses, and reading and writing them as YAML.

The comment beside a field says what it means.  Unknown keys, wrong types and impossible combinations are errors that
name the file and line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from math import inf
from pathlib import Path
from typing import Literal

from nmt.errors import UserError
from nmt.yaml_config import YamlMapping, to_yaml

Cell = Literal["rnn", "gru", "lstm"]
MAX_DILATIONS = 16  # the greatest dilation is then 2**15, more than the pieces of any sentence
MAX_BEAM = 1000  # hypotheses a sentence
MAX_LAYERS, MAX_UNITS, MAX_KERNEL = 256, 65_536, 1023
MAX_PIECES = 2_000_000  # of a vocabulary
MAX_LANGUAGE_CHARS = 35  # of a language's code, as BCP 47 recommends


def _check_range(section: str, settings: object, names: str, least: int, most: float = inf) -> None:
    """UserError unless the settings with these names, separated by spaces, are from `least` to `most`."""
    for name in names.split():
        value = getattr(settings, name)
        _require(value >= least, f"{section}.{name} is {value}: at least {least} is needed")
        _require(value <= most, f"{section}.{name} is {value}: at most {most} is possible")


def _require(holds: bool, otherwise: str) -> None:
    """Raises UserError with the sentence `otherwise`."""
    if not holds:
        raise UserError(otherwise)


@dataclass(frozen=True)
class EncoderConfig:
    cell: Cell = "lstm"  # of `recurrent`
    layers: int = 2
    hidden: int = 512  # output units of a layer; a bidirectional layer has half of them in each direction
    bidirectional: bool = True  # of `recurrent`; convolutions read both sides
    kind: Literal["recurrent", "convolutional"] = "recurrent"
    kernel: int = 3  # of `convolutional`: positions that one convolution reads
    dilations: int = 6  # of `convolutional`: after this many layers the dilations 1, 2, 4, … begin again

    def __post_init__(self) -> None:
        _check_range("encoder", self, "layers", 1, MAX_LAYERS)
        _check_range("encoder", self, "hidden", 1, MAX_UNITS)
        _check_range("encoder", self, "kernel", 1, MAX_KERNEL)
        _check_range("encoder", self, "dilations", 1)
        even = f"encoder.kernel is {self.kernel}: an odd number is needed, as many on either side"
        _require(self.kernel % 2 == 1, even)
        far = f"encoder.dilations is {self.dilations}: with more than {MAX_DILATIONS} a layer reads only padding"
        _require(self.dilations <= MAX_DILATIONS, far)
        uneven = self.kind == "recurrent" and self.bidirectional and self.hidden % 2
        _require(not uneven, f"encoder.hidden is {self.hidden}: a bidirectional encoder needs an even number")


@dataclass(frozen=True)
class AttentionConfig:
    kind: Literal["none", "additive", "dot", "general", "multihead"] = "multihead"
    heads: int = 4  # of `multihead`
    size: int = 512  # units of the hidden layer of `additive`, or of all heads of `multihead` together

    def __post_init__(self) -> None:
        _check_range("attention", self, "heads", 1)
        _check_range("attention", self, "size", 1, MAX_UNITS)
        uneven = self.kind == "multihead" and self.size % self.heads
        _require(not uneven, f"attention.size {self.size} is not a multiple of attention.heads {self.heads}")


@dataclass(frozen=True)
class DecoderConfig:
    cell: Cell = "lstm"
    layers: int = 2
    hidden: int = 512
    input_feeding: bool = False  # Luong et al. 2015, section 3.3; makes training loop over time

    def __post_init__(self) -> None:
        _check_range("decoder", self, "layers", 1, MAX_LAYERS)
        _check_range("decoder", self, "hidden", 1, MAX_UNITS)


@dataclass(frozen=True)
class DropoutConfig:
    """Dropout probabilities; dropout applies in training only."""

    embedding: float = 0.2  # on embedded pieces
    layer: float = 0.2  # between recurrent layers, and before the output projection
    recurrent: float = 0.0  # on the recurrent weight matrix (DropConnect: Merity et al. 2018, section 2)
    attention: float = 0.0  # on attention weights
    word: float = 0.0  # a whole piece's embedding becomes zero (Gal & Ghahramani 2016, section 4.2)

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            _require(0.0 <= value < 1.0, f"dropout.{name} is {value}: a probability below 1 is needed")


@dataclass(frozen=True)
class ModelConfig:
    source_vocab: int = 0  # 0: as many as the dataset's SentencePiece model has
    target_vocab: int = 0
    embedding: int = 256
    # target: the output layer shares the target embedding's matrix; all: the source embedding shares it too.
    tied_embeddings: Literal["all", "target", "none"] = "all"
    residual: bool = True
    layer_norm: bool = True
    encoder: EncoderConfig = EncoderConfig()
    attention: AttentionConfig = AttentionConfig()
    decoder: DecoderConfig = DecoderConfig()
    dropout: DropoutConfig = DropoutConfig()

    def __post_init__(self) -> None:
        _check_range("model", self, "embedding", 1, MAX_UNITS)
        _check_range("model", self, "source_vocab target_vocab", 0, MAX_PIECES)
        _require(
            self.attention.kind != "dot" or self.encoder.hidden == self.decoder.hidden,
            f"attention 'dot' compares states of one size: encoder.hidden is {self.encoder.hidden}, "
            f"decoder.hidden {self.decoder.hidden}; make them equal or use 'general'",
        )
        _require(
            self.tied_embeddings != "all" or self.source_vocab == self.target_vocab,
            f"tied_embeddings 'all' needs one joint vocabulary: source has {self.source_vocab} pieces, "
            f"target {self.target_vocab}; build the dataset with a joint one or set tied_embeddings: target",
        )

    @property
    def most_parameters(self) -> int:
        """More weights than the model can have, from its sizes alone: what files are measured by before they are read.

        A recurrent layer has four gates at most, each of which reads its own state and three inputs."""
        widest = max(self.embedding, self.encoder.hidden, self.attention.size, self.decoder.hidden)
        layers = self.encoder.layers * (24 + 4 * self.encoder.kernel) + 24 * self.decoder.layers + 48
        pieces = self.source_vocab + 2 * self.target_vocab
        return pieces * (self.embedding + 1) + layers * widest * (widest + 1)


@dataclass(frozen=True)
class DataConfig:
    reverse: bool = False  # translate from the dataset's target language into its source language
    # Train on each pair in both directions.  From such a model two others can be fine-tuned, one for each direction
    # (Ding et al. 2021, "Improving Neural Machine Translation by Bidirectional Training").  This needs one joint
    # vocabulary; there is no tag for the target language, which follows from that of the source.
    both_directions: bool = False
    language_model: bool = False  # train on the target side alone; the source of every pair is empty
    max_length: int = 120  # pieces; longer pairs are left out of training
    batch_tokens: int = 3000  # pieces of one batch with padding, of the longer side
    length_step: int = 1  # source lengths that differ by less than this may share a batch (1: equal lengths)

    def __post_init__(self) -> None:
        _check_range("data", self, "max_length batch_tokens length_step", 1)
        for other in ("reverse", "language_model"):
            clash = f"data.both_directions and data.{other} are both true: choose one of them"
            _require(not (self.both_directions and getattr(self, other)), clash)


@dataclass(frozen=True)
class TrainingConfig:
    seed: int = 1
    steps: int = 20000  # optimiser steps
    minutes: float = 0.0  # maximum minutes of training, over all resumed parts (0: no limit)
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
    sampled_softmax: int = 0  # pieces in each step's softmax, most of them drawn (0: the whole vocabulary)
    scheduled_sampling: float = 0.0  # share of decoder inputs that the model predicts (Bengio et al. 2015)
    ema: float = 0.0  # decay of the exponential moving average that is validated and saved (0: off)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: the faster one on this machine
    log_every: int = 50
    validate_every: int = 1000
    save_every: int = 500  # steps between two saved states, which --resume loads
    keep: int = 5  # the number of newest checkpoints that are kept, besides the best one
    patience: int = 0  # validations without improvement before early stopping (0: no early stopping)
    valid_metric: Literal["bleu", "chrf", "loss"] = "bleu"
    valid_sentences: int = 500  # of dev, decoded at each validation
    samples: int = 4  # sentences in the table at each validation

    def __post_init__(self) -> None:
        at_least_1 = "steps accumulate log_every validate_every save_every keep valid_sentences"
        _check_range("training", self, at_least_1, 1)
        at_least_0 = "seed minutes warmup weight_decay sampled_softmax patience samples lr"
        _check_range("training", self, at_least_0, 0)
        _require(self.seed < 2**62, f"training.seed is {self.seed}: a number below 2**62 is needed")
        _require(self.clip > 0, f"training.clip is {self.clip}: a norm above 0 is needed")
        betas = f"training.betas are {self.betas}: numbers from 0 to below 1 are needed"
        _require(all(0.0 <= beta < 1.0 for beta in self.betas), betas)
        for name in ("label_smoothing", "scheduled_sampling", "ema", "decay"):
            share = getattr(self, name)
            fits = 0.0 <= share <= 1.0 and not (name == "ema" and share == 1.0)
            _require(fits, f"training.{name} is {share}: a share between 0 and 1 is needed")


@dataclass(frozen=True)
class DecodingConfig:
    """Settings of the search, `nmt.inference.beam_search`.  Those of a checkpoint were chosen on dev."""

    beam: int = 5
    length_penalty: float = 1.0  # exponent of the hypothesis length that divides its log-probability
    coverage_penalty: float = 0.0  # weight of Wu et al. 2016, eq. 14
    max_length_ratio: float = 2.0  # a hypothesis has at most ratio * source pieces + max_length_extra pieces
    max_length_extra: int = 10
    # n-gram blocking: a hypothesis has an n-gram of this length at most as often as the source has any (0: off).
    no_repeat_ngram: int = 4

    def __post_init__(self) -> None:
        _check_range("decoding", self, "beam", 1)
        useless = f"more than {MAX_BEAM} hypotheses a sentence only fill the memory"
        _require(self.beam <= MAX_BEAM, f"decoding.beam is {self.beam}: {useless}")
        _check_range("decoding", self, "coverage_penalty", 0)
        _check_range("decoding", self, "max_length_ratio", 0, 100)
        _check_range("decoding", self, "max_length_extra no_repeat_ngram", 0, 10_000)
        exponent = f"decoding.length_penalty is {self.length_penalty}: an exponent from -10 to 10 is needed"
        _require(abs(self.length_penalty) <= 10, exponent)  # False for NaN


@dataclass(frozen=True)
class Config:
    """A recipe; with the vocabulary sizes filled in, also the `config.yaml` of a checkpoint."""

    source_language: str = ""  # filled in from the dataset
    target_language: str = ""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    decoding: DecodingConfig = DecodingConfig()

    @property
    def task(self) -> str:
        """The task of the model, such as "es → en"; "?" is a language that is not known yet."""
        if self.data.language_model:
            return f"language model of {self.target_language or '?'}"
        arrow = "↔" if self.data.both_directions else "→"
        return f"{self.source_language or '?'} {arrow} {self.target_language or '?'}"

    def __post_init__(self) -> None:
        for language in (self.source_language, self.target_language):
            code = f"{language[:MAX_LANGUAGE_CHARS]!r} is no code of a language"
            _require(len(language) <= MAX_LANGUAGE_CHARS and language.isprintable(), code)
        if self.data.language_model:
            kind, metric = self.model.attention.kind, self.training.valid_metric
            no_source = f"there is no source to attend to, but model.attention.kind is {kind!r}"
            _require(kind == "none", f"data.language_model: {no_source}; set it to none")
            no_scores = f"training.valid_metric is {metric!r}, but there are no translations to score"
            _require(metric == "loss", f"data.language_model: {no_scores}; set it to loss")


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a recipe from a YAML file, or by its name from `nmt/recipes`; an override is "training.lr=0.001"."""
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
    """The YAML from which `load_config` reads an equal Config."""
    return to_yaml(dataclasses.asdict(config))


def recipe_names() -> list[str]:
    folder = resources.files("nmt") / "recipes"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
