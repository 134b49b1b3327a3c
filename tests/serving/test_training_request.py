"""nmt.serving.training_request: what may be trained, and the commands that do it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from nmt.commands.main import build_parser
from nmt.config import recipe_names
from nmt.serving import training_request
from nmt.serving.errors import PageError
from nmt.serving.training_request import commands, safe_name
from tests.support.pretended_trainings import (  # noqa: F401  # a fixture
    PAIRS,
    request_for,
    text_fixture,
    write_pairs,
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Médico nº 2", "Medico-no-2"), ("../../etc/passwd", "etc-passwd"), ("--out", "out"), ("a_b-1", "a_b-1"),
     ("; rm -rf ~", "rm-rf"), ("x" * 200, "x" * 60)],
)  # fmt: skip
def test_a_name_becomes_that_of_a_folder(typed: str, name: str) -> None:
    assert safe_name(typed) == name
    assert training_request.is_safe_name(name)


@pytest.mark.parametrize("typed", ["", "..", "-", "¿?", "日本"])
def test_a_name_without_letters_and_digits_is_refused(typed: str) -> None:
    with pytest.raises(PageError, match="Give the training a name"):
        safe_name(typed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "language-model"}, "no recipe language-model"),
        ({"recipe": "../tiny"}, "no recipe"),
        ({"recipe": "/etc/hostname"}, "no recipe"),
        ({"first": "Spanish"}, "not a language code"),
        ({"first": "--"}, "not a language code"),
        ({"second": "es"}, "Both columns"),
        ({"path": ""}, "Give one text"),
        ({"path": None}, "Give one text"),
        ({"path": "\ud800"}, "cannot be used"),
        ({"path": "", "upload": "/nowhere/gone.tsv"}, "no longer on the server"),
        ({"recipe": None}, "no recipe None"),
        ({"recipe": "\ud800"}, r"no recipe \?"),
        ({"first": "\ud800"}, "not a language code"),
        ({"steps": 10**400}, "Most steps"),
        ({"path": "nowhere.tsv"}, "nowhere.tsv: no such file"),
        ({"path": "."}, "not a file"),
        ({"path": "/dev/zero"}, "not a file"),
        ({"path": "a\0b"}, "cannot be used"),
        ({"path": "mine.tsv:es=0,en=1"}, "cannot be used"),
        ({"path": "mine.tsv@repeat=9"}, "cannot be used"),
        ({"vocab_size": 299}, "at least 300"),
        ({"vocab_size": 10**6}, "Pieces of the vocabulary: write a number from 0 to 32,000"),
        ({"steps": -1}, "Most steps"),
        ({"steps": 1.5}, "Most steps"),
        ({"steps": "1000"}, "Most steps"),
        ({"minutes": float("nan")}, "Most minutes"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, text: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PageError, match=message):
        request_for(tmp_path / "runs", text, **changes)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"only one column\n", "1 column"),
        (b"one\ttwo\tthree\n", "3 column"),
        (b"\tmissing\n", "one of the two columns is empty"),
        (b"missing\t \n", "one of the two columns is empty"),
        (b"caf\xe9\tcoffee\n", "not UTF-8"),
        (b"x" * training_request.MAX_LINE_BYTES, "longer than"),
    ],
)
def test_the_first_bad_line_is_named_by_file_and_number(text: Path, line: bytes, message: str) -> None:
    lines = text.read_bytes().splitlines(keepends=True)
    text.write_bytes(b"".join([*lines[:300], line, *lines[300:400], line, *lines[400:]]))
    with pytest.raises(PageError, match=f"mine.tsv:301: .*{message}"):
        request_for(text.parent, text)


def test_lines_are_counted_as_data_prep_does(text: Path) -> None:
    """Blank lines and a byte order mark are no error; CR LF is a line end."""
    lines = text.read_text(encoding="utf-8").splitlines()
    text.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(["", *lines, "", " \t "]).encode())
    assert request_for(text.parent, text).pairs == len(PAIRS)


def test_a_few_pairs_again_and_again_are_not_enough(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "few.tsv", 150)
    file.write_bytes(file.read_bytes() * 10)
    with pytest.raises(PageError, match=r"few\.tsv: only 150 different pairs; at least 200"):
        request_for(tmp_path, file)


def test_compressed_text_and_csv_are_refused_by_name(text: Path) -> None:
    for suffix in (".gz", ".CSV"):
        other = text.with_suffix(suffix)
        text.rename(other)
        with pytest.raises(PageError, match="only plain TSV"):
            request_for(text.parent, other)
        other.rename(text)


def test_an_unreadable_file_and_a_pipe_are_refused(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = text.parent / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PageError, match="not a file"):
        request_for(text.parent, pipe)
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    with pytest.raises(PageError, match="may not read it"):
        request_for(text.parent, text)


def test_an_upload_is_bounded_and_the_message_says_what_to_do(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_request, "MAX_UPLOAD_BYTES", 1000)
    with pytest.raises(PageError, match="mine.tsv is larger than .* give its path"):
        request_for(text.parent, text, upload=str(text), path="")


def test_a_file_of_the_server_is_bounded(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_request, "MAX_FILE_BYTES", 1000)
    with pytest.raises(PageError, match="mine.tsv is larger than .* nmt train"):
        request_for(text.parent, text)


def test_both_an_upload_and_a_path_are_one_too_many(text: Path) -> None:
    with pytest.raises(PageError, match="Give one text"):
        request_for(text.parent, text, upload=str(text))


@pytest.mark.parametrize("reverse", [False, True])
def test_the_commands_are_understood_as_they_are_meant(tmp_path: Path, reverse: bool) -> None:
    """By the parsers of both commands, after being typed into a shell."""
    pytest.importorskip("lingua", reason="the extra `data` is not installed")
    from data_prep.cli import make_parser, recipe_of
    from data_prep.recipe import Spec

    odd = write_pairs(tmp_path / 'it\'s; $(touch x) "mine".tsv')
    base = tmp_path / "my runs"
    request = request_for(base, odd, reverse=reverse, steps=300, minutes=1.5, language_filter=False)
    lines = [shlex.join(command) for command in commands(request, base / request.name).values()]
    prepare, train = (shlex.split(line) for line in lines)
    assert prepare[:3] == [sys.executable, "-m", "data_prep"] and train[:3] == [sys.executable, "-m", "nmt"]
    built = make_parser().parse_args(prepare[3:])
    recipe = recipe_of(built)
    assert recipe.pair == "es-en" and recipe.cleaning.language_filter is False
    assert recipe.subwords.vocab_size == request.vocab_size
    assert Spec.parse(recipe.sources[0].spec) == Spec("tsv", str(odd), {})
    trained = build_parser().parse_args(train[3:])
    assert (trained.recipe, trained.data, trained.out) == ("tiny", str(built.out), str(base / "toy" / "run"))
    limits = ["training.steps=300", "training.minutes=1.5"]
    assert trained.set == (["data.reverse=true", *limits] if reverse else limits)
    assert request.direction == (("en", "es") if reverse else ("es", "en"))


def test_every_recipe_of_a_translator_is_offered_and_no_other() -> None:
    offered = list(training_request.recipes())
    assert set(recipe_names()) - set(offered) == {"language-model"}
    assert offered[0] == "tiny"
