"""The splits of a dataset folder.

Reads the Arrow files that `datasets` wrote with pyarrow alone, memory-mapped: training needs no `datasets`
and holds the lengths in memory, not the text.  Batches of them are made in `batches.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nmt.config import DataConfig
from nmt.errors import UserError

Ids = np.ndarray  # int32 [length], without BOS and EOS


class Split:
    """`train`, `dev` or `test` of a dataset folder: text and ids of pair `index`, never all in memory.

    For a language model the source of every pair is left empty."""

    def __init__(self, folder: str | Path, name: str, reverse: bool = False, language_model: bool = False) -> None:
        self.table = _memory_mapped(Path(folder) / name)
        self.language_model = language_model
        self.sides = ("target", "source") if reverse else ("source", "target")
        lengths = [_lengths(self.table[f"{side}_ids"]) for side in self.sides]
        self.source_lengths, self.target_lengths = lengths
        altered = self.table["altered"] if "altered" in self.table.column_names else None
        self.usable = self.target_lengths > 0  # [pairs] bool: whether to learn from them
        if language_model:
            self.source_lengths = np.zeros_like(self.source_lengths)
            if altered is not None:  # no copy: its target is noisy, or was there before
                self.usable &= pc.equal(altered, "").to_numpy()
            return
        if altered is not None:
            # A copy with a noisy target (`data_prep` makes them) is not to be learned: as good as empty.
            self.source_lengths[pc.equal(altered, self.sides[1]).to_numpy()] = 0
        self.usable &= self.source_lengths > 0

    def __len__(self) -> int:
        return self.table.num_rows

    def highest_ids(self) -> tuple[int, int]:
        """The highest source and target id; -1 where there is none."""
        highest = [[pc.max(chunk.values).as_py() for chunk in self.table[f"{side}_ids"].chunks] for side in self.sides]
        source, target = (max((i for i in ids if i is not None), default=-1) for ids in highest)
        return -1 if self.language_model else source, target

    def fingerprint(self) -> str:
        """Tells datasets apart by the lengths of all their pairs, which decide the order of the batches."""
        digest = hashlib.sha256(self.source_lengths.tobytes())
        digest.update(self.target_lengths.tobytes())
        return digest.hexdigest()[:16]

    def text(self, index: int) -> tuple[str, str]:
        """Source and target of row `index`."""
        source, target = (self.table[side][index].as_py() for side in self.sides)
        return "" if self.language_model else source, target

    def ids(self, indices: Sequence[int] | np.ndarray) -> list[tuple[Ids, Ids]]:
        """Ids of source and target of the rows `indices`."""
        # Row by row: Arrow's `take` would copy a column of many record batches as a whole, for every batch.
        columns = (self.table[f"{side}_ids"] for side in self.sides)
        rows = [int(index) for index in indices]
        sources, targets = ([column[row].values.to_numpy() for row in rows] for column in columns)
        if self.language_model:
            sources = [ids[:0] for ids in sources]
        return list(zip(sources, targets, strict=True))


class BothDirections:
    """A split twice: first every pair from source to target, then every pair from target to source.

    Needs one joint vocabulary: a piece's id must mean the same on either side."""

    def __init__(self, folder: str | Path, name: str) -> None:
        self.parts = Split(folder, name), Split(folder, name, reverse=True)
        self.source_lengths = np.concatenate([part.source_lengths for part in self.parts])
        self.target_lengths = np.concatenate([part.target_lengths for part in self.parts])
        self.usable = np.concatenate([part.usable for part in self.parts])

    def __len__(self) -> int:
        return 2 * len(self.parts[0])

    def highest_ids(self) -> tuple[int, int]:
        """The highest source and target id, which are the same; -1 where there is none."""
        highest = max(self.parts[0].highest_ids())
        return highest, highest

    def fingerprint(self) -> str:
        """Tells datasets apart, as `Split.fingerprint` does, and from the same one in a single direction."""
        return f"{self.parts[0].fingerprint()}-both"

    def text(self, index: int) -> tuple[str, str]:
        """Source and target of row `index`, from 0 to twice the number of pairs."""
        direction, row = divmod(index, len(self.parts[0]))
        return self.parts[direction].text(row)

    def ids(self, indices: Sequence[int] | np.ndarray) -> list[tuple[Ids, Ids]]:
        """Ids of source and target of the rows `indices`, which may mix the directions."""
        directions, rows = np.divmod(np.asarray(indices), len(self.parts[0]))
        pairs = self.parts[0].ids(rows)
        return [pair[::-1] if swap else pair for pair, swap in zip(pairs, directions, strict=True)]


AnySplit = Split | BothDirections


def open_split(folder: str | Path, name: str, config: DataConfig) -> AnySplit:
    """`train`, `dev` or `test` in the direction, or the directions, that a recipe trains."""
    if config.both_directions:
        return BothDirections(folder, name)
    return Split(folder, name, config.reverse, config.language_model)


def _memory_mapped(folder: Path) -> pa.Table:
    """The table that `datasets.Dataset.save_to_disk` wrote into `folder`."""

    def unusable(problem: str) -> UserError:
        return UserError(f"{folder}: {problem}")

    try:
        state = json.loads((folder / "state.json").read_text())
        files = [str(folder / entry["filename"]) for entry in state["_data_files"]]
        tables = [pa.ipc.open_stream(pa.memory_map(file)).read_all() for file in files]
        if not tables:
            raise unusable("this split is empty; build the dataset with more data or a larger share for it")
        table = pa.concat_tables(tables)
    except FileNotFoundError as error:
        place = f"not a split of a dataset folder (no {Path(error.filename or folder).name})"
        raise unusable(f"{place}; make one with `python -m data_prep build`") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise unusable(f"damaged dataset folder ({error}); build it again") from None
    for column in ("source", "target", "source_ids", "target_ids"):
        if column not in table.column_names:
            known = ", ".join(table.column_names)
            raise unusable(f"the dataset has no column {column!r}; it has: {known}")
    for column in ("source_ids", "target_ids"):
        kind = table.schema.field(column).type
        if not pa.types.is_list(kind) or kind.value_type != pa.int32():
            raise unusable(f"column {column!r} is {kind}, expected list<int32>; build the dataset again")
    return table


def _lengths(ids: pa.ChunkedArray) -> np.ndarray:
    lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in ids.chunks]
    return np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int32)
