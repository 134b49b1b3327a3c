"""From recipe to dataset folder: read, clean, drop, split, train subwords, encode, write. In that order.

Every record that is read is either kept or removed for exactly one named reason. The report counts them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from data_prep import encoding, shards, splits, subwords
from data_prep import report as reporting
from data_prep.cleaning import CleaningConfig
from data_prep.corpus import DROP_REASONS, Corpus
from data_prep.engines import Engine
from data_prep.files import Tally, sha256
from data_prep.noise import KINDS
from data_prep.recipe import Recipe, Source, Spec, dump_recipe
from data_prep.report import HeldOut
from data_prep.shards import KeyFiles, Shard
from data_prep.sources import files_of
from nmt.errors import UserError

READ_BYTES = 100  # of a file for one pair, roughly: decides whether reading is worth processes
SENTENCES = 10_000  # pairs whose sources, then targets, SentencePiece reads together


class Build:
    """One build: what its steps share. `run` tells the story, and writes into the empty folder `out`."""

    def __init__(self, recipe: Recipe, out: Path, work: Path, engine: Engine, console: Console) -> None:
        self.recipe, self.out, self.work, self.engine, self.console = recipe, out, work, engine, console
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

        read, tallies = self.read(named(recipe.sources), "pool")
        pairs_read = sum(shard.rows for shard in read)
        if not pairs_read:
            raise UserError("the sources hold no pair at all; check their columns and languages")
        self.say(f"cleaning {pairs_read:,} pairs")
        pool, dropped, steps = self.clean(read, recipe.cleaning)
        if recipe.cleaning.drop_duplicates:
            pool.drop_duplicates()
        self.drop_contact(pool, dev, held_out)
        if recipe.cleaning.language_filter:
            self.say(f"judging the language of {int(pool.alive.sum()):,} pairs")
            pool.drop_wrong_language(recipe.languages, recipe.cleaning.language_from)
        for name, source in self.sources.items():
            if source.max_pairs:
                pool.apply_cap(name, source.max_pairs, recipe.splits.seed)
        chosen = self.split(pool, dev, test, pairs_read)

        models = self.train_subwords(pool, chosen["train"])
        chosen_rows = {
            name: given.parts(given.alive) if given else pool.parts(chosen[name])
            for name, given in (("train", None), ("dev", dev), ("test", test))
        }
        parts: dict[str, Sequence[encoding.Texts]] = {**chosen_rows}
        if recipe.noise.active:
            held_rows = [*chosen_rows["dev"], *chosen_rows["test"]]
            keys = [[side[rows] for side in shard.keys.sides] for shard, rows in held_rows]
            held = [*(held.files for held in held_out), self.store_keys(keys, "splits")[0]]
            parts["train"] = self.with_noise(chosen_rows["train"], held)
        statistics, rows = {}, {}
        for name, part in parts.items():
            statistics[name], rows[name] = self.write(name, part, models)

        for start, shard in zip(pool.starts.tolist(), pool.shards, strict=True):
            numbers = np.bincount(pool.reason[start : start + shard.rows], minlength=len(DROP_REASONS))
            dropped[shard.origin].update(dict(zip(DROP_REASONS, numbers.tolist(), strict=True)))
        report = reporting.make_report(
            recipe, dropped, steps, tallies, held_out, statistics, rows["train"], self.copies, self.warnings
        )
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        (self.out / "report.json").write_text(text, encoding="utf-8")
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
                    remedy = "restore the file, or delete the sha256 from the recipe to accept the change"
                    raise UserError(f"{path}: has changed since the recipe recorded its sha256; {remedy}")
            return dataclasses.replace(source, sha256=found)

        found = {file: hashlib.sha256(model).hexdigest() for file, model in self.reused.items()}
        pieces = self.recipe.subwords
        if pieces.reuse_sha256 not in ({}, found):
            changed = "its subword model has changed since the recipe recorded its sha256"
            remedy = "restore it, or delete reuse_sha256 from the recipe to accept the change"
            raise UserError(f"{pieces.reuse}: {changed}; {remedy}")
        lists: Any = {
            key: tuple(map(with_hash, getattr(self.recipe, key)))
            for key in ("sources", "exclude_test", "dev_from", "test_from")
        }
        subword_settings = dataclasses.replace(pieces, reuse_sha256=found)
        return dataclasses.replace(self.recipe, subwords=subword_settings, **lists)

    def read(self, sources: Iterable[tuple[str, Source]], folder: str) -> tuple[list[Shard], dict[str, Tally]]:
        """The shards of the sources, in order, and each source's tally of what its reader dropped."""
        (self.work / folder).mkdir()
        numbered = [(number, name, source) for number, (name, source) in enumerate(sources)]
        size = sum(
            file.stat().st_size
            for _, _, source in numbered
            for file in files_of(Spec.parse(source.spec), self.recipe.languages)
        )
        task = partial(
            shards.read_source,
            languages=self.recipe.languages,
            skip_bad_lines=self.recipe.on_bad_line == "skip",
            folder=str(self.work / folder),
        )
        found, tallies = [], {}
        results = self.engine.map(task, numbered, size // READ_BYTES)
        for (_, name, _), (read, tallies[name]) in zip(numbered, results, strict=True):
            self.say(f"read {name}")
            if not read:
                self.warnings.append(f"{name}: no pair was read; check its columns and languages")
            found += read
        return found, tallies

    def clean(
        self, read: list[Shard], config: CleaningConfig, filters: bool = True
    ) -> tuple[Corpus, dict[str, Counter[str]], Counter[str]]:
        """The corpus of what passes; pairs by filter, of each source; pairs by step that changed them."""
        task = partial(shards.clean, languages=self.recipe.languages, config=config, filters=filters)
        cleaned, dropped, steps = [], defaultdict[str, Counter[str]](Counter), Counter[str]()
        results = self.engine.map(task, read, sum(shard.rows for shard in read))
        for raw, (shard, failed, changed) in zip(read, results, strict=True):
            Path(raw.file).unlink()
            cleaned.append(shard)
            dropped[shard.origin] += failed
            steps += changed
        return Corpus(self.engine, cleaned), dropped, steps

    def read_given(self, sources: tuple[Source, ...], name: str) -> Corpus | None:
        """A given dev or test set: only NFC, controls and white space are put in order; an empty pair goes."""
        if not sources:
            return None
        light = dataclasses.replace(self.recipe.cleaning, strip_markup=False)
        given, _, _ = self.clean(self.read(named(sources), name)[0], light, filters=False)
        if not len(given.reason):
            raise UserError(f"the given {name} set ({', '.join(s.spec for s in sources)}) holds no pair")
        return given

    def hold_out(self, dev: Corpus | None, test: Corpus | None) -> list[HeldOut]:
        """All sets that train must not touch: those of --exclude-test and the given test and dev."""
        excluded = list(named(self.recipe.exclude_test))
        read = self.read(excluded, "excluded")[0]
        sets = [(name, "touches_excluded", [shard for shard in read if shard.origin == name]) for name, _ in excluded]
        sets += [(name, f"touches_{name}", given.shards) for name, given in (("test", test), ("dev", dev)) if given]
        task = partial(shards.held_keys, config=self.recipe.cleaning)
        held_out = []
        for number, (name, reason, parts) in enumerate(sets):
            found = list(self.engine.map(task, parts, sum(shard.rows for shard in parts)))
            files, sizes = self.store_keys(found, f"held-{number}")
            held_out.append(HeldOut(name, reason, files, sizes))
        return held_out

    def store_keys(self, found: Sequence[Sequence[np.ndarray]], name: str) -> tuple[KeyFiles, tuple[int, int]]:
        """Files with the distinct keys of sources and of targets, for every worker to read; and how many there are."""
        files, sizes = [], []
        for side in (0, 1):
            keys = np.unique(np.concatenate([np.zeros(0, np.int64), *(keys[side] for keys in found)]))
            files.append(f"{self.work}/{name}-{side}.npy")
            np.save(files[-1], keys)
            sizes.append(len(keys))
        return (files[0], files[1]), (sizes[0], sizes[1])

    # ---- dropping and splitting ----

    def drop_contact(self, pool: Corpus, dev: Corpus | None, held_out: list[HeldOut]) -> None:
        """Removes from the pool what touches a held-out set, and from a given dev what touches any other."""
        for corpus in filter(None, (pool, dev)):
            sets = [held for held in held_out if corpus is pool or held.reason != "touches_dev"]
            for held, found in zip(sets, corpus.touching([held.files for held in sets]), strict=True):
                if corpus is pool:
                    held.pairs_touching = int(found.sum())
                else:
                    held.dev_pairs_removed = int((found & corpus.alive).sum())
                corpus.remove(found, held.reason)
        if dev and not dev.alive.any():
            raise UserError("every pair of the given dev set touches a test set; give another --dev-from")

    def split(self, pool: Corpus, dev: Corpus | None, test: Corpus | None, pairs_read: int) -> dict[str, np.ndarray]:
        """Which pairs go to train, and which are carved for dev and for test: bool `[pairs]`."""
        config, alive = self.recipe.splits, pool.alive
        left = int(alive.sum())
        default = min(1000, left // 20)
        sizes = {
            "dev": 0 if dev else default if config.dev is None else config.dev,
            "test": 0 if test else default if config.test is None else config.test,
        }
        split = pool.carve(sizes["dev"], sizes["test"], config.seed, f"{self.work}/frontier")
        chosen = {
            name: alive & (split == number)
            for name, number in (("train", splits.TRAIN), ("dev", splits.DEV), ("test", splits.TEST))
        }
        for name, size in sizes.items():
            if (found := int(chosen[name].sum())) < size:
                self.warnings.append(
                    f"{name} has {found} pairs instead of {size}: "
                    "the other pairs share their sentences with too many others to be held out"
                )
        if not chosen["train"].any():
            raise UserError(f"no pair is left for train; {left} of {pairs_read} passed cleaning")
        return chosen

    # ---- subwords, noise, ids ----

    def train_subwords(self, pool: Corpus, train: np.ndarray) -> tuple[str, str]:
        """Writes joint.spm, or source.spm and target.spm; returns the model of each side."""
        config = self.recipe.subwords
        if self.reused:
            for file, model in self.reused.items():
                (self.out / file).write_bytes(model)
            paths = [str(self.out / file) for file in self.reused]
            return paths[0], paths[-1]
        size = config.sample_size if config.separate else config.sample_size // 2
        sampled = np.zeros(len(train), dtype=bool)
        sampled[pool.sample(train, size, config.seed)] = True
        texts = [shard.texts(rows) for shard, rows in pool.parts(sampled)]
        pairs = [pair for sides in texts for pair in zip(*sides, strict=True)]

        def train_one(file: str, *sides: int) -> str:
            self.say(f"training {file}: {config.model_type}, {config.vocab_size:,} pieces")
            batches = (pairs[start : start + SENTENCES] for start in range(0, len(pairs), SENTENCES))
            sentences = (pair[side] for batch in batches for side in sides for pair in batch)
            (self.out / file).write_bytes(subwords.train(sentences, config))
            return str(self.out / file)

        if config.separate:
            return train_one("source.spm", 0), train_one("target.spm", 1)
        joint = train_one("joint.spm", 0, 1)
        return joint, joint

    def with_noise(self, rows: list[shards.Rows], held: list[KeyFiles]) -> list[str]:
        """Files with the training pairs and their noisy copies."""
        tasks = [(part, list(_following(rows, number))) for number, part in enumerate(rows)]
        task = partial(encoding.add_noise, config=self.recipe.noise, held=held)
        size = sum(int(chosen.sum()) for _, chosen in rows)
        self.say(f"adding noise to {size:,} pairs")
        files, counts = [], Counter[str]()
        for *both, found in self.engine.map(task, tasks, size):
            files.append(both)
            counts += found
        lists = [part for part in rows if part[0].train_only]
        lone = str(self.work / "lone-words")
        counts += encoding.add_lone_words(lists, self.recipe.noise, held, lone)
        self.copies = {kind: counts[kind] for kind in (*KINDS, "like_a_held_out_sentence")}
        return [*(copied for copied, _ in files), *(joined for _, joined in files), lone]

    def write(self, name: str, parts: Sequence[encoding.Texts], models: tuple[str, str]) -> tuple[dict[str, Any], int]:
        """Writes a split; returns its description and the number of its rows."""
        times = {origin: source.repeat for origin, source in self.sources.items()} if name == "train" else {}
        task = partial(encoding.encode, models=models, times=times, suffix=f"-{name}-ids")
        size = sum(shards.SHARD_ROWS if isinstance(part, str) else int(part[1].sum()) for part in parts)
        self.say(f"encoding {name}")
        files, rows, sums = [], 0, {side: Counter[str]() for side in shards.SIDES}
        for file, more, counts in self.engine.map(task, parts, size):
            files.append(file)
            rows += more
            for side, found in counts.items():
                sums[side].update(found)
        columns = encoding.NOISY if name == "train" and self.recipe.noise.active else encoding.COLUMNS
        columns = (*columns, "source_ids", "target_ids")
        (self.out / name).mkdir()
        groups = encoding.file_groups(files) or [[]]
        names = [f"data-{number:05}-of-{len(groups):05}.arrow" for number in range(len(groups))]
        outs = [str(self.out / name / file) for file in names]
        join = partial(encoding.join_files, columns=columns)
        list(self.engine.map(join, list(zip(outs, groups, strict=True)), rows))
        encoding.write_split_description(self.out / name, names, columns)
        vocabularies = [len(encoding.load_model(model)[0]) for model in models]
        return reporting.describe_split(sums, vocabularies), rows


def _following(rows: Sequence[shards.Rows], number: int) -> Iterator[shards.Rows]:
    """The rows after those of shard `number` in its source: as many as copies of the kind `joined` may reach."""
    wanted = encoding.JOINED_REACH
    for shard, chosen in rows[number + 1 :]:
        if wanted <= 0 or shard.origin != rows[number][0].origin:
            return
        yield shard, chosen
        wanted -= int(chosen.sum())


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
