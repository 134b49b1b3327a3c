"""What several test files share: tiny configurations, toy data in the form that `data_prep` writes."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.support")

# Before torch is imported: one thread, and nothing asks a hub.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import datasets
import sentencepiece
import torch

from nmt.config import (
    AttentionConfig,
    Config,
    DataConfig,
    DecoderConfig,
    DropoutConfig,
    EncoderConfig,
    ModelConfig,
    TrainingConfig,
)
from nmt.text.tokenizer import Tokenizer

torch.set_num_threads(1)

# A shell's background job ignores Ctrl-C, and so would the programs that tests start, and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what runs in a browser, so that `-m browser` finds it."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


WORDS = "uno dos tres cuatro cinco seis siete ocho nueve diez".split()
NO_DROPOUT = DropoutConfig(embedding=0.0, layer=0.0, recurrent=0.0, attention=0.0, word=0.0)


def tiny_model_config(
    cell: str = "lstm",
    attention: str = "multihead",
    vocab: int = 20,
    hidden: int = 8,
    layers: int = 2,
    input_feeding: bool = False,
    bidirectional: bool = True,
    dropout: DropoutConfig = NO_DROPOUT,
    kind: str = "recurrent",
    **changes: object,
) -> ModelConfig:
    """A ModelConfig small enough for exhaustive tests."""
    settings: dict[str, object] = {
        "source_vocab": vocab,
        "target_vocab": vocab,
        "embedding": hidden,
        **changes,
    }
    return ModelConfig(
        encoder=EncoderConfig(cell, layers, hidden, bidirectional, kind),  # type: ignore[arg-type]
        attention=AttentionConfig(attention, 2, hidden),  # type: ignore[arg-type]
        decoder=DecoderConfig(cell, layers, hidden, input_feeding),  # type: ignore[arg-type]
        dropout=dropout,
        **settings,  # type: ignore[arg-type]
    )


def write_dataset(folder: Path, splits: dict[str, list[tuple[str, str]]], vocab: int = 60) -> Path:
    """A dataset folder as `data_prep` writes it, from pairs of text."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [text for pairs in splits.values() for pair in pairs for text in pair]
    with open(folder / "joint.spm", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=file,
            vocab_size=vocab,
            hard_vocab_limit=False,
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            minloglevel=2,
        )
    tokenizer = Tokenizer.load(folder / "joint.spm")
    features = datasets.Features(
        {
            "source": datasets.Value("string"),
            "target": datasets.Value("string"),
            "source_ids": datasets.List(datasets.Value("int32")),
            "target_ids": datasets.List(datasets.Value("int32")),
        }
    )
    for name, pairs in splits.items():
        source, target = ([pair[side] for pair in pairs] for side in (0, 1))
        columns = {
            "source": source,
            "target": target,
            "source_ids": tokenizer.encode_batch(source),
            "target_ids": tokenizer.encode_batch(target),
        }
        datasets.Dataset.from_dict(columns, features=features).save_to_disk(str(folder / name))
    (folder / "data.yaml").write_text("pair: es-en\n", encoding="utf-8")
    return folder


def toy_pairs(
    task: Callable[[list[str]], list[str]], count: int, longest: int = 6, seed: int = 0
) -> list[tuple[str, str]]:
    """Random sentences of number words, and what `task` makes of each."""
    rng = random.Random(seed)
    sentences = [rng.choices(WORDS, k=rng.randint(1, longest)) for _ in range(count)]
    return [(" ".join(words), " ".join(task(words))) for words in sentences]


@pytest.fixture(scope="session")
def reversal_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy task "say it backwards", 800 pairs to learn from."""
    pairs = toy_pairs(lambda words: words[::-1], 900)
    splits = {"train": pairs[:800], "dev": pairs[800:850], "test": pairs[850:]}
    return write_dataset(tmp_path_factory.mktemp("data") / "reversal", splits)


def tiny_recipe(**training: object) -> Config:
    """A recipe that trains in seconds."""
    settings: dict[str, object] = {
        "steps": 20,
        "lr": 5e-3,
        "warmup": 5,
        "log_every": 5,
        "validate_every": 10,
        "save_every": 5,
        "precision": "float32",
        "valid_sentences": 20,
        "samples": 2,
        **training,
    }
    return Config(
        model=tiny_model_config(cell="gru", vocab=0, hidden=32, dropout=DropoutConfig(0.1, 0.1, 0.1, 0.1, 0.1)),
        data=DataConfig(batch_tokens=300),
        training=TrainingConfig(**settings),  # type: ignore[arg-type]
    )


def run_lab(*arguments: str) -> None:
    """`nmt lab ARGUMENTS`, but a UserError comes through."""
    from nmt.commands.main import build_parser

    parsed = build_parser().parse_args(["lab", *arguments])
    parsed.run(parsed)
