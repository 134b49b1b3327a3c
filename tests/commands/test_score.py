"""`nmt score`: translations made before or by a model, compared with a baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sacrebleu

from tests.support.commands import Run


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_scores_hypotheses_made_before(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        h="the cat sat on the mat\nyes it is\n",
        r="the cat sat on a mat\nyes it is\n",
        r2="x\nyes it is\n",
    )
    status, output, _ = run("score", "--hypothesis", "h", "--reference", "r", "--json")
    figures = json.loads(output)
    hypotheses, references = ["the cat sat on the mat", "yes it is"], ["the cat sat on a mat", "yes it is"]
    assert status == 0 and figures["sentences"] == 2
    assert figures["BLEU"]["value"] == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references]).score)
    assert "tok:13a" in figures["BLEU"]["signature"] and {"chrF2", "TER"} < set(figures)
    status, output, _ = run("score", "--hypothesis", "h", "--reference", "r", "--reference", "r2")
    assert [line.split()[0] for line in output.decode().splitlines()] == ["BLEU", "chrF2", "TER"]
    assert output.count(b"nrefs:2|") == 3


def test_compares_with_a_baseline(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"the cat number {n} sat on the mat" for n in range(30)]
    write(
        tmp_path,
        r="\n".join(lines),
        h="\n".join(lines),
        b="\n".join(line.replace("cat", "dog") for line in lines),
    )
    status, output, _ = run("score", "--hypothesis", "h", "--reference", "r", "--baseline", "b", "--json")
    bleu = json.loads(output)["BLEU"]
    assert status == 0 and bleu["system"] == pytest.approx(100) and bleu["baseline"] < 80
    assert bleu["p_value"] < 0.01 and bleu["significant"] is True
    assert "bs:1000|seed:12345" in bleu["signature"]


def test_scores_a_model_and_keeps_its_translations(
    run: Run, capitals: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, s="hola ana. ¿qué tal?\n\nno\n", r="HOLA ANA. ¿QUÉ TAL?\n\nNO\n")
    status, output, _ = run("score", "--model", "any", "--source", "s", "--reference", "r", "--save", "out", "--json")
    assert status == 0 and json.loads(output)["BLEU"]["value"] == pytest.approx(100)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "r").read_bytes()


def test_unequal_files_are_refused_before_translating(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, s="a\nb\nc\n", r="a\nb\n")
    status, _, messages = run("score", "--model", "nowhere", "--source", "s", "--reference", "r")
    assert (status, messages) == (
        1,
        "nmt: error: s has 3 lines, r has 2: they must correspond line by line\n",
    )
