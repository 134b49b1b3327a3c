"""The whole family learns: every encoder with every attention, on toy tasks, to a stated accuracy.

Training here is the shortest that deserves the name (Adam, made-up pairs, no validation); what counts are greedy
translations of sentences that were not trained on.  The last test goes the whole way with real characters.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch.nn import functional

from nmt.config import DataConfig, DecodingConfig, ModelConfig, dump_config
from nmt.inference.batches import pad_sources
from nmt.inference.beam_search import beam_search
from nmt.inference.torch_model import TorchModel
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import BOS, EOS, SPECIAL_IDS, load_tokenizers
from nmt.training.dataset import Split
from nmt.training.trainer import train
from nmt.translation.translator import Translator
from tests.conftest import tiny_model_config, tiny_recipe

Words = list[int]
Pair = tuple[list[int], list[int]]  # ids of source and target
WORDS = range(1, 9)
BLANK, DELAY = 0, 2
FIRST = len(SPECIAL_IDS)

TASKS: dict[str, Callable[[Words], Words]] = {
    "copy": lambda words: words,
    "reverse": lambda words: words[::-1],
    "delay": lambda words: ([BLANK] * DELAY + words)[: len(words)],
}


def subwords(words: Words) -> list[int]:
    """A piece for each word: 13 ids with the special ones."""
    return [FIRST + word for word in words]


def characters(words: Words) -> list[int]:
    """Two letters of three for each word, and a space between words: 8 ids with the special ones."""
    spelled = [[FIRST + 1 + word // 3, FIRST + 1 + word % 3] for word in words]
    return [letter for word in spelled for letter in (*word, FIRST)][:-1]


class Level(NamedTuple):
    spell: Callable[[Words], list[int]]
    vocab: int
    longest: int  # words of a sentence; with attention, and without
    longest_without: int


LEVELS = {"subword": Level(subwords, FIRST + 9, 4, 3), "character": Level(characters, FIRST + 4, 3, 3)}

ENCODERS: dict[str, dict[str, object]] = {
    "rnn": {"cell": "rnn", "bidirectional": False},
    "birnn": {"cell": "rnn"},
    "gru": {"cell": "gru", "bidirectional": False},
    "bigru": {"cell": "gru"},
    "lstm": {"cell": "lstm", "bidirectional": False},
    "bilstm": {"cell": "lstm"},
    "convolutional": {"cell": "gru", "kind": "convolutional"},
}
ATTENTIONS = ("none", "additive", "dot", "general", "multihead")


class Case(NamedTuple):
    encoder: str
    attention: str
    task: str
    level: str


# Every encoder with every attention; the tasks and levels go round so that any two choices meet somewhere.
CASES = [
    Case(encoder, attention, list(TASKS)[(row + column) % 3], list(LEVELS)[(row + column // 2) % 2])
    for (row, encoder), (column, attention) in itertools.product(enumerate(ENCODERS), enumerate(ATTENTIONS))
]
# Share of unseen sentences that must be translated without a mistake.
ACCURACY, ACCURACY_WITHOUT = 0.75, 0.5  # with attention, and without; untrained: 0
STEPS, BATCH = 600, 96  # at most
LEARNED = 0.03  # nats a piece, of what is trained on, running mean: enough


def test_any_two_choices_meet_in_some_case() -> None:
    choices = (ENCODERS, ATTENTIONS, TASKS, LEVELS)
    for left, right in itertools.combinations(range(len(choices)), 2):
        met = {(case[left], case[right]) for case in CASES}
        assert met == set(itertools.product(choices[left], choices[right]))


def model_config(case: Case) -> ModelConfig:
    settings = ENCODERS[case.encoder]
    vocab = LEVELS[case.level].vocab
    config = tiny_model_config(attention=case.attention, vocab=vocab, hidden=48, layers=1, **settings)  # type: ignore[arg-type]
    layers = 3 if case.encoder == "convolutional" else 1  # to see 15 positions
    return dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, layers=layers))


def made_up(case: Case, unseen: int = 60, of_words: int | None = None) -> tuple[list[Pair], list[Pair]]:
    """Pairs of ids to learn from, and others: no sentence is in both.  of_words: so many in every sentence."""
    level = LEVELS[case.level]
    longest = level.longest_without if case.attention == "none" else level.longest
    rng = random.Random(0)
    if of_words is None:
        sentences = {tuple(rng.sample(WORDS, k=rng.randint(1, longest))) for _ in range(6000)}
    else:
        sentences = {tuple(rng.choices(WORDS, k=of_words)) for _ in range(6000)}
    ordered = sorted(sentences)
    rng.shuffle(ordered)
    pairs = [(level.spell(list(words)), level.spell(TASKS[case.task](list(words)))) for words in ordered]
    return pairs[unseen:], pairs[:unseen]


def learn(model: Seq2Seq, pairs: list[Pair]) -> None:
    """Until the training loss is low: batches of one length, which also all targets have then."""
    groups = []
    for _, group in itertools.groupby(sorted(pairs, key=lambda pair: len(pair[0])), lambda pair: len(pair[0])):
        sources, targets = zip(*group, strict=True)
        source = torch.tensor([[*ids, EOS] for ids in sources])
        groups.append((source, torch.tensor([[BOS, *ids, EOS] for ids in targets])))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    rng, recent = random.Random(1), 1.0
    for _ in range(STEPS):
        ((source, target),) = rng.choices(groups, [source.size(1) ** 2 for source, _ in groups])
        rows = torch.randint(len(source), (BATCH,))
        source, target = source[rows], target[rows]
        logits = model.project(model(source, None, target[:, :-1]))
        loss = functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent = 0.95 * recent + 0.05 * loss.item()
        optimizer.param_groups[0]["lr"] = 0.01 * min(1.0, 3 * recent)
        if recent < LEARNED:
            break


def accuracy(model: Seq2Seq, pairs: list[Pair]) -> float:
    """Share of the sentences whose greedy translation is the right one from beginning to end."""
    source, lengths = pad_sources([[*source, EOS] for source, _ in pairs])
    greedy = DecodingConfig(beam=1, no_repeat_ngram=0)
    found = beam_search(TorchModel(model.eval()), source, lengths, greedy)
    return sum(list(h[0].tokens) == target for h, (_, target) in zip(found, pairs, strict=True)) / len(pairs)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_family_learns(case: Case) -> None:
    torch.manual_seed(0)
    model = Seq2Seq(model_config(case))
    seen, unseen = made_up(case)
    learn(model, seen)
    assert accuracy(model, unseen) >= (ACCURACY_WITHOUT if case.attention == "none" else ACCURACY)


def test_attention_holds_sentences_that_a_context_vector_does_not() -> None:
    """Sixteen random words, the same training for both: so the models above can use their attention."""
    learned = {}
    for attention in ("multihead", "none"):
        case = Case("bigru", attention, "copy", "subword")
        torch.manual_seed(0)
        model = Seq2Seq(model_config(case))
        seen, unseen = made_up(case, of_words=16)
        learn(model, seen)
        learned[attention] = accuracy(model, unseen)
    assert learned["multihead"] >= ACCURACY
    assert learned["none"] <= 0.2


ENGLISH = {"uno": "one", "dos": "two", "tres": "three", "cuatro": "four", "cinco": "five", "seis": "six"}


def test_characters_from_text_to_translation(tmp_path: Path) -> None:
    """Build with SentencePiece's `char`, train, translate: spelled numbers, in combinations that were not seen."""
    pytest.importorskip("datasets")
    pytest.importorskip("lingua")
    from data_prep.cli import main as data_prep

    sentences = [words for count in (1, 2, 3) for words in itertools.product(ENGLISH, repeat=count)]
    lines = [f"{' '.join(words)}\t{' '.join(ENGLISH[word] for word in words)}\n" for words in sentences]
    (tmp_path / "numbers.tsv").write_text("".join(lines), encoding="utf-8")
    settings = ["--subwords", "char", "--vocab-size", "400", "--dev", "10", "--test", "10", "--num-proc", "1"]
    settings += ["--no-language-filter", "--out", str(tmp_path / "data")]
    assert data_prep(["build", "--pair", "es-en", "--source", f"tsv:{tmp_path / 'numbers.tsv'}", *settings]) == 0
    tokenizer, _ = load_tokenizers(tmp_path / "data")
    assert tokenizer.pieces(tokenizer.encode("dos tres")) == ["▁", *"dos", "▁", *"tres"]

    steps = {"steps": 200, "validate_every": 200, "save_every": 200, "log_every": 200}
    recipe = dataclasses.replace(
        tiny_recipe(**steps, lr=1e-2, label_smoothing=0.0),
        model=tiny_model_config("gru", "additive", vocab=0, hidden=64, layers=1),
        data=DataConfig(batch_tokens=800, length_step=20),
        # The guard counts pieces: four letters may well come again ("three three").
        decoding=DecodingConfig(no_repeat_ngram=0),
    )
    (tmp_path / "recipe.yaml").write_text(dump_config(recipe), encoding="utf-8")
    train(tmp_path / "recipe.yaml", tmp_path / "data", tmp_path / "run")

    test = Split(tmp_path / "data", "test")
    pairs = [test.text(index) for index in range(len(test))]
    translator = Translator.load(tmp_path / "run", "cpu")
    found = [translation.text for translation in translator.translate_batch([source for source, _ in pairs])]
    assert len(pairs) == 10
    assert sum(text == target for text, (_, target) in zip(found, pairs, strict=True)) >= 9
