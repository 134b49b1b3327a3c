"""Checkpoint folders: what is saved comes back, what is damaged is named, a kill leaves something whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from nmt.checkpoint import weights
from nmt.checkpoint.averaging import average
from nmt.checkpoint.weights import load_model, named_weights, save_checkpoint
from nmt.commands.info import describe
from nmt.config import Config
from nmt.errors import UserError
from nmt.files import write_folder_atomically
from nmt.network.model import Seq2Seq
from nmt.text.tokenizer import load_tokenizers
from tests.conftest import tiny_model_config


@pytest.fixture
def saved(reversal_data: Path, tmp_path: Path) -> tuple[Path, Seq2Seq, Config]:
    """A random model's checkpoint folder, the model, its configuration."""
    tokenizers = load_tokenizers(reversal_data)
    config = Config("es", "en", tiny_model_config(vocab=len(tokenizers[0])))
    torch.manual_seed(0)
    model = Seq2Seq(config.model).eval()
    save_checkpoint(tmp_path / "model", config, named_weights(model), tokenizers, {"step": "3"})
    return tmp_path / "model", model, config


def outputs(model: Seq2Seq) -> torch.Tensor:
    with torch.inference_mode():
        return model(torch.tensor([[5, 6, 3]]), None, torch.tensor([[2, 7]]))


def test_a_loaded_model_computes_what_the_saved_one_did(saved: tuple[Path, Seq2Seq, Config]) -> None:
    folder, model, config = saved
    loaded = load_model(folder)
    assert loaded.config == config and loaded.notes == {"step": "3"}
    assert torch.equal(outputs(loaded.model), outputs(model))
    assert not loaded.model.training
    assert loaded.source_tokenizer is loaded.target_tokenizer


def test_big_weights_are_cut_into_shards(
    saved: tuple[Path, Seq2Seq, Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model, config = saved
    tokenizers = load_tokenizers(folder)
    monkeypatch.setattr(weights, "MAX_SHARD_BYTES", 4000)
    save_checkpoint(tmp_path / "shards", config, named_weights(model), tokenizers)
    shards = sorted((tmp_path / "shards").glob("model-*.safetensors"))
    assert len(shards) > 2
    assert torch.equal(outputs(load_model(tmp_path / "shards").model), outputs(model))
    shards[1].unlink()
    with pytest.raises(UserError, match="weight files"):
        load_model(tmp_path / "shards")


def test_half_precision_halves_the_file(saved: tuple[Path, Seq2Seq, Config], tmp_path: Path) -> None:
    folder, model, config = saved
    save_checkpoint(tmp_path / "half", config, named_weights(model), load_tokenizers(folder), dtype=torch.float16)
    full, half = ((f / "model.safetensors").stat().st_size for f in (folder, tmp_path / "half"))
    assert half < 0.65 * full  # the header stays
    torch.testing.assert_close(outputs(load_model(tmp_path / "half").model), outputs(model), atol=1e-2, rtol=1e-2)


def test_every_byte_of_a_cut_off_file_gives_one_sentence(saved: tuple[Path, Seq2Seq, Config]) -> None:
    folder, _, _ = saved
    whole = (folder / "model.safetensors").read_bytes()
    for size in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        (folder / "model.safetensors").write_bytes(whole[:size])
        with pytest.raises(UserError, match="not a whole safetensors file") as caught:
            load_model(folder)
        assert "\n" not in str(caught.value)


def test_foreign_folders_give_one_sentence(saved: tuple[Path, Seq2Seq, Config], tmp_path: Path) -> None:
    folder, model, config = saved
    with pytest.raises(UserError, match="no such checkpoint"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(UserError, match="it has no config.yaml"):
        load_model(tmp_path)
    other = Seq2Seq(tiny_model_config(cell="gru", vocab=config.model.source_vocab))
    shutil.rmtree(tmp_path / "foreign", ignore_errors=True)
    shutil.copytree(folder, tmp_path / "foreign")
    weights.write_weights(tmp_path / "foreign", named_weights(other), {})
    with pytest.raises(UserError, match="do not fit config.yaml"):
        load_model(tmp_path / "foreign")
    (folder / "joint.spm").write_bytes(b"not a model")
    with pytest.raises(UserError, match="not a SentencePiece model"):
        load_model(folder)
    (folder / "joint.spm").unlink()
    with pytest.raises(UserError, match="joint.spm"):
        load_model(folder)


def test_average_is_the_mean_of_the_last(saved: tuple[Path, Seq2Seq, Config], tmp_path: Path) -> None:
    folder, model, config = saved
    tokenizers = load_tokenizers(folder)
    run = tmp_path / "run"
    for step in (100, 200, 1000):
        weights = {name: torch.full_like(weight, step / 1000) for name, weight in named_weights(model).items()}
        save_checkpoint(run / "checkpoints" / f"step-{step:07}", config, weights, tokenizers)
    used = average([run], 2, tmp_path / "mean")
    assert [path.name for path in used] == ["step-0000200", "step-0001000"]
    for weight in named_weights(load_model(tmp_path / "mean").model).values():
        torch.testing.assert_close(weight, torch.full_like(weight, 0.6), atol=1e-3, rtol=0)
    named = [run / "checkpoints" / "step-0000100", run / "checkpoints" / "step-0001000"]
    assert average(named, 5, tmp_path / "of_two") == named
    for weight in named_weights(load_model(tmp_path / "of_two").model).values():
        torch.testing.assert_close(weight, torch.full_like(weight, 0.55), atol=1e-3, rtol=0)
    with pytest.raises(UserError, match="exists already"):
        average([run], 2, tmp_path / "mean")
    with pytest.raises(UserError, match="no checkpoints to average"):
        average([tmp_path / "empty"], 2, tmp_path / "other")


def test_describe_says_what_it_is(saved: tuple[Path, Seq2Seq, Config]) -> None:
    folder, model, _ = saved
    text = describe(folder)
    assert "es → en" in text and "bidirectional lstm" in text
    assert f"{sum(p.numel() for p in model.parameters()):,}" in text


def test_a_failed_save_leaves_the_old_folder(tmp_path: Path) -> None:
    def good(folder: Path) -> None:
        (folder / "file").write_text("old")

    def bad(folder: Path) -> None:
        (folder / "file").write_text("half of the n")
        raise OSError("disk full")

    write_folder_atomically(tmp_path / "folder", good)
    with pytest.raises(UserError, match="disk full"):
        write_folder_atomically(tmp_path / "folder", bad)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "file").read_text() == "old"


def test_a_kill_between_the_renames_of_a_save_loses_nothing(saved: tuple[Path, Seq2Seq, Config]) -> None:
    folder, model, config = saved
    folder.rename(folder.with_name(f".{folder.name}.previous"))  # as far as such a save had come
    assert torch.equal(outputs(load_model(folder).model), outputs(model))
    with pytest.raises(UserError):
        write_folder_atomically(folder, lambda partial: (_ for _ in ()).throw(OSError("disk full")))
    assert torch.equal(outputs(load_model(folder).model), outputs(model))
    save_checkpoint(folder, config, named_weights(model), load_tokenizers(folder))
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_kill_9_in_the_middle_of_a_save_leaves_a_loadable_checkpoint(
    saved: tuple[Path, Seq2Seq, Config],
) -> None:
    """A save is killed at each of its system calls in turn, and half-way through writing the weights;
    whatever lies there then must load, as the old weights or the new ones."""
    script = textwrap.dedent("""
        import os, pathlib, shutil, signal, sys
        import torch
        from nmt.checkpoint import weights as checkpoint

        def die(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)

        def half(file, data):
            file.open("wb").write(data[: len(data) // 2])
            die()

        folder = sys.argv[1]
        loaded = checkpoint.load_model(folder)
        weights = checkpoint.named_weights(loaded.model)
        old = weights["output.bias"].clone()
        changed = {name: weight + 1 for name, weight in weights.items()}
        tokenizers = (loaded.source_tokenizer, loaded.target_tokenizer)

        def save_and_die_at(call, number):
            calls = 0
            module = {"write_bytes": pathlib.Path, "rmtree": shutil}.get(call, os)
            original = getattr(module, call)
            def counted(*arguments, **options):
                nonlocal calls
                calls += 1
                if calls == number:
                    (half if call == "write_bytes" else die)(*arguments, **options)
                return original(*arguments, **options)
            setattr(module, call, counted)
            checkpoint.save_checkpoint(folder, loaded.config, changed, tokenizers)

        for call in ("write_bytes", "fsync", "rename", "rmtree"):
            for number in range(1, 10):
                child = os.fork()
                if not child:
                    save_and_die_at(call, number)
                    os._exit(0)
                status = os.waitpid(child, 0)[1]
                found = checkpoint.load_model(folder).model.output.bias
                assert torch.equal(found, old) or torch.equal(found, old + 1), (call, number)
                checkpoint.save_checkpoint(folder, loaded.config, weights, tokenizers)
                if os.WIFEXITED(status):  # no such call any more: the save went through
                    assert not os.WEXITSTATUS(status), (call, number)
                    break
                print(call, number)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(saved[0])], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    killed = done.stdout.splitlines()
    assert {"write_bytes 1", "fsync 1", "fsync 3", "rename 1", "rename 2", "rmtree 1", "rmtree 3"} <= set(killed)
