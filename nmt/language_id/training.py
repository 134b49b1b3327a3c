"""Trains `nmt.language_id.identifier` on a dataset folder, whose pairs have one side in each language.

Users type short texts, often without accents, while the sentences of datasets are long and correct.  Therefore most
training texts are one or a few words cut out of a sentence, some of them without accents or marks.  All texts are in
lower case.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn import functional

from nmt.errors import UserError
from nmt.language_id.identifier import SPACE, UNKNOWN, LanguageIdentifier, normalised
from nmt.text.normalization import without_accents
from nmt.training.checks import dataset_languages
from nmt.training.dataset import Split

MAX_GRADIENT_NORM = 1.0
STEPS_PER_REPORT = 500
# A word belongs to a language if it occurs at least 5 times, and more than 3 times as often as in the other language.
MIN_WORD_COUNT, MIN_WORD_RATIO = 5, 3


@dataclass(frozen=True)
class IdentifierConfig:
    """The settings of the shipped identifier."""

    embedding: int = 32
    units: int = 96  # of the GRU, in each direction
    steps: int = 7000
    batch: int = 256  # texts of one length
    lr: float = 4e-3  # the highest, after `warmup` steps; then a cosine schedule down to 0
    warmup: int = 100
    unknown: float = 0.01  # share of the characters that become UNKNOWN, so that its embedding is trained
    least: int = 20  # a character that occurs less often in the first 8 pools stays unknown
    words: float = 1.0  # single words of the vocabulary that are added to each pool, as a share of its pairs
    pool: int = 16384  # pairs whose texts are sorted into batches together
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("embedding", "units", "steps", "batch", "least", "pool"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: at least 1 is needed")


class CharacterGru(nn.Module):
    """The network of `nmt.language_id.identifier` in torch; its parameters have the names that are read there."""

    def __init__(self, characters: int, config: IdentifierConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters + SPACE + 1, config.embedding)
        self.gru = nn.GRU(config.embedding, config.units, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * config.units, 1)

    def forward(self, ids: Tensor) -> Tensor:
        """ids int64 [batch, length], all of one length -> logits [batch]: above 0 for the second language"""
        states, _ = self.gru(self.embedding(ids))
        logits: Tensor = self.output(states.mean(dim=1)).squeeze(-1)
        return logits


def train_identifier(
    data: str | Path,
    out: str | Path,
    config: IdentifierConfig | None = None,
    say: Callable[[str], None] = print,
) -> LanguageIdentifier:
    """Train on the dataset folder `data`, write the identifier into the folder `out`, and return it."""
    config = config or IdentifierConfig()
    if Path(out).exists():
        raise UserError(f"{out}: exists already; give another --out or remove it")
    languages, split = dataset_languages(Path(data)), Split(data, "train")
    torch.manual_seed(config.seed)
    chance = np.random.default_rng(config.seed)
    seen = _pairs(split, chance.integers(0, len(split), 8 * config.pool))
    characters, vocabularies = _characters(seen, config.least), vocabulary(seen)
    model = CharacterGru(len(characters), config)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share_of_lr(step, config))
    ids = {character: i for i, character in enumerate(characters, start=SPACE + 1)} | {" ": SPACE}
    losses: list[Tensor] = []
    batches = _batches(split, vocabularies, config)
    for step, (texts, second) in zip(range(1, config.steps + 1), batches, strict=False):
        batch = torch.tensor([[ids.get(character, UNKNOWN) for character in text] for text in texts])
        batch[torch.rand(batch.shape) < config.unknown] = UNKNOWN
        loss = functional.binary_cross_entropy_with_logits(model(batch), torch.tensor(second))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        if step % STEPS_PER_REPORT == 0 or step == config.steps:
            say(f"step {step} of {config.steps}: loss {torch.stack(losses).mean():.4f}")
            losses.clear()
    weights = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    LanguageIdentifier(languages, characters, weights).save(out)
    return LanguageIdentifier.load(out)


def snippet(sentence: str, other: str, draw: random.Random) -> str:
    """A text as a user may type it: some words of the normalised sentence, sometimes without accents or marks.  It is
    "" if all of these words are also in the translation `other`, since such a text is in both languages."""
    words = normalised(sentence).split()
    foreign = {word.strip("¿¡'") for word in normalised(other).split()}
    if words:
        kind = draw.random()
        most = 1 if kind < 0.25 else draw.randint(2, 3) if kind < 0.7 else draw.randint(4, 20)
        start = draw.randint(0, max(0, len(words) - most))
        words = words[start : start + most]
    if all(word.strip("¿¡'") in foreign for word in words):
        return ""
    return _simplified(f" {' '.join(words)} ", draw)


def _simplified(text: str, draw: random.Random) -> str:
    """A normalised text, in 40 % of all cases without its accents, and in 40 % without its marks."""
    if draw.random() < 0.4:
        text = without_accents(text)
    if draw.random() < 0.4:
        text = normalised(text.translate(dict.fromkeys(map(ord, "¿¡'"))))
    return text


def vocabulary(pairs: list[tuple[str, str]]) -> tuple[Counter[str], Counter[str]]:
    """The words of each language that are much more frequent in it than in the other, with their counts."""
    first, second = (Counter(word for pair in pairs for word in normalised(pair[side]).split()) for side in (0, 1))

    def own(here: Counter[str], there: Counter[str]) -> Counter[str]:
        often = {word: count for word, count in here.items() if count >= MIN_WORD_COUNT}
        return Counter({word: n for word, n in often.items() if n > MIN_WORD_RATIO * there[word]})

    return own(first, second), own(second, first)


def _batches(
    split: Split, vocabularies: tuple[Counter[str], Counter[str]], config: IdentifierConfig
) -> Iterator[tuple[list[str], list[float]]]:
    """Yield batches endlessly: texts of equal length, and for each 1.0 if it is in the second language, else 0.0."""
    draw = random.Random(config.seed)
    chance = np.random.default_rng((config.seed, 1))
    while True:
        by_length: dict[int, list[tuple[str, float]]] = {}
        for pair in _pairs(split, chance.integers(0, len(split), config.pool)):
            for side in (0, 1):
                if text := snippet(pair[side], pair[1 - side], draw):
                    by_length.setdefault(len(text), []).append((text, float(side)))
        for side, words in enumerate(vocabularies):
            # Words are drawn by the square root of their counts, so that the few most frequent ones do not dominate.
            weights, count = [n**0.5 for n in words.values()], int(config.words * config.pool / 2)
            for word in draw.choices(list(words), weights, k=count) if words else ():
                text = _simplified(f" {word} ", draw)
                by_length.setdefault(len(text), []).append((text, float(side)))
        size = config.batch
        batches = [some[at : at + size] for some in by_length.values() for at in range(0, len(some), size)]
        if not batches:
            raise UserError("the training split's two sides do not differ: there is nothing to tell apart")
        draw.shuffle(batches)
        for batch in batches:
            texts, second = zip(*batch, strict=True)
            yield list(texts), list(second)


def _pairs(split: Split, rows: np.ndarray) -> list[tuple[str, str]]:
    """The texts of these rows, source and target."""
    texts = split.table.select(["source", "target"]).take(pa.array(np.sort(rows)))
    return list(zip(*(column.to_pylist() for column in texts.columns), strict=True))


def _characters(pairs: list[tuple[str, str]], least: int) -> str:
    """The characters that occur at least `least` times in the texts, the most frequent first."""
    count = Counter(c for pair in pairs for text in pair for c in normalised(text) if c != " ")
    by_frequency = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return "".join(character for character, times in by_frequency if times >= least)


def _share_of_lr(step: int, config: IdentifierConfig) -> float:
    if step < config.warmup:
        return (step + 1) / config.warmup
    return 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / config.steps))))
