"""Recipes: what is read, what is refused, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.config import (
    AttentionConfig,
    Config,
    DropoutConfig,
    EncoderConfig,
    ModelConfig,
    dump_config,
    load_config,
    recipe_names,
)
from nmt.errors import UserError


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_packaged_recipe_loads_and_survives_a_round_trip(tmp_path: Path) -> None:
    assert {"tiny", "tatoeba-cpu"} <= set(recipe_names())
    for name in recipe_names():
        config = load_config(name)
        assert load_config(write(tmp_path, dump_config(config))) == config


def test_overrides_win_and_keep_their_type(tmp_path: Path) -> None:
    path = write(tmp_path, "training:\n  lr: 0.5\n  steps: 7\n")
    config = load_config(path, ["training.lr=1e-3", "model.encoder.cell=rnn", "training.betas=[0.8, 0.9]"])
    assert (config.training.lr, config.training.steps, config.model.encoder.cell) == (1e-3, 7, "rnn")
    assert config.training.betas == (0.8, 0.9)


@pytest.mark.parametrize(
    "text,place,words",
    [
        ("model:\n  embeding: 3\n", ":2", "unknown key 'model.embeding'; did you mean 'embedding'?"),
        ("training:\n  steps: 5\n  lr: fast\n", ":3", "training.lr is 'fast', expected float"),
        ("model:\n  encoder:\n    cell: transformer\n", ":3", "expected one of: rnn, gru, lstm"),
        ("data:\n  reverse: 1\n", ":2", "data.reverse is 1, expected bool"),
        ("training: 3\n", ":1", "expected a section"),
        ("model:\n  encoder:\n    hidden: 7\n", ":2", "needs an even number"),
        ("training:\n  steps: 0\n", ":1", "at least 1"),
        ("model: [\n", "", "not valid YAML"),
        ("decoding: []\n", ":1", "expected a section"),
        ("training:\n  lr: .nan\n", ":2", "finite number"),
        ("training:\n  minutes: .inf\n", ":2", "finite number"),
        ("training:\n  betas: [2, 3]\n", ":1", "below 1"),
        ("training:\n  seed: -1\n", ":1", "at least 0"),
        ("training:\n  valid_sentences: 0\n", ":1", "at least 1"),
        ("training:\n  clip: 0\n", ":1", "above 0"),
        ("training:\n  ema: 1.0\n", ":1", "between 0 and 1"),
        ("data:\n  batch_tokens: 0\n", ":1", "at least 1"),
        ("data:\n  reverse: true\n  both_directions: true\n", ":1", "choose one of them"),
        ("training:\n  schedule: stable_decay\n  decay: 1.5\n", ":1", "training.decay is 1.5"),
        ("decoding:\n  length_penalty: 400\n", ":1", "from -10 to 10"),
        ("decoding:\n  max_length_ratio: -3\n", ":1", "at least 0"),
        ("model: &a\n  encoder: *a\n", "", "refers to itself"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, place: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}{place}")
    assert words in str(caught.value)


def test_mistakes_on_the_command_line_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "{}")
    for override, words in (
        ("training.lr=[", "not a YAML value"),
        ("training.lrr=1", "did you mean 'lr'"),
        ("training.lr", "section.key=value"),
        ("training.lr=x", "expected float"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            load_config(path, [override])
        assert "--set" in str(caught.value)


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match="tatoeba-cpu"):
        load_config("no-such-recipe")


def test_impossible_combinations_are_refused() -> None:
    with pytest.raises(UserError, match="make them equal or use 'general'"):
        ModelConfig(encoder=EncoderConfig(hidden=64), attention=AttentionConfig("dot"))
    with pytest.raises(UserError, match="not a multiple"):
        AttentionConfig("multihead", heads=3, size=512)
    with pytest.raises(UserError, match="joint vocabulary"):
        ModelConfig(source_vocab=10, target_vocab=12, tied_embeddings="all")
    with pytest.raises(UserError, match="probability"):
        DropoutConfig(word=1.0)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_bytes(b"model: {}\n\xff")
    with pytest.raises(UserError, match="cannot be read as UTF-8"):
        load_config(tmp_path / "recipe.yaml")


def test_an_empty_section_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "decoding:\nmodel:\n")) == Config()


def test_an_empty_recipe_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "")) == Config()
