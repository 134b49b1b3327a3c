"""What the tests of the `nmt` command share: a tiny checkpoint, and commands that run in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from nmt.checkpoint.weights import named_weights, save_checkpoint
from nmt.commands.main import main
from nmt.config import Config
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import EOS
from nmt.translation.translator import Translator
from tests.conftest import tiny_model_config
from tests.support.commands import Run
from tests.support.uppercase_model import character_tokenizer, uppercase_translator


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model, in a run's folder for averaging: RUN/checkpoints/step-1."""
    tokenizer = character_tokenizer()
    config = Config("es", "en", model=tiny_model_config(vocab=len(tokenizer), hidden=16))
    run = tmp_path_factory.mktemp("run")
    for step in (1, 2):
        torch.manual_seed(step)
        model = Seq2Seq(config.model)
        model.output.bias.data[EOS] = 3.0
        save_checkpoint(run / "checkpoints" / f"step-{step}", config, named_weights(model), (tokenizer, tokenizer))
    return run / "checkpoints" / "step-1"


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
