"""The splits of a dataset folder: what `datasets` wrote is read, in one direction or in both."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest

from nmt.config import Config, DataConfig
from nmt.errors import UserError
from nmt.text.tokenizer import load_tokenizers
from nmt.training.batches import plan_epoch
from nmt.training.checks import prepare
from nmt.training.dataset import BothDirections, Split, open_split
from tests.conftest import write_dataset

BOTH = DataConfig(both_directions=True, batch_tokens=200)


def drawn_texts(split: Split | BothDirections, config: DataConfig = BOTH) -> list[tuple[str, str]]:
    """Source and target of every row that an epoch trains on."""
    return [split.text(int(row)) for rows in plan_epoch(split, config, seed=1, epoch=0) for row in rows]


def test_split_reads_what_datasets_wrote(reversal_data: Path) -> None:
    split = Split(reversal_data, "train")
    tokenizer, _ = load_tokenizers(reversal_data)
    for index in (0, 17, len(split) - 1):
        source, target = split.text(index)
        assert target.split() == source.split()[::-1]
        ((source_ids, target_ids),) = split.ids([index])
        assert source_ids.tolist() == tokenizer.encode(source)
        assert target_ids.tolist() == tokenizer.encode(target)
        assert (split.source_lengths[index], split.target_lengths[index]) == (
            len(source_ids),
            len(target_ids),
        )


def test_a_batch_takes_the_memory_of_its_rows_whatever_the_size_of_the_split(tmp_path: Path) -> None:
    rows, ids = 40_000, pa.array([[1, 2, 3, 4, 5, 6, 7]] * 1000, pa.list_(pa.int32()))
    text = pa.array(["a"] * 1000)
    batch = pa.record_batch({"source": text, "target": text, "source_ids": ids, "target_ids": ids})
    (tmp_path / "train").mkdir()
    with pa.ipc.new_stream(str(tmp_path / "train" / "data.arrow"), batch.schema) as writer:
        for _ in range(rows // len(batch)):
            writer.write_batch(batch)
    (tmp_path / "train" / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    split = Split(tmp_path, "train")
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        drawn = split.ids(np.array([0, 39_999, 1_000]))
    finally:
        pa.set_memory_pool(usual)
    assert [source.tolist() for source, _ in drawn] == [[1, 2, 3, 4, 5, 6, 7]] * 3
    assert counted.max_memory() < 28 * rows / 10  # bytes of the ids of a side: 7 of 4 bytes a row


def test_reverse_swaps_the_sides(reversal_data: Path) -> None:
    forward, backward = Split(reversal_data, "dev"), Split(reversal_data, "dev", reverse=True)
    assert backward.text(3) == forward.text(3)[::-1]
    assert backward.ids([3])[0][0].tolist() == forward.ids([3])[0][1].tolist()


def test_both_directions_draw_each_pair_once_each_way(reversal_data: Path) -> None:
    split = open_split(reversal_data, "train", BOTH)
    pairs = [Split(reversal_data, "train").text(row) for row in range(800)]
    assert Counter(drawn_texts(split)) == Counter([*pairs, *(pair[::-1] for pair in pairs)])


def test_ids_and_lengths_of_both_directions_are_those_of_their_texts(reversal_data: Path) -> None:
    split = open_split(reversal_data, "dev", BOTH)
    tokenizer, _ = load_tokenizers(reversal_data)
    rows = np.random.default_rng(1).permutation(len(split))
    for row, (source, target) in zip(rows, split.ids(rows), strict=True):
        texts = split.text(int(row))
        assert [tokenizer.encode(text) for text in texts] == [source.tolist(), target.tolist()]
        assert (split.source_lengths[row], split.target_lengths[row]) == (len(source), len(target))
    assert max(split.highest_ids()) < len(tokenizer)


def test_noisy_copies_are_read_but_never_written(reversal_data: Path, tmp_path: Path) -> None:
    """A copy with a noisy source is learned from source to target alone, one with a noisy target the other way
    alone; in both directions together as in each by itself."""
    table = datasets.load_from_disk(str(reversal_data / "train")).select(range(60))
    altered = ["source" if row % 3 == 1 else "target" if row % 3 == 2 else "" for row in range(60)]
    table.add_column("altered", altered).save_to_disk(str(tmp_path / "train"))  # type: ignore[call-arg]
    expected = Counter()  # type: ignore[var-annotated]
    for row, side in enumerate(altered):
        source, target = table[row]["source"], table[row]["target"]
        expected.update([(source, target)] * (side != "target") + [(target, source)] * (side != "source"))
    split = open_split(tmp_path, "train", BOTH)
    assert Counter(drawn_texts(split)) == expected
    assert split.usable.sum() == expected.total() == 80
    each = [drawn_texts(Split(tmp_path, "train", reverse=reverse)) for reverse in (False, True)]
    assert Counter(each[0] + each[1]) == expected


def test_both_directions_are_another_dataset_to_a_resumed_run(reversal_data: Path) -> None:
    """Positions in the order of one mean nothing in the order of the other."""
    one, both = (open_split(reversal_data, "train", config) for config in (DataConfig(), BOTH))
    assert one.fingerprint() != both.fingerprint()


@pytest.mark.parametrize("other", ["reverse", "language_model"])
def test_both_directions_exclude_a_single_one_and_a_language_model(other: str) -> None:
    with pytest.raises(UserError, match=f"both_directions and data.{other} are both true"):
        DataConfig(both_directions=True, **{other: True})  # type: ignore[arg-type]


def test_both_directions_need_one_joint_vocabulary(reversal_data: Path, tmp_path: Path) -> None:
    for side in ("source", "target"):
        shutil.copy(reversal_data / "joint.spm", tmp_path / f"{side}.spm")
    shutil.copy(reversal_data / "data.yaml", tmp_path)
    with pytest.raises(UserError, match="needs one joint vocabulary"):
        prepare(Config(data=BOTH), tmp_path)


def test_damaged_data_is_named(reversal_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="data_prep build"):
        Split(tmp_path, "train")
    copy = tmp_path / "copy"
    shutil.copytree(reversal_data / "dev", copy / "dev")
    arrow = next((copy / "dev").glob("*.arrow"))
    arrow.write_bytes(arrow.read_bytes()[:200])
    with pytest.raises(UserError, match="damaged dataset folder"):
        Split(copy, "dev")


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    data = write_dataset(tmp_path, {"train": [("a b", "b a")] * 5, "dev": []}, vocab=8)
    with pytest.raises(UserError, match="split is empty"):
        Split(data, "dev")
