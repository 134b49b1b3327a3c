"""`nmt translate-corpus`: every line once and in its place, also after a kill, also on Ray."""

from __future__ import annotations

import lzma
import signal
import subprocess
import time
from pathlib import Path

import pytest

from nmt.commands import translate_corpus
from nmt.commands.main import main
from tests.support.commands import COMMAND, Run

LINES = ["hola", "", "  sí. no. 😀 ", "uno\u2028dos\x85tres", "123", *(f"línea {n}" for n in range(20))]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(translate_corpus, "SHARD_LINES", 4)
    file = tmp_path / "in.es"
    file.write_bytes("\n".join(LINES).encode())
    return file


def test_lines_of_all_files_in_their_order(run: Run, capitals: None, corpus: Path, checkpoint: Path) -> None:
    more, out = corpus.with_name("more.es.xz"), corpus.with_name("out.en")
    more.write_bytes(lzma.compress(b"otra\r\nmal \xff byte\n"))
    status, output, messages = run("translate-corpus", corpus, more, out, "--model", checkpoint)
    assert (status, output, messages) == (0, b"", "")
    found = out.read_text(encoding="utf-8").split("\n")
    assert found[:5] == ["HOLA", "", "  SÍ. NO. 😀 ", "UNO\u2028DOS\x85TRES", "123"]
    assert found[5:25] == [f"LÍNEA {n}" for n in range(20)] and found[25] == "OTRA" and found[27:] == [""]
    assert sorted(path.name for path in corpus.parent.iterdir() if path.name.startswith("out")) == ["out.en"]
    assert run("translate-corpus", corpus, out, "--model", checkpoint)[2].endswith("add --force to replace it\n")


def test_scores_and_n_best(run: Run, capitals: None, corpus: Path, checkpoint: Path) -> None:
    out = corpus.with_name("out.en")
    assert run("translate-corpus", corpus, out, "--model", checkpoint, "--n-best", 2, "--scores")[0] == 0
    rows = [line.split("\t") for line in out.read_text(encoding="utf-8").split("\n")[:-1]]
    assert len(rows) == len(LINES) and len(rows[5]) == 3
    assert float(rows[5][0]) < 0 and rows[5][1] == "LÍNEA 0" != rows[5][2]


def test_what_was_done_before_a_failure_is_not_done_again(
    run: Run, capitals: None, corpus: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    call = translate_corpus.Worker.__call__

    def fails_at_the_fourth(self: translate_corpus.Worker, row: dict[str, int]) -> dict[str, int]:
        done.append(row["number"])
        if len(done) == 4:
            raise OSError("no space left")
        return call(self, row)

    monkeypatch.setattr(translate_corpus.Worker, "__call__", fails_at_the_fourth)
    out = corpus.with_name("out.en")
    assert run("translate-corpus", corpus, out, "--model", checkpoint)[0] == 1 and not out.exists()
    assert "other files or options" in run("translate-corpus", corpus, out, "--model", checkpoint, "--scores")[2]
    assert run("translate-corpus", corpus, out, "--model", checkpoint)[0] == 0
    assert done == [0, 1, 2, 3, 3, 4, 5, 6]
    assert out.read_text(encoding="utf-8").count("\n") == len(LINES)


def test_a_killed_run_goes_on(tmp_path: Path, checkpoint: Path) -> None:
    text = "".join(f"línea {number}\n" for number in range(6000))
    (tmp_path / "in.es").write_text(text, encoding="utf-8")
    command = [*COMMAND, "translate-corpus", str(tmp_path / "in.es"), "--model", str(checkpoint)]
    running = subprocess.Popen([*command, str(tmp_path / "out.en")])
    parts = tmp_path / "out.en.parts"
    while not (parts / "0.out").exists() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "out.en").exists() and (parts / "plan.json").exists()
    for out in ("out.en", "again.en"):
        assert main([*command[3:], str(tmp_path / out)]) == 0
    assert (tmp_path / "out.en").read_bytes() == (tmp_path / "again.en").read_bytes()
    assert (tmp_path / "out.en").read_bytes().count(b"\n") == 6000


def test_sampling_gives_others_by_another_seed_and_the_same_by_the_same(
    run: Run, corpus: Path, checkpoint: Path
) -> None:
    def sampled(name: str, *options: object) -> list[str]:
        arguments = [corpus, corpus.with_name(name), "--model", checkpoint, "--sample", *options]
        assert run("translate-corpus", *arguments)[0] == 0
        return corpus.with_name(name).read_text(encoding="utf-8").split("\n")

    first, cold = sampled("a", 1.0), sampled("b", 0.0001)
    assert first == sampled("c", 1.0) != sampled("d", 1.0, "--seed", 2)
    assert run("translate-corpus", corpus, corpus.with_name("e"), "--model", checkpoint, "--beam", 1)[0] == 0
    assert cold == corpus.with_name("e").read_text(encoding="utf-8").split("\n") != first


def test_mistakes_are_one_sentence(run: Run, corpus: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = corpus.with_name("out.en")

    def message(*arguments: object) -> str:
        status, _, messages = run("translate-corpus", *arguments, "--model", checkpoint)
        assert status == 1 and messages.count("\n") == 1
        return messages

    assert "nowhere: cannot read it: No such file" in message(corpus.with_name("nowhere"), out)
    assert "a temperature above 0" in message(corpus, out, "--sample", 0)
    assert "leave out --n-best and --beam" in message(corpus, out, "--sample", 1, "--n-best", 2)
    assert "choose local, ray" in message(corpus, out, "--engine", "spark")
    damaged = corpus.with_name("damaged.xz")
    damaged.write_bytes(lzma.compress(b"x" * 1000)[:-20])
    assert "damaged.xz: cannot read it" in message(damaged, corpus.with_name("other.en"))
    monkeypatch.setattr(translate_corpus, "MAX_LINE_BYTES", 10)
    assert "in.es:3 is longer than 10 bytes" in message(corpus, corpus.with_name("third.en"))


def test_ray_gives_the_same(run: Run, corpus: Path, checkpoint: Path) -> None:
    pytest.importorskip("ray")
    for name, engine in (("local.en", "local"), ("ray.en", "ray")):
        out = corpus.with_name(name)
        assert run("translate-corpus", corpus, out, "--model", checkpoint, "--engine", engine, "--workers", 2)[0] == 0
    assert corpus.with_name("ray.en").read_bytes() == corpus.with_name("local.en").read_bytes()
