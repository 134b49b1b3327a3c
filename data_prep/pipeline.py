"""From recipe to dataset folder: read, clean, drop, split, train subwords, encode, write. In that order.

Every record that is read is either kept or removed for exactly one named reason. The report counts them.
The folder is built beside its place and renamed at the end, so that it is there whole or not at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from rich.console import Console

from data_prep import report as reporting
from data_prep import splits, subwords
from data_prep.cleaning import normalise
from data_prep.files import Tally, sha256
from data_prep.keys import pair_keys, sentence_keys
from data_prep.languages import make_judge
from data_prep.noise import KINDS, SIDES
from data_prep.recipe import Recipe, Source, Spec, dump_recipe
from data_prep.report import HeldOut
from data_prep.sources import files_of
from data_prep.tables import Pool, add_noise, clean_table, encode_table, read_table, texts
from nmt.errors import UserError


def build(
    recipe: Recipe, out: Path, force: bool = False, num_proc: int = 1, console: Console | None = None
) -> dict[str, Any]:
    """Builds the dataset folder `out`; returns its report. On a UserError, `out` is as it was before."""
    console = console or Console(quiet=True)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not force:
            raise UserError(
                f"{out}: exists and is not empty; choose another --out, or replace it with --force"
            )
        if not all((out / file).is_file() for file in ("data.yaml", "report.json")):
            raise UserError(
                f"{out}: not a dataset folder (no data.yaml and report.json), so --force does not delete it; "
                "choose another --out, or remove it yourself"
            )
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
    """One build: what its steps share. `run` tells the story."""

    def __init__(self, recipe: Recipe, out: Path, work: Path, num_proc: int, console: Console) -> None:
        self.recipe, self.out, self.work, self.num_proc, self.console = recipe, out, work, num_proc, console
        self.sources = dict(named(recipe.sources))
        reuse = recipe.subwords.reuse
        self.reused = subwords.reused(Path(reuse), recipe.languages) if reuse else {}
        self.warnings: list[str] = []
        self.copies: dict[str, int] = {}  # kind of noise -> copies in train

    def run(self) -> dict[str, Any]:
        """Writes all files into `out`; returns the report."""
        recipe = self.recipe = self.with_hashes()
        test, dev = self.read_given(recipe.test_from, "test"), self.read_given(recipe.dev_from, "dev")
        held_out = self.hold_out(dev, test)

        pool, tallies = self.read_pool()
        self.drop_duplicates(pool)
        self.drop_contact(pool, dev, held_out)
        self.drop_wrong_language(pool)
        self.apply_caps(pool)
        train, carved = self.split(pool, dev, test)

        parts = {"train": pool.table.select(train)}
        for name, given in (("dev", dev), ("test", test)):
            parts[name] = given.table.select(given.alive()) if given else pool.table.select(carved[name])
        models = self.train_subwords(parts["train"], pair_keys(*pool.keys(train)))
        if recipe.noise.active:
            parts["train"] = self.with_noise(parts, held_out)
        parts = {name: self.encode(part, models, name) for name, part in parts.items()}
        statistics = {name: reporting.describe_split(part, models) for name, part in parts.items()}
        parts["train"] = parts["train"].select(self.repeats(parts["train"]))
        for name, part in parts.items():
            part.save_to_disk(str(self.out / name))

        rows = len(parts["train"])
        report = reporting.make_report(
            recipe, pool, tallies, held_out, statistics, rows, self.copies, self.warnings
        )
        (self.out / "report.json").write_text(
            json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (self.out / "data.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
        return report

    def say(self, message: str) -> None:
        self.console.print(message, highlight=False, markup=False)

    # ---- reading ----

    def with_hashes(self) -> Recipe:
        """The recipe with the SHA-256 of every file; a hash already recorded must agree."""

        def with_hash(source: Source) -> Source:
            files = files_of(Spec.parse(source.spec), self.recipe.languages)
            found = {str(path): sha256(path) for path in files}
            for path, recorded in source.sha256.items():
                if found.get(path, recorded) != recorded:
                    raise UserError(
                        f"{path}: has changed since the recipe recorded its sha256; "
                        "restore the file, or delete the sha256 from the recipe to accept the change"
                    )
            return dataclasses.replace(source, sha256=found)

        found = {file: hashlib.sha256(model).hexdigest() for file, model in self.reused.items()}
        pieces = self.recipe.subwords
        if pieces.reuse_sha256 not in ({}, found):
            raise UserError(
                f"{pieces.reuse}: its subword model has changed since the recipe recorded its sha256; restore it, or "
                "delete reuse_sha256 from the recipe to accept the change"
            )
        return dataclasses.replace(
            self.recipe,
            subwords=dataclasses.replace(pieces, reuse_sha256=found),
            sources=tuple(map(with_hash, self.recipe.sources)),
            exclude_test=tuple(map(with_hash, self.recipe.exclude_test)),
            dev_from=tuple(map(with_hash, self.recipe.dev_from)),
            test_from=tuple(map(with_hash, self.recipe.test_from)),
        )

    def read(
        self, sources: Iterable[tuple[str, Source]], name: str
    ) -> tuple[datasets.Dataset, dict[str, Tally]]:
        skip = self.recipe.on_bad_line == "skip"
        return read_table(sources, self.recipe.languages, skip, self.work / f"{name}.arrow", self.say)

    def read_pool(self) -> tuple[Pool, dict[str, Tally]]:
        """All sources, cleaned; and each source's tally of what its reader dropped."""
        recipe = self.recipe
        table, tallies = self.read(named(recipe.sources), "pool")
        if not len(table):
            raise UserError("the sources hold no pair at all; check their columns and languages")
        self.say(f"cleaning {len(table):,} pairs")
        path = self.work / "pool-cleaned.arrow"
        return Pool.over(
            clean_table(table, recipe.languages, recipe.cleaning, True, path, self.num_proc)
        ), tallies

    def read_given(self, sources: tuple[Source, ...], name: str) -> Pool | None:
        """A given dev or test set: only NFC, controls and white space are put in order; an empty pair goes."""
        if not sources:
            return None
        table, _ = self.read(named(sources), name)
        light = dataclasses.replace(self.recipe.cleaning, strip_markup=False)
        path = self.work / f"{name}-cleaned.arrow"
        given = Pool.over(clean_table(table, self.recipe.languages, light, False, path, 1))
        if not len(given.alive()):
            raise UserError(f"the given {name} set ({', '.join(s.spec for s in sources)}) holds no pair")
        return given

    def hold_out(self, dev: Pool | None, test: Pool | None) -> list[HeldOut]:
        """All sets that train must not touch: those of --exclude-test and the given test and dev."""
        held_out = []
        for name, source in named(self.recipe.exclude_test):
            table, _ = self.read([(name, source)], "excluded")
            held_out.append(HeldOut(name, "touches_excluded", *self.all_keys(table)))
        for name, given in (("test", test), ("dev", dev)):
            if given:
                held_out.append(HeldOut(name, f"touches_{name}", *self.all_keys(given.table)))
        return held_out

    def all_keys(self, table: datasets.Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Keys of the sources and of the targets, each as it stands and as cleaning would write it."""

        def keys(side: str) -> np.ndarray:
            sentences = [text for (batch,) in texts(table, side) for text in batch]
            cleaned = [normalise(text, self.recipe.cleaning)[0] for text in sentences]
            return np.unique(sentence_keys(sentences + cleaned))

        return keys("source"), keys("target")

    # ---- dropping ----

    def drop_duplicates(self, pool: Pool) -> None:
        if self.recipe.cleaning.drop_duplicates:
            alive = pool.alive()
            listed = self.is_train_only(pool, alive)
            repeated = np.zeros(len(alive), dtype=bool)
            repeated[~listed] = splits.is_repeated(*pool.keys(alive[~listed]))
            pairs = pool.table.select(alive[listed])
            repeated[listed] = is_said_before(zip(pairs["source"], pairs["target"], strict=True))
            pool.remove(alive[repeated], "duplicate")

    def is_train_only(self, pool: Pool, rows: np.ndarray) -> np.ndarray:
        """bool `[rows]`: the pair is of a list for training only.  There "Hola" beside "hola" is no slip, and what
        the texts say as well is listed to be learned once more."""
        names = [name for name, source in self.sources.items() if source.train_only]
        return np.isin(origins(pool.table)[rows], names)

    def drop_contact(self, pool: Pool, dev: Pool | None, held_out: list[HeldOut]) -> None:
        """Removes from the pool what touches a held-out set, and from a given dev what touches any other."""
        candidates = pool.alive()
        for held in held_out:
            hit = candidates[splits.touches(*pool.keys(candidates), held.source_keys, held.target_keys)]
            held.pairs_touching = len(hit)
            pool.remove(np.intersect1d(hit, pool.alive()), held.reason)
            if dev and held.reason != "touches_dev":
                alive = dev.alive()
                hit = alive[splits.touches(*dev.keys(alive), held.source_keys, held.target_keys)]
                held.dev_pairs_removed = len(hit)
                dev.remove(hit, held.reason)
        if dev and not len(dev.alive()):
            raise UserError("every pair of the given dev set touches a test set; give another --dev-from")

    def drop_wrong_language(self, pool: Pool) -> None:
        config = self.recipe.cleaning
        if not config.language_filter:
            return
        judge = make_judge(self.recipe.languages, config.language_from)
        alive = pool.alive()
        self.say(f"judging the language of {len(alive):,} pairs")
        wrong: list[bool] = []
        for sources, targets in texts(pool.table.select(alive), "source", "target"):
            wrong += judge(sources, targets)
        pool.remove(alive[np.array(wrong, dtype=bool)], "wrong_language")

    def apply_caps(self, pool: Pool) -> None:
        """Keeps, of each source with `max_pairs`, a fixed random sample of that many."""
        capped = {name: source.max_pairs for name, source in self.sources.items() if source.max_pairs}
        if not capped:
            return
        alive = pool.alive()
        origin = origins(pool.table)[alive]
        for name, size in capped.items():
            mine = alive[origin == name]
            chosen = splits.sample(pair_keys(*pool.keys(mine)), size, self.recipe.splits.seed)
            pool.remove(np.delete(mine, chosen), "over_cap")

    # ---- splitting and encoding ----

    def split(
        self, pool: Pool, dev: Pool | None, test: Pool | None
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Positions in the pool that go to train, and those carved for dev and for test."""
        config, alive = self.recipe.splits, pool.alive()
        default = min(1000, len(alive) // 20)
        dev_size = 0 if dev else default if config.dev is None else config.dev
        test_size = 0 if test else default if config.test is None else config.test
        may_hold_out = ~self.is_train_only(pool, alive)
        split = splits.carve(*pool.keys(alive), dev_size, test_size, may_hold_out, config.seed)
        carved = {"dev": alive[split == splits.DEV], "test": alive[split == splits.TEST]}
        for name, size in (("dev", dev_size), ("test", test_size)):
            if len(carved[name]) < size:
                self.warnings.append(
                    f"{name} has {len(carved[name])} pairs instead of {size}: "
                    "the other pairs share their sentences with too many others to be held out"
                )
        train = alive[split == splits.TRAIN]
        if not len(train):
            raise UserError(
                f"no pair is left for train; {len(alive)} of {len(pool.drop_reason)} passed cleaning"
            )
        return train, carved

    def train_subwords(self, train: datasets.Dataset, keys: np.ndarray) -> tuple[Path, Path]:
        """Writes joint.spm, or source.spm and target.spm; returns the model of each side."""
        config = self.recipe.subwords
        if self.reused:
            for file, model in self.reused.items():
                (self.out / file).write_bytes(model)
            paths = [self.out / file for file in self.reused]
            return paths[0], paths[-1]
        size = config.sample_size if config.separate else config.sample_size // 2
        chosen = train.select(splits.sample(keys, size, config.seed))

        def train_one(file: str, *columns: str) -> Path:
            self.say(f"training {file}: {config.model_type}, {config.vocab_size:,} pieces")
            sentences = (text for batch in texts(chosen, *columns) for column in batch for text in column)
            (self.out / file).write_bytes(subwords.train(sentences, config))
            return self.out / file

        if config.separate:
            return train_one("source.spm", "source"), train_one("target.spm", "target")
        joint = train_one("joint.spm", "source", "target")
        return joint, joint

    def with_noise(self, parts: dict[str, datasets.Dataset], held_out: list[HeldOut]) -> datasets.Dataset:
        """The training pairs and their noisy copies, but for copies that read like a sentence of a held-out set:
        "esta" is not "está"."""
        self.say(f"adding noise to {len(parts['train']):,} pairs")
        word_lists = [name for name, source in self.sources.items() if source.train_only]
        path = self.work / "noise.arrow"
        train = add_noise(parts["train"], self.recipe.noise, word_lists, path, self.num_proc)
        noise = np.array([kind for (batch,) in texts(train, "noise") for kind in batch])
        copies = np.flatnonzero(noise != "")
        touching = np.zeros(len(copies), dtype=bool)
        for side in SIDES:
            held = [getattr(one, f"{side}_keys") for one in held_out]
            held += [sentence_keys(parts[name][side]) for name in ("dev", "test")]
            # Sides that are as they were touch nothing: else their pair had gone.
            keys = sentence_keys(text for (batch,) in texts(train.select(copies), side) for text in batch)
            touching |= np.isin(keys, np.concatenate(held))
        left = noise[copies[~touching]]
        self.copies = {kind: int((left == kind).sum()) for kind in KINDS}
        self.copies["like_a_held_out_sentence"] = int(touching.sum())
        return train.select(np.delete(np.arange(len(train)), copies[touching]))

    def encode(self, part: datasets.Dataset, models: tuple[Path, Path], name: str) -> datasets.Dataset:
        self.say(f"encoding {name}: {len(part):,} pairs")
        return encode_table(part, models, self.work / f"{name}-encoded.arrow", self.num_proc)

    def repeats(self, train: datasets.Dataset) -> np.ndarray:
        """Row numbers of train, each as often as its source asks."""
        times = [self.sources[name].repeat for name in origins(train)]
        return np.repeat(np.arange(len(train)), times)


def is_said_before(pairs: Iterable[tuple[str, str]]) -> list[bool]:
    """Of each pair whether it occurred before, letter for letter."""
    seen: set[tuple[str, str]] = set()
    before = []
    for pair in pairs:
        before.append(pair in seen)
        seen.add(pair)
    return before


def named(sources: Sequence[Source]) -> Iterator[tuple[str, Source]]:
    """Each source with its name: its own, else its file's; a number tells equal names apart."""
    taken: set[str] = set()
    for source in sources:
        base = name = source.name or Path(Spec.parse(source.spec).path).name.split(".")[0] or "source"
        number = 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        yield name, source


def origins(table: datasets.Dataset) -> np.ndarray:
    """The column `origin` as an array of str `[pairs]`."""
    return np.array([name for (batch,) in texts(table, "origin") for name in batch], dtype=np.str_)
