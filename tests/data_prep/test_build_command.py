"""The command: an output folder that is there whole or not at all, mistakes in one line, no net."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets")
pytest.importorskip("lingua")

from data_prep.cli import main  # noqa: E402
from tests.support.built_datasets import PAIRS, SIZES, SMALL, build, read_split, write_tsv  # noqa: E402


def test_existing_folder_is_replaced_only_by_force(tmp_path, capsys):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "set"
    out.mkdir()
    build(out, "--source", corpus, *SIZES)  # an empty folder is no obstacle
    (out / "note.txt").write_text("mine")
    build(out, "--source", corpus, *SIZES, status=1)
    assert "exists and is not empty" in capsys.readouterr().err and (out / "note.txt").exists()
    build(out, "--source", corpus, *SIZES, "--force")
    assert not (out / "note.txt").exists() and sorted(path.name for path in tmp_path.iterdir()) == [
        "a.tsv",
        "set",
    ]


def test_force_deletes_no_folder_of_another_kind(tmp_path, capsys):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    build(out, "--source", corpus, "--force", status=1)
    assert "not a dataset folder" in capsys.readouterr().err and (out / "chapter.tex").exists()


@pytest.mark.parametrize("error, status", [(KeyboardInterrupt, 130), (OSError("No space left"), 1)])
def test_broken_off_build_leaves_the_old_folder_and_nothing_else(error, status, tmp_path, monkeypatch, capsys):
    corpus, out = write_tsv(tmp_path / "a.tsv"), tmp_path / "set"
    build(out, "--source", corpus, *SIZES)
    before = read_split(out, "train")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("data_prep.report.make_report", fail)
    build(out, "--source", corpus, *SIZES, "--force", status=status)
    assert read_split(out, "train") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "set"]
    assert "Traceback" not in capsys.readouterr().err


def test_a_build_clears_what_killed_ones_left_and_no_more(tmp_path):
    corpus, names = (
        write_tsv(tmp_path / "a.tsv"),
        (".set.building-killed", ".set.building-at-work", ".other.building-x"),
    )
    for name in names:
        (tmp_path / name / "work").mkdir(parents=True)
        (tmp_path / name / ".lock").touch()
    with open(tmp_path / names[1] / ".lock") as lock:  # as a build holds it that goes on
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(tmp_path / "set", "--source", corpus, *SIZES)
    assert [(tmp_path / name).exists() for name in names] == [False, True, True]
    assert not (tmp_path / "set" / ".lock").exists()


def test_user_error_is_one_line_with_file_and_line(tmp_path, capsys):
    corpus = tmp_path / "a.tsv"
    corpus.write_text("hola\thello\nadiós\n")
    build(tmp_path / "set", "--source", f"tsv:{corpus}", status=1)
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {corpus}:2: 1 columns instead of 2")
    assert not (tmp_path / "set").exists()


def test_report_of_something_else(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "no dataset folder" in capsys.readouterr().err
    for content in ("{", "[]", '{"sources": 3}'):
        (tmp_path / "report.json").write_text(content)
        assert main(["report", str(tmp_path)]) == 1
        assert "report.json: not the report of a dataset folder" in capsys.readouterr().err


def test_a_value_that_is_no_yaml(tmp_path, capsys):
    for value in ("[", "2024-13-45"):
        assert main(["build", "--set", f"pair={value}", "--out", str(tmp_path / "set")]) == 1
        assert capsys.readouterr().err == f"error: --set pair={value}: {value!r} is not a YAML value\n"


def test_names_and_licences_are_not_markup(tmp_path, capsys):
    source = f"{write_tsv(tmp_path / 'a.tsv')}@name=[/b],licence=CC [b]"
    build(tmp_path / "set", "--source", source, *SIZES)
    assert main(["report", str(tmp_path / "set")]) == 0
    assert "[/b]" in (shown := capsys.readouterr().out) and "CC [b]" in shown


def test_a_missing_package_is_named_with_its_remedy(tmp_path):
    (tmp_path / "lxml.py").write_text("raise ModuleNotFoundError(\"No module named 'lxml'\", name='lxml')")
    done = subprocess.run(
        [sys.executable, "-m", "data_prep", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])},
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the package lxml is missing; install the extra `data`: pip install -e '.[data]' -c constraints.txt\n"
    )


OFFLINE = """
import socket, sys
def refuse(*arguments):
    raise SystemExit("the net was used: " + repr(arguments))
socket.getaddrinfo = socket.socket.connect = refuse
import data_prep  # noqa: E402
from data_prep.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_command_builds_from_the_hub_form_without_the_net(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = [{"translation": {"es": es, "en": en}} for es, en in PAIRS]
    (corpus / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment["HF_HOME"] = str(tmp_path / "hub")
    command = [
        sys.executable,
        "-c",
        OFFLINE,
        "build",
        *SMALL,
        *SIZES,
        "--source",
        f"hf:{corpus}",
        "--out",
        "set",
    ]
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    rows = [row for name in ("train", "dev", "test") for row in read_split(tmp_path / "set", name)]
    assert sorted((row["source"], row["target"]) for row in rows) == sorted(PAIRS)


def test_wrong_usage_exits_with_2():
    with pytest.raises(SystemExit) as exit_:
        main(["build", "--vocab-size", "many", "--out", "x"])
    assert exit_.value.code == 2
