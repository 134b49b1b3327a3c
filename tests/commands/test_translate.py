"""`nmt translate`: one line for each line, at once, whatever comes in."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from nmt.translation.translator import Translator
from tests.support.commands import COMMAND, Run


def test_writes_one_line_for_each_line(run: Run, capitals: None) -> None:
    text = "hola\r\n\r\n   \n  sí. no. 😀 \nuno\u2028dos\x85tres\n123\n\x00\nmira http://a.es/b\n\nfin".encode()
    status, output, messages = run("translate", "--model", "any", stdin=text)
    assert (status, messages) == (0, "")
    assert output.decode().split("\n") == [
        "HOLA",
        "",
        "",
        "  SÍ. NO. 😀 ",
        "UNO\u2028DOS\x85TRES",
        "123",
        "\x00",
        "MIRA http://a.es/b",
        "",
        "FIN",
        "",
    ]


@pytest.mark.parametrize(("stdin", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"\n\n\n", 3)])
def test_line_counts_agree_at_the_edges(run: Run, capitals: None, stdin: bytes, lines: int) -> None:
    status, output, _ = run("translate", "--model", "any", stdin=stdin)
    assert (status, output.count(b"\n")) == (0, lines)
    assert output.strip(b"\n") == stdin.strip().upper()


def test_bad_bytes_cost_a_warning_but_no_line(run: Run, capitals: None) -> None:
    status, output, messages = run("translate", "--model", "any", stdin=b"uno\na\xf1o nuevo\ntres\n")
    assert (status, output.decode()) == (0, "UNO\nAO NUEVO\nTRES\n")
    assert messages.splitlines() == ["nmt: warning: line 2: not UTF-8 (invalid continuation byte), bad bytes replaced"]


def test_many_lines_come_in_order(run: Run, capitals: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nmt.translation.translator.WINDOW_LINES", 7)
    lines = [f"{'a' * (n % 5)}b {n}" for n in range(40)]
    status, output, _ = run("translate", "--model", "any", "--beam", 1, stdin="\n".join(lines).encode())
    assert (status, output.decode().splitlines()) == (0, [line.upper() for line in lines])


def test_plain_alternatives_share_the_line_by_tabs(run: Run, capitals: None) -> None:
    status, output, _ = run("translate", "--model", "any", "--n-best", 3, stdin=b"hola\n\n\tno\n123\n")
    lines = output.decode().split("\n")
    assert status == 0 and len(lines) == 5
    assert lines[0].split("\t")[0] == "HOLA" and len(set(lines[0].split("\t"))) == 3
    assert lines[1] == "" and lines[3] == "123"
    assert lines[2].split("\t")[0] == " NO", "a tab inside a translation would be taken for the separator"


def test_json_lines_hold_all_there_is(run: Run, capitals: None) -> None:
    text = "hola\n\nsí. no.\nuno\u2028dos".encode()
    status, output, _ = run("translate", "--model", "any", "--json", "--n-best", 2, stdin=text)
    assert status == 0
    records = [json.loads(line) for line in output.decode().splitlines()]
    assert [record["text"] for record in records] == ["HOLA", "", "SÍ. NO.", "UNO\u2028DOS"]
    assert [set(record) for record in records] == [
        {"text", "score", "alternatives", "tokens", "doubtful", "foreign"}
    ] * 4
    assert records[0]["tokens"] == ["▁", *"HOLA"] and records[0]["score"] < 0
    assert [len(record["alternatives"]) for record in records] == [1, 0, 1, 1]


def test_attention_comes_with_json(run: Run, capitals: None) -> None:
    _, output, _ = run("translate", "--model", "any", "--json", "--attention", stdin="no\n\nsí. no.".encode())
    one, none, two = (json.loads(line) for line in output.splitlines())
    assert one["source_tokens"] == ["▁", "n", "o", "</s>"]
    assert one["attention"] == torch.eye(4).tolist() == one["sentences"][0]["attention"]
    assert none["attention"] is None and none["sentences"] == []
    assert two["attention"] is None and [s["source"] for s in two["sentences"]] == ["sí.", "no."]


def test_translates_with_a_real_checkpoint(run: Run, checkpoint: Path) -> None:
    text = "hola\n\n¿qué tal, ana?\n"
    status, output, _ = run("translate", "--model", checkpoint, "--device", "cpu", "--beam", 2, stdin=text.encode())
    translator = Translator.load(checkpoint, "cpu")
    expected = [result.text for result in translator.translate_batch(text.splitlines(), beam=2)]
    assert (status, output.decode().splitlines()) == (0, expected)
    assert expected[0] and expected[2]


def test_a_closed_standard_input_is_one_clear_line(checkpoint: Path) -> None:
    command = " ".join([*COMMAND, "translate", "--model", str(checkpoint), "<&-"])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nmt: error: standard input") and done.stderr.count("\n") == 1


def test_answers_at_once_and_stops_cleanly_on_ctrl_c(checkpoint: Path) -> None:
    """A program that writes a line and waits gets its answer; Ctrl-C then ends without a traceback."""
    command = [*COMMAND, "translate", "--model", str(checkpoint), "--device", "cpu"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"hola\n")
        assert process.stdout.readline().endswith(b"\n")
        process.stdin.write("¿qué?\n".encode())
        assert process.stdout.readline().endswith(b"\n")
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"nmt: interrupted\n"
        assert process.wait() == 130


def test_a_reader_that_has_enough_is_no_error(checkpoint: Path) -> None:
    command = [*COMMAND, "translate", "--model", str(checkpoint), "--device", "cpu", "--beam", "1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"hola\n")
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"hola\n" * 10)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_glossary_holds_inside_of_sentences(run: Run, capitals: None, tmp_path: Path) -> None:
    (tmp_path / "terms.tsv").write_text("ana\tHannah\n")
    options = ("--model", "any", "--glossary", tmp_path / "terms.tsv")
    assert run("translate", *options, stdin=b"hoy ana viene\n")[1] == b"HOY Hannah VIENE\n"
    (tmp_path / "in.txt").write_text("hoy ana viene\n")
    assert run("translate-file", tmp_path / "in.txt", tmp_path / "out.txt", *options)[0] == 0
    assert (tmp_path / "out.txt").read_text() == "HOY Hannah VIENE\n"
