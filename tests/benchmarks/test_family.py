"""The comparison of the family: what is held out, and what the figures are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from benchmarks import family
from nmt.config import load_config


def test_the_family_is_judged_on_pairs_that_nobody_trained_on(tmp_path: Path) -> None:
    pairs = [(f"uno {i}", f"one {i}") for i in range(3000)]
    pairs += [(" ".join(["largo"] * 16) + f" {i}", f"long {i}") for i in range(600)]
    (tmp_path / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    family.hold_out(tmp_path / "pairs.tsv", tmp_path)
    train = {tuple(line.split("\t")) for line in (tmp_path / "train.tsv").read_text().splitlines()}
    dev = list(zip(*((tmp_path / f"dev.{side}").read_text().splitlines() for side in ("es", "en")), strict=True))
    assert len(dev) == family.RANDOM_PAIRS + family.MAX_LONG_PAIRS and not train & set(dev)
    assert train | set(dev) == set(pairs)
    assert all(len(source.split()) >= family.MIN_LONG_WORDS for source, _ in dev[family.RANDOM_PAIRS :])


def test_a_familys_figures_are_of_the_whole_and_of_each_length(tmp_path: Path) -> None:
    """Every sentence of up to five words is right, every longer one wrong."""
    sources = ["a b c d"] * 6 + ["a b c d e f g"] * 4
    references = ["the cat sat down"] * 6 + ["it was a very good idea"] * 4
    hypotheses = references[:6] + ["nothing like this at all"] * 4
    run = tmp_path / "run"
    for folder in (run / "state" / "step-1", run / "best"):
        folder.mkdir(parents=True)
    (run / "state" / "step-1" / "progress.json").write_text('{"seconds": 60, "target_tokens": 6000}')
    save_file({"w": np.zeros((3, 4), np.float32), "b": np.zeros(5, np.float32)}, run / "best" / "model.safetensors")
    for name, lines in (("dev.es", sources), ("dev.en", references), ("run/dev.hypothesis", hypotheses)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    found = family.figures(family.MEMBERS[0], run, tmp_path)
    assert found["bleu_by_words"] == {"1–5": 100.0, "6–10": 0.0}
    assert 0 < found["bleu"] < 100 and found["parameters"] == 17 and found["tokens_per_second"] == 100
    table = family.table([found, found | {"member": "other"}])
    assert table.count("\n") == 4 and "| other | 0.0 M | 100 |" in table


def test_the_family_has_every_comparison_of_the_course() -> None:
    """All settings are ones that a recipe may have, and no two members are the same model."""
    configs = []
    for member in family.MEMBERS:
        settings = family.BASE | member.changes
        config = load_config("tatoeba-cpu", [f"{key}={value}" for key, value in settings.items()])
        configs.append((config.model, member.characters))
    assert all(config not in configs[:i] for i, config in enumerate(configs))
    assert {"cell", "direction", "depth", "attention", "pieces", "encoder"} <= {m.group for m in family.MEMBERS}
