"""Several processes train one model as one process would, and wait for each other once a step."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import pytest
import torch

from nmt.errors import UserError
from nmt.training.trainer import train
from tests.conftest import tiny_model_config, tiny_recipe
from tests.support.training_runs import log_entries, run_in_two_processes, state_of, write

DEV_SENTENCES = 30
CODE = """
import json, os
import torch.distributed
from nmt.training import trainer, validation

all_reduce, step = torch.distributed.all_reduce, trainer.Trainer.step
sizes, steps = [], []  # of each exchange so far; of `sizes` at the start of each step


def counted_all_reduce(tensor, *arguments, **options):
    sizes.append(tensor.numel())
    return all_reduce(tensor, *arguments, **options)


def counted_step(self):
    steps.append(len(sizes))
    return step(self)


validate, beam_search = trainer.validate, validation.beam_search
translated, validations = [], []  # rows of each search; whether all processes together find what one alone does


def compared_validate(model, split, tokenizer, config, processes):
    together = validate(model, split, tokenizer, config, processes)
    shared = sum(translated)
    validations.append([shared, together == validate(model, split, tokenizer, config)])
    return together


def counted_beam_search(model, source, *arguments):
    translated.append(len(source))
    return beam_search(model, source, *arguments)


torch.distributed.all_reduce, trainer.Trainer.step = counted_all_reduce, counted_step
trainer.validate, validation.beam_search = compared_validate, counted_beam_search
trainer.train({recipe!r}, {data!r}, {out!r})
open({out!r} + "/validation-" + os.environ["RANK"], "w").write(json.dumps(validations))
if os.environ["RANK"] == "0":
    exchanges = [sizes[a:b] for a, b in zip(steps, steps[1:])]
    open({out!r} + "/exchanges.json", "w").write(json.dumps(exchanges))
"""


KILLED_ONCE = """
import os, signal
from nmt.training import trainer

step = trainer.Trainer.step


def killed_once(self):
    if (self.progress.step, os.environ["RANK"], os.environ["TORCHELASTIC_RESTART_COUNT"]) == (3, "1", "0"):
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self)


trainer.Trainer.step = killed_once
trainer.train({recipe!r}, {data!r}, {out!r}, overrides=["training.save_every=2"])
"""


@pytest.fixture(scope="module")
def folder(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`one`: trained by one process that accumulates two batches; `two`: by two processes on the same batches."""
    folder = tmp_path_factory.mktemp("runs")
    base = dataclasses.replace(tiny_recipe(), model=tiny_model_config(vocab=0, cell="gru"))
    # The last step is validated in the loop, not after it: all processes must know that.
    training = dataclasses.replace(
        base.training,
        steps=4,
        log_every=2,
        validate_every=4,
        save_every=4,
        ema=0.0,
        valid_sentences=DEV_SENTENCES,
    )
    alone = dataclasses.replace(base, training=dataclasses.replace(training, accumulate=2))
    train(write(folder, alone, "alone.yaml"), reversal_data, folder / "one")
    recipe = write(folder, dataclasses.replace(base, training=training))
    run_in_two_processes(folder, CODE.format(recipe=str(recipe), data=str(reversal_data), out=str(folder / "two")))
    return folder


def test_two_processes_take_the_step_of_one(folder: Path) -> None:
    one, two = state_of(folder / "one"), state_of(folder / "two")
    for name in one:
        if name.startswith("model."):
            torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-3)


def test_a_killed_process_is_started_again_and_the_job_goes_on_from_its_last_state(
    folder: Path, reversal_data: Path
) -> None:
    """In step 4, after the state of step 2; the result is that of a run without the kill."""
    names = {"recipe": str(folder / "recipe.yaml"), "data": str(reversal_data), "out": str(folder / "again")}
    options = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    run_in_two_processes(folder, KILLED_ONCE.format(**names), "--max-restarts", "1", **options)
    straight, restarted = state_of(folder / "two"), state_of(folder / "again")
    assert straight.keys() == restarted.keys()
    assert not [name for name in straight if not torch.equal(straight[name], restarted[name])]


def test_options_of_torchrun_with_which_no_restart_succeeds_are_refused(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    with pytest.raises(UserError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"):
        train(write(tmp_path, tiny_recipe()), reversal_data, tmp_path / "run")


def test_a_command_that_torchrun_repeats_goes_on_with_the_run(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a machine that takes the place of another, so that it is the first start there."""
    recipe, run = write(tmp_path, tiny_recipe(steps=2)), tmp_path / "run"
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    assert train(recipe, reversal_data, run).step == 2
    assert train(recipe, reversal_data, run, overrides=["training.steps=3"]).step == 3


def test_two_processes_log_the_figures_of_both(folder: Path) -> None:
    one, two = log_entries(folder / "one"), log_entries(folder / "two")
    assert [entry["step"] for entry in two] == [2, 4]
    for alone, together in zip(one, two, strict=True):
        assert together["target_tokens"] == alone["target_tokens"]
        assert together["loss"] == pytest.approx(alone["loss"], rel=1e-4)
        assert together["gradient_norm"] == pytest.approx(alone["gradient_norm"], rel=1e-3)
    for before, now in itertools.pairwise(two):
        tokens, seconds = (now[name] - before[name] for name in ("target_tokens", "seconds"))
        assert now["tokens_per_second"] == pytest.approx(tokens / seconds)


def test_two_processes_share_the_dev_split_and_find_what_one_finds(folder: Path) -> None:
    found = [json.loads((folder / "two" / f"validation-{rank}").read_text()) for rank in (0, 1)]
    ((rows, equal),), ((other_rows, also_equal),) = found
    assert equal and also_equal
    assert min(rows, other_rows) > 0 and rows + other_rows == DEV_SENTENCES
    (alone,), (together,) = (log_entries(folder / name, "dev") for name in ("one", "two"))
    assert together["loss"] == pytest.approx(alone["loss"], rel=1e-4)


def test_a_step_needs_one_exchange_beside_the_gradients(folder: Path) -> None:
    """The time it took and whether to stop are asked together; at a step that is logged its figures come on top."""
    exchanges = json.loads((folder / "two" / "exchanges.json").read_text())
    shown, logged, plain = (sorted(sizes) for sizes in exchanges)
    parameters = plain[-1]
    assert parameters > 1000
    assert plain == [2, parameters]
    assert shown == logged == [2, 4, parameters]
