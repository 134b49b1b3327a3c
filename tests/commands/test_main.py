"""The `nmt` command as other people's scripts see it: what it reads, writes, and exits with."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sacrebleu
import torch

import nmt.checkpoint.weights
import nmt.training.trainer
from nmt.checkpoint.weights import load_model, named_weights, save_checkpoint
from nmt.commands.main import main
from nmt.config import Config
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS
from nmt.training.resume import Progress
from nmt.translation.translator import Translator
from tests.conftest import tiny_model_config
from tests.support.uppercase_model import character_tokenizer, uppercase_translator

COMMAND = [sys.executable, "-m", "nmt"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model, in a run's folder for averaging: RUN/checkpoints/step-1."""
    tokenizer = character_tokenizer()
    config = Config("es", "en", model=tiny_model_config(vocab=len(tokenizer), hidden=16))
    run = tmp_path_factory.mktemp("run")
    for step in (1, 2):
        torch.manual_seed(step)
        model = Seq2Seq(config.model)
        model.output.bias.data[EOS] = 3.0
        save_checkpoint(
            run / "checkpoints" / f"step-{step}", config, named_weights(model), (tokenizer, tokenizer)
        )
    return run / "checkpoints" / "step-1"


Run = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process: run("translate", ..., stdin=b"...") -> status, output, messages."""

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, bytes, str]:
        (tmp_path / "stdin").write_bytes(stdin)
        with open(tmp_path / "stdin") as file:
            monkeypatch.setattr(sys, "stdin", file)
            status = main([str(argument) for argument in arguments])
        output, messages = capfdbinary.readouterr()
        return status, output, messages.decode()

    return run


@pytest.fixture
def capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever checkpoint is asked for, the upper-casing model answers."""
    monkeypatch.setattr(Translator, "load", lambda *_, **__: uppercase_translator()[0])


def test_writes_one_line_for_each_line(run: Run, capitals: None) -> None:
    text = (
        "hola\r\n\r\n   \n  sí. no. 😀 \nuno\u2028dos\x85tres\n123\n\x00\nmira http://a.es/b\n\nfin".encode()
    )
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
    assert messages.splitlines() == [
        "nmt: warning: line 2: not UTF-8 (invalid continuation byte), bad bytes replaced"
    ]


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
    assert [set(record) for record in records] == [{"text", "score", "alternatives", "tokens"}] * 4
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
    status, output, _ = run(
        "translate", "--model", checkpoint, "--device", "cpu", "--beam", 2, stdin=text.encode()
    )
    translator = Translator.load(checkpoint, "cpu")
    expected = [result.text for result in translator.translate_batch(text.splitlines(), beam=2)]
    assert (status, output.decode().splitlines()) == (0, expected)
    assert expected[0] and expected[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["translate", "--model", "nowhere"], "nowhere: no such checkpoint folder"),
        (["translate", "--model", "CHECKPOINT", "--n-best", "9"], "n-best is 9.*beam size"),
        (["translate", "--model", "CHECKPOINT", "--beam", "1000000"], "beam is 1000000.*more than 1000"),
        (["info", "nowhere"], "nowhere: no such checkpoint"),
        (["average", "nowhere", "--out", "x"], "nowhere"),
        (["train", "no-such-recipe", "--data", "x", "--out", "x"], "no-such-recipe: no such recipe"),
        (["score", "--hypothesis", "nowhere.en", "--reference", "x"], "nowhere.en: cannot read it"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_1(
    run: Run,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, output, messages = run(*[str(checkpoint) if a == "CHECKPOINT" else a for a in arguments])
    assert (status, output) == (1, b"")
    assert messages.startswith("nmt: error: ") and messages.count("\n") == 1
    assert re.search(message, messages)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["translate"],
        ["translate", "--model", "x", "--beam", "0"],
        ["translate", "--model", "x", "--n-best", "two"],
        ["translate", "--model", "x", "--device", "tpu"],
        ["translate", "--model", "x", "--attention"],
        ["score", "--reference", "r"],
        ["score", "--reference", "r", "--hypothesis", "h", "--model", "m", "--source", "s"],
        ["score", "--reference", "r", "--model", "m"],
        ["score", "--reference", "r", "--hypothesis", "h", "--source", "s"],
        ["score", "--reference", "r", "--hypothesis", "h", "--save", "s"],
        ["score", "--hypothesis", "h"],
        ["average", "run"],
        ["train", "tiny"],
        ["train", "--data", "d", "--out", "o"],
        ["train", "tiny", "--data", "d", "--out", "o", "--resume", "--init", "c"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: nmt" in capsys.readouterr().err


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
    status, output, _ = run(
        "score", "--model", "any", "--source", "s", "--reference", "r", "--save", "out", "--json"
    )
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


def test_train_passes_on_what_it_was_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        nmt.training.trainer, "train", lambda *arguments: calls.append(arguments) or Progress()
    )
    arguments = [
        "train",
        "tiny",
        "--data",
        "D",
        "--out",
        "R",
        "--resume",
        "--set",
        "training.lr=1",
        "--set",
        "a.b=c",
    ]
    assert run(*arguments)[0] == 0
    assert run("train", "tiny", "--data", "D", "--out", "R")[0] == 0
    assert run("train", "tiny", "--data", "D", "--out", "R", "--init", "C")[0] == 0
    assert run("train", "--resume", "--data", "D", "--out", "R")[0] == 0
    assert calls == [
        ("tiny", "D", "R", True, ["training.lr=1", "a.b=c"], None),
        ("tiny", "D", "R", False, [], None),
        ("tiny", "D", "R", False, [], "C"),
        (None, "D", "R", True, [], None),
    ]


def test_a_closed_standard_input_is_one_clear_line(checkpoint: Path) -> None:
    command = " ".join([*COMMAND, "translate", "--model", str(checkpoint), "<&-"])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nmt: error: standard input") and done.stderr.count("\n") == 1


def test_a_closed_standard_output_is_no_traceback() -> None:
    done = subprocess.run(
        ["sh", "-c", " ".join([*COMMAND, "recipes", ">&-"])], capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr


def test_average_writes_a_checkpoint_that_info_describes(run: Run, checkpoint: Path, tmp_path: Path) -> None:
    status, output, _ = run("average", checkpoint.parent.parent, "--last", 2, "--out", tmp_path / "mean")
    assert (status, output.decode()) == (0, f"{tmp_path / 'mean'}: the mean of step-1, step-2\n")
    first, second, mean = (
        load_model(folder).model.output.bias
        for folder in (checkpoint, checkpoint.parent / "step-2", tmp_path / "mean")
    )
    assert torch.allclose(mean, (first + second) / 2, atol=1e-2)
    status, output, _ = run("info", tmp_path / "mean")
    assert (status, output.decode()) == (0, nmt.commands.info.describe(tmp_path / "mean") + "\n")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"nmt {importlib.metadata.version('recurrent-nmt')}\n"


def test_pictures_name_what_to_install(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the extra of this project that has it, from the folder of the project: no registry has the project."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "nmt.lab.plots", raising=False)
    status, _, messages = run("lab", "clipping", "--plot", tmp_path / "picture.svg")
    assert status == 1
    (extra,) = re.findall(r"pip install -e '\.\[(\w+)\]'", messages)
    needs = importlib.metadata.requires("recurrent-nmt") or []
    assert any(need.startswith("matplotlib") and f'extra == "{extra}"' in need for need in needs)


def test_recipes_are_listed(run: Run) -> None:
    status, output, _ = run("recipes")
    assert status == 0 and "tiny" in output.decode().splitlines()


@pytest.mark.parametrize("command", ["translate", "score", "train", "average", "info", "recipes"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: nmt {command}") and max(map(len, text.splitlines())) <= 100


def test_help_is_quick_and_torch_stays_out() -> None:
    code = (
        "import sys, nmt, nmt.commands.main\n"
        "try: nmt.commands.main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'sacrebleu', 'rich', 'sentencepiece'} & set(sys.modules)\n"
        "print(sorted(heavy), hasattr(nmt, 'Translator'))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: nmt" in result.stdout
    assert result.stdout.splitlines()[-1] == "[] True"


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_reported(checkpoint: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "recipes"]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "nmt: error: No space left on device"
    assert "Traceback" not in result.stderr
