"""From recipe to dataset folder: read, clean, drop, split, train subwords, encode, write. In that order.

Every record that is read meets exactly one fate: kept, or removed for one named reason. The report counts fates.
The folder is built beside its place and renamed at the end, so that it is there whole or not at all.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from rich.console import Console

from data_prep import report as reporting
from data_prep import splits, subwords
from data_prep.errors import UserError
from data_prep.files import Tally, sha256
from data_prep.keys import pair_keys, sentence_keys
from data_prep.languages import make_judge
from data_prep.recipe import Recipe, Source, Spec, dump_recipe
from data_prep.sources import files_of
from data_prep.tables import Pool, clean_table, encode_table, read_table, texts

Keys = tuple[np.ndarray, np.ndarray]


def build(
    recipe: Recipe, out: Path, force: bool = False, num_proc: int = 1, console: Console | None = None
) -> dict[str, Any]:
    """Builds the dataset folder `out`; returns its report. On a UserError, `out` is as it was before."""
    console = console or Console(quiet=True)
    if out.exists() and not force and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists and is not empty; choose another --out, or replace it with --force")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent))
    except OSError as error:
        raise UserError(f"{out}: cannot write there: {error.strerror}") from None
    try:
        work = building / "work"
        work.mkdir()
        report = _Build(recipe, building, work, num_proc, console).run()
        shutil.rmtree(work)
        building.chmod(0o755)  # mkdtemp keeps others out
        _put_in_place(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return report


def _put_in_place(building: Path, out: Path) -> None:
    """Renames `building` to `out`; what was there goes out of the way first and is deleted after."""
    old = building.with_name(building.name + ".old")
    if out.exists():
        out.rename(old)
    building.rename(out)
    if old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)


class _Build:
    """One build: what the steps share. `run` tells the story."""

    def __init__(self, recipe: Recipe, out: Path, work: Path, num_proc: int, console: Console) -> None:
        self.recipe, self.out, self.work, self.num_proc, self.console = recipe, out, work, num_proc, console
        self.tallies: dict[str, Tally] = {}
        self.warnings: list[str] = []

    def run(self) -> dict[str, Any]:
        """Writes all files into `out`; returns the report."""
        recipe = self.recipe = self.with_hashes()
        test = self.read_given(recipe.test_from, "test")
        dev = self.read_given(recipe.dev_from, "dev")
        excluded = {name: self.held_out_keys(source) for name, source in named(recipe.exclude_test)}

        pool = self.read_pool()
        self.drop_duplicates(pool)
        contact = self.drop_contact(pool, dev, test, excluded)
        self.drop_wrong_language(pool)
        self.apply_caps(pool)
        train_positions, carved = self.split(pool, dev, test)

        parts = {"train": pool.table.select(train_positions)}
        for name, given in (("dev", dev), ("test", test)):
            parts[name] = given.table.select(given.alive()) if given else pool.table.select(carved[name])
        models = self.train_subwords(parts["train"], pool.keys(train_positions))
        parts = {name: encode_table(part, models, self.work, name, self.num_proc) for name, part in parts.items()}
        statistics = {name: reporting.describe_split(part, models) for name, part in parts.items()}
        parts["train"] = parts["train"].select(self.repeats(parts["train"]))
        for name, part in parts.items():
            self.say(f"writing {name}")
            part.save_to_disk(str(self.out / name))

        report = reporting.make_report(recipe, pool, self.tallies, contact, statistics, len(parts["train"]), self.warnings)
        (self.out / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (self.out / "data.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
        return report

    def say(self, message: str) -> None:
        self.console.print(message, highlight=False, markup=False)

    # ---- reading ----

    def with_hashes(self) -> Recipe:
        """The recipe with the SHA-256 of every file; a hash already recorded must agree."""

        def with_hash(source: Source) -> Source:
            found = {str(path): sha256(path) for path in files_of(Spec.parse(source.spec), self.recipe.languages)}
            for path, recorded in source.sha256.items():
                if found.get(path, recorded) != recorded:
                    raise UserError(
                        f"{path}: has changed since the recipe recorded its sha256; "
                        "restore the file, or delete the sha256 from the recipe to accept the change"
                    )
            return dataclasses.replace(source, sha256=found)

        lists = ("sources", "exclude_test", "dev_from", "test_from")
        return dataclasses.replace(
            self.recipe, **{key: tuple(map(with_hash, getattr(self.recipe, key))) for key in lists}
        )

    def read(self, sources: Sequence[tuple[str, Source]], name: str) -> tuple[datasets.Dataset, dict[str, Tally]]:
        skip = self.recipe.on_bad_line == "skip"
        return read_table(sources, self.recipe.languages, skip, self.work, name, self.say)

    def read_pool(self) -> Pool:
        table, self.tallies = self.read(named(self.recipe.sources), "pool")
        if not len(table):
            raise UserError("the sources hold no pair at all; check their columns and languages")
        self.say(f"cleaning {len(table):,} pairs")
        recipe = self.recipe
        return Pool.over(clean_table(table, recipe.languages, recipe.cleaning, True, self.work / "pool", self.num_proc))

    def read_given(self, sources: tuple[Source, ...], name: str) -> Pool | None:
        """A given dev or test set: only NFC and white space are put in order, and no pair goes but an empty one."""
        if not sources:
            return None
        table, _ = self.read(named(sources), name)
        light = dataclasses.replace(self.recipe.cleaning, strip_markup=False)
        given = Pool.over(clean_table(table, self.recipe.languages, light, False, self.work / name, 1))
        if not len(given.alive()):
            raise UserError(f"the given {name} set ({', '.join(s.spec for s in sources)}) holds no pair")
        return given

    def held_out_keys(self, source: Source) -> Keys:
        """Keys of a test set's sentences, as they stand in the file and as cleaning would write them."""
        table, _ = self.read([("excluded", source)], "excluded")
        cleaned = Pool.over(clean_table(table, self.recipe.languages, self.recipe.cleaning, False, self.work, 1))
        sides = zip(*(texts(table, "source", "target")), strict=True) if len(table) else ([], [])
        raw = [sentence_keys(text for batch in side for text in batch) for side in sides]
        return np.union1d(cleaned.source_keys, raw[0]), np.union1d(cleaned.target_keys, raw[1])

    # ---- dropping ----

    def drop_duplicates(self, pool: Pool) -> None:
        if self.recipe.cleaning.drop_duplicates:
            alive = pool.alive()
            pool.remove(alive[splits.is_repeated(*pool.keys(alive))], "duplicate")

    def drop_contact(
        self, pool: Pool, dev: Pool | None, test: Pool | None, excluded: dict[str, Keys]
    ) -> list[dict[str, Any]]:
        """Removes from the pool what touches a held-out set, from a given dev what touches test or an excluded set.

        Returns, for the report, each held-out set's size and how many pairs touched it (a pair may touch several).
        """
        held_out = [(name, "touches_excluded", keys) for name, keys in excluded.items()]
        held_out += [(name, f"touches_{name}", given.keys()) for name, given in (("test", test), ("dev", dev)) if given]
        contact = []
        candidates = pool.alive()
        for name, reason, keys in held_out:
            hit = splits.touches(*pool.keys(candidates), keys)
            pool.remove(np.intersect1d(candidates[hit], pool.alive()), reason)
            removed_from_dev = 0
            if dev and reason != "touches_dev":
                dev_alive = dev.alive()
                dev_hit = splits.touches(*dev.keys(dev_alive), keys)
                dev.remove(dev_alive[dev_hit], reason)
                removed_from_dev = int(dev_hit.sum())
            sizes = {"source_sentences": len(np.unique(keys[0])), "target_sentences": len(np.unique(keys[1]))}
            contact.append({"set": name, **sizes, "pairs_touching": int(hit.sum()), "dev_pairs_removed": removed_from_dev})
        if dev and not len(dev.alive()):
            raise UserError("every pair of the given dev set touches a test set; give another --dev-from")
        return contact

    def drop_wrong_language(self, pool: Pool) -> None:
        config = self.recipe.cleaning
        if not config.language_filter:
            return
        judge = make_judge(self.recipe.languages, config.language_from)
        alive = pool.alive()
        self.say(f"judging the language of {len(alive):,} pairs")
        wrong = [
            verdict
            for sources, targets in texts(pool.table.select(alive), "source", "target")
            for verdict in judge(sources, targets)
        ]
        pool.remove(alive[np.array(wrong, dtype=bool)], "wrong_language")

    def apply_caps(self, pool: Pool) -> None:
        """Keeps, of each source with `max_pairs`, a fixed random sample of that many."""
        capped = {name: source.max_pairs for name, source in named(self.recipe.sources) if source.max_pairs}
        if not capped:
            return
        origin = origins(pool.table)
        for name, size in capped.items():
            mine = np.flatnonzero((pool.fate == 0) & (origin == name))
            chosen = splits.sample(pair_keys(*pool.keys(mine)), size, self.recipe.splits.seed)
            pool.remove(np.delete(mine, chosen), "over_cap")

    # ---- splitting and encoding ----

    def split(self, pool: Pool, dev: Pool | None, test: Pool | None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Positions in the pool that go to train, and those carved for dev and test."""
        config, alive = self.recipe.splits, pool.alive()
        cap = min(1000, len(alive) // 20)
        wanted = {
            "dev": 0 if dev else cap if config.dev is None else config.dev,
            "test": 0 if test else cap if config.test is None else config.test,
        }
        train_only = [name for name, source in named(self.recipe.sources) if source.train_only]
        may_hold_out = ~np.isin(origins(pool.table)[alive], train_only) if train_only else np.ones(len(alive), bool)
        split = splits.carve(*pool.keys(alive), wanted["dev"], wanted["test"], may_hold_out, config.seed)
        carved = {"dev": alive[split == splits.DEV], "test": alive[split == splits.TEST]}
        for name, size in wanted.items():
            if len(carved[name]) < size:
                self.warnings.append(
                    f"{name} has {len(carved[name])} pairs instead of {size}: "
                    "no more could be held out without sharing a sentence with train"
                )
        train = alive[split == splits.TRAIN]
        if not len(train):
            raise UserError(f"no pair is left for train ({len(alive)} passed cleaning); see which filter took them")
        return train, carved

    def train_subwords(self, train: datasets.Dataset, keys: Keys) -> tuple[Path, Path]:
        """Writes joint.spm, or source.spm and target.spm; returns the model of each side."""
        config = self.recipe.subwords
        sides = (("source",), ("target",)) if config.separate else (("source", "target"),)
        size = config.sample_size // (2 if len(sides) == 1 else 1)
        chosen = train.select(splits.sample(pair_keys(*keys), size, config.seed))

        def sentences(columns: tuple[str, ...]) -> Iterator[str]:
            for batch in texts(chosen, *columns):
                for column in batch:
                    yield from column

        models = []
        for columns in sides:
            path = self.out / ("joint.spm" if len(sides) == 1 else f"{columns[0]}.spm")
            self.say(f"training {path.name}: {config.model_type}, {config.vocab_size:,} pieces")
            path.write_bytes(subwords.train(sentences(columns), config))
            models.append(path)
        return models[0], models[-1]

    def repeats(self, train: datasets.Dataset) -> np.ndarray:
        """Row numbers of train, each as often as its source asks."""
        repeat = {name: source.repeat for name, source in named(self.recipe.sources)}
        return np.repeat(np.arange(len(train)), [repeat[name] for name in origins(train)])


def named(sources: Sequence[Source]) -> list[tuple[str, Source]]:
    """Each source with its name: its own, else its file's; a number tells equal names apart."""
    result: list[tuple[str, Source]] = []
    for source in sources:
        name = base = source.name or Path(Spec.parse(source.spec).path).name.split(".")[0] or "source"
        number = 2
        while name in dict(result):
            name, number = f"{base}-{number}", number + 1
        result.append((name, source))
    return result


def origins(table: datasets.Dataset) -> np.ndarray:
    """The column `origin` as an array of str `[pairs]`."""
    columns = [batch for (batch,) in texts(table, "origin")]
    return np.array([name for batch in columns for name in batch])
