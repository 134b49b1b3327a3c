"""Training: a step is what it should be, beginning from given weights, and that it learns at all."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from nmt.checkpoint.weights import load_model, named_weights
from nmt.config import DataConfig
from nmt.errors import UserError
from nmt.training.batches import make_batch
from nmt.training.dataset import Split, open_split
from nmt.training.trainer import Trainer, train
from nmt.training.validation import Validation, mean_loss, validate
from tests.conftest import tiny_model_config, tiny_recipe
from tests.support.training_runs import log_entries, trainer_for, write


def test_a_run_begins_from_given_weights(reversal_data: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=2, lr=0.0, ema=0.9))
    other_seed = write(tmp_path, tiny_recipe(steps=2, lr=0.0, ema=0.9, seed=5), "other.yaml")
    train(recipe, reversal_data, tmp_path / "first")
    train(other_seed, reversal_data, tmp_path / "second", init=tmp_path / "first")
    train(other_seed, reversal_data, tmp_path / "third")
    first, second, third = (
        load_model(tmp_path / name).model.decoder.readout.weight for name in ("first", "second", "third")
    )
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)
    assert not torch.allclose(first, third)


def test_a_run_in_both_directions_goes_on_in_one(reversal_data: Path, tmp_path: Path) -> None:
    """One first phase for two models: dev scores it both ways; each model then goes on in its own direction."""
    config = tiny_recipe(steps=2, valid_sentences=100)
    config = dataclasses.replace(config, data=DataConfig(batch_tokens=300, both_directions=True))
    recipe = write(tmp_path, config)
    train(recipe, reversal_data, tmp_path / "both")
    both = load_model(tmp_path / "both")
    dev = open_split(reversal_data, "dev", config.data)
    loss = mean_loss(both.model, dev, np.arange(100), config.data)
    assert float(both.notes["dev_loss"]) == pytest.approx(loss, abs=1e-4)
    for reverse in (False, True):
        run = tmp_path / f"reverse-{reverse}"
        one_way = ["data.both_directions=false", f"data.reverse={reverse}", "training.lr=0.0"]
        train(recipe, reversal_data, run, overrides=one_way, init=tmp_path / "both")
        one = load_model(run)
        languages = ("en", "es") if reverse else ("es", "en")
        assert (one.config.source_language, one.config.target_language) == languages
        assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), both.model.parameters(), strict=True))
    with pytest.raises(UserError, match="data.both_directions was True, is False: that is another model"):
        train(recipe, reversal_data, tmp_path / "both", True, ["data.both_directions=false"])


def test_given_weights_survive_a_kill_before_the_first_save(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write(tmp_path, tiny_recipe(steps=3, lr=0.0, ema=0.0))
    train(recipe, reversal_data, tmp_path / "first")
    with monkeypatch.context() as killed:
        killed.setattr(Trainer, "step", lambda self: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            train(
                recipe,
                reversal_data,
                tmp_path / "run",
                overrides=["training.seed=5"],
                init=tmp_path / "first",
            )
    train(recipe, reversal_data, tmp_path / "run", True, ["training.seed=5"])
    first, second = (load_model(tmp_path / name).model for name in ("first", "run"))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_dev_score_that_is_no_number_is_never_the_best(
    reversal_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([float("nan"), 1.0, float("nan")])
    monkeypatch.setattr(
        "nmt.training.trainer.validate", lambda *_: Validation(1.0, next(scores), 0.0, [("a", "b", "c")])
    )
    progress = train(write(tmp_path, tiny_recipe(steps=6, validate_every=2)), reversal_data, tmp_path / "run")
    assert (progress.best_step, progress.best_score, progress.stale) == (4, 1.0, 1)
    assert (tmp_path / "run" / "best").resolve().name == "step-0000004"


def test_it_learns_to_say_a_sentence_backwards(reversal_data: Path, tmp_path: Path) -> None:
    """A system test: data folder in, run folder out, and what comes out translates (dev and test unseen)."""
    config = tiny_recipe(steps=500, validate_every=250, save_every=500, lr=1e-2, warmup=20)
    train(write(tmp_path, config), reversal_data, tmp_path / "run")
    best = load_model(tmp_path / "run")  # the run's folder stands for its best checkpoint
    split = Split(reversal_data, "test")
    all_of_it = dataclasses.replace(config, training=dataclasses.replace(config.training, valid_sentences=50))
    result = validate(best.model, split, best.target_tokenizer, all_of_it)
    assert result.bleu > 90
    losses = [entry["loss"] for entry in log_entries(tmp_path / "run")]
    assert losses[-1] < 0.6 * losses[0]


def test_the_loss_is_label_smoothed_cross_entropy_of_real_positions(reversal_data: Path, tmp_path: Path) -> None:
    """Against the sum written out: (1 - e) * -log p(target) + e * mean over the vocabulary of -log p."""
    config = dataclasses.replace(tiny_recipe(label_smoothing=0.2), model=tiny_model_config(vocab=0))
    trainer = trainer_for(reversal_data, tmp_path, config)
    trainer.model.eval()
    split = Split(reversal_data, "train")
    lengths = split.source_lengths
    pairs = split.ids([int(i) for i in (lengths.argmin(), lengths.argmax(), 5)])
    expected = 0.0
    for source, target in pairs:
        batch = make_batch([(source, target)])
        log_p = functional.log_softmax(trainer.model.project(trainer.model(batch.source, None, batch.target_in)), -1)[0]
        for position, piece in enumerate(batch.target_out[0]):
            expected -= 0.8 * log_p[position, piece].item() + 0.2 * log_p[position].mean().item()
    batch = make_batch(pairs)
    assert (batch.target_out == 0).any()  # there is padding to leave out
    assert trainer.loss(batch).item() == pytest.approx(expected, rel=1e-4)


def test_a_sampled_softmax_estimates_the_loss_and_its_gradient(reversal_data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_recipe(sampled_softmax=16), model=tiny_model_config(vocab=0))
    trainer = trainer_for(reversal_data, tmp_path, config)
    trainer.model.eval()
    batch = make_batch(Split(reversal_data, "train").ids([0]))

    def loss_and_gradient() -> tuple[float, torch.Tensor]:
        loss = trainer.loss(batch)
        return loss.item(), torch.autograd.grad(loss, trainer.model.output.weight)[0]

    samples = [loss_and_gradient() for _ in range(300)]
    trainer.config = dataclasses.replace(config, training=dataclasses.replace(config.training, sampled_softmax=0))
    loss, gradient = loss_and_gradient()
    losses, gradients = zip(*samples, strict=True)
    assert len(set(losses)) > 1  # it is another sample each time
    assert sum(losses) / len(losses) == pytest.approx(loss, rel=0.01)
    error = (torch.stack(gradients).mean(dim=0) - gradient).norm() / gradient.norm()
    assert error < 0.1


def test_accumulated_batches_give_the_gradient_of_one_big_batch(reversal_data: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_recipe(accumulate=2, lr=0.0), model=tiny_model_config(vocab=0))
    trainer = trainer_for(reversal_data, tmp_path, config)
    trainer.optimizer.zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign,assignment]
    trainer.config = dataclasses.replace(config, training=dataclasses.replace(config.training, clip=1e9))
    trainer.step()
    summed = {name: parameter.grad.clone() for name, parameter in trainer.model.named_parameters()}
    stream = trainer_for(reversal_data, tmp_path, config).stream
    batches = [next(stream).batch, next(stream).batch]
    for parameter in trainer.parameters:
        parameter.grad = None
    (sum(trainer.loss(batch) for batch in batches) / sum(batch.target_tokens for batch in batches)).backward()  # type: ignore[union-attr]
    for name, parameter in trainer.model.named_parameters():
        torch.testing.assert_close(summed[name], parameter.grad, atol=1e-6, rtol=1e-4)


def test_a_step_that_is_not_finite_changes_no_weight_and_is_counted(reversal_data: Path, tmp_path: Path) -> None:
    trainer = trainer_for(reversal_data, tmp_path, tiny_recipe())
    trainer.step()
    before = {name: weight.clone() for name, weight in named_weights(trainer.model).items()}
    honest = trainer.loss
    trainer.loss = lambda batch: honest(batch) * float("nan")  # type: ignore[method-assign]
    moments = copy.deepcopy(trainer.optimizer.state_dict()["state"])
    trainer.step()
    trainer.count_skipped()
    assert trainer.progress.skipped == 1
    for one, other in zip(moments.values(), trainer.optimizer.state_dict()["state"].values(), strict=True):
        assert all(torch.equal(one[key], other[key]) for key in ("exp_avg", "exp_avg_sq", "step"))
    assert all(torch.equal(before[name], weight) for name, weight in named_weights(trainer.model).items())
    trainer.loss = honest  # type: ignore[method-assign]
    trainer.step()
    assert not torch.equal(before["output.bias"], trainer.model.output.bias)


def test_gradients_are_clipped_by_their_global_norm(reversal_data: Path, tmp_path: Path) -> None:
    trainer = trainer_for(reversal_data, tmp_path, tiny_recipe(clip=0.01))
    seen = {}

    def look(*_: object) -> None:
        seen["norm"] = math.sqrt(sum(float(p.grad.pow(2).sum()) for p in trainer.parameters if p.grad is not None))

    trainer.optimizer.register_step_pre_hook(look)
    _, norm, _ = trainer.step()
    assert norm > 0.01
    assert seen["norm"] == pytest.approx(0.01, rel=1e-3)


def test_bfloat16_training_is_close_to_float32(reversal_data: Path, tmp_path: Path) -> None:
    losses = {}
    for precision in ("float32", "bfloat16"):
        trainer = trainer_for(reversal_data, tmp_path, tiny_recipe(precision=precision))
        trainer.model.eval()
        losses[precision] = trainer.loss(next(trainer.stream).batch).item()
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["bfloat16"] != losses["float32"]
