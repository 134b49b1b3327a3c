"""`nmt translate-corpus`: files of any size, in shards, on one machine or on several.  An interrupted run resumes from
the last finished shard.

The input is cut into shards beside the output, OUT.parts/N.in; each becomes N.out, whole or not at all; together they
become OUT.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import importlib
import json
import lzma
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.commands.arguments import (
    add_command,
    add_decoding,
    load_translator,
    natural,
    positive,
    progress_bar,
)
from nmt.errors import UserError
from nmt.files import locked_file, write_file_atomically
from nmt.ray_data import ray_on

if TYPE_CHECKING:
    from nmt.translation.translator import Translator

SHARD_LINES = 2000  # what is lost at most when a worker is killed
MAX_LINE_BYTES = 1 << 20

TRANSLATE_CORPUS = """\
Translate files of any size, line by line, to one file: for back-translation and
distillation.

OUT has one line for each line of the files, in their order.  The work is done in
shards: started again after it was killed, the same command goes on where it was,
and no line is missing or there twice.  Files may be compressed (.gz .xz .bz2)."""

TRANSLATE_CORPUS_MORE = """\
examples
  nmt translate-corpus mono.en.xz mono.es --model checkpoints/en-es --scores
  nmt translate-corpus mono.en mono.es --model checkpoints/en-es --sample 1.0
  nmt translate-corpus a.en b.en all.es --model checkpoints/en-es --engine ray:10.0.0.1:6379 --workers 64"""


def add(commands: Any) -> None:
    name, about = "translate-corpus", "translate whole files, in shards"
    command = add_command(commands, name, translate_corpus, about, TRANSLATE_CORPUS, TRANSLATE_CORPUS_MORE)
    option = command.add_argument
    option("inputs", nargs="+", type=Path, metavar="IN", help="files of UTF-8 lines")
    option("output", type=Path, metavar="OUT", help="the file to write")
    option("--model", required=True, metavar="CHECKPOINT", help="checkpoint folder")
    about = "translations a line, separated by tabs (default: 1)"
    option("--n-best", type=positive, default=1, metavar="N", help=about)
    about = "draw each translation at temperature T instead of searching for it"
    option("--sample", type=float, metavar="T", help=about)
    option("--seed", type=natural, default=1, metavar="N", help="of --sample (default: 1)")
    about = "begin each line with its mean log-probability of a piece and a tab"
    option("--scores", action="store_true", help=about)
    about = "local (default), ray or ray:ADDRESS, whose machines all see the files"
    option("--engine", default="local", help=about)
    about = "of --engine ray, each with its model (default: its CPUs)"
    option("--workers", type=positive, metavar="N", help=about)
    option("--force", action="store_true", help="replace OUT if it exists")
    add_decoding(command)


def translate_corpus(arguments: argparse.Namespace) -> None:
    out: Path = arguments.output
    if out.exists() and not arguments.force:
        raise UserError(f"{out} exists; add --force to replace it")
    if arguments.sample is not None and not 0 < arguments.sample < float("inf"):
        raise UserError(f"--sample {arguments.sample}: a temperature above 0 is needed")
    if arguments.sample is not None and (arguments.n_best > 1 or arguments.beam):
        raise UserError("--sample draws one translation: leave out --n-best and --beam")
    options = {
        name: getattr(arguments, name)
        for name in "model n_best sample seed scores beam length_penalty device runtime no_phrases".split()
    }
    options["model"] = str(Path(arguments.model).resolve())
    parts = out.with_name(out.name + ".parts").resolve()
    parts.mkdir(parents=True, exist_ok=True)
    with locked_file(parts / "lock", f"{out}: another nmt translate-corpus is writing it"):
        shards = cut(arguments.inputs, parts, options)
        missing = [number for number in range(shards) if not (parts / f"{number}.out").exists()]
        run = _on_ray if arguments.engine.partition(":")[0] == "ray" else _here
        if run is _here and arguments.engine != "local":
            raise UserError(f"--engine {arguments.engine}: choose local, ray or ray:ADDRESS")
        with progress_bar(shards, f"shards of {SHARD_LINES} lines", beside_results=False) as advance:
            advance(shards - len(missing))
            for _ in run(missing, parts, options, arguments):
                advance(1)
        partial = parts / "whole"
        with open(partial, "wb") as whole:
            for number in range(shards):
                with open(parts / f"{number}.out", "rb") as part:
                    shutil.copyfileobj(part, whole)
        os.replace(partial, out)
        shutil.rmtree(parts)


# ---- the input ----


def cut(inputs: Iterable[Path], parts: Path, options: dict[str, Any]) -> int:
    """Writes the shards N.in, unless an earlier run did; returns their number.  UserError if that run was another."""
    checkpoint = sorted(file for file in Path(options["model"]).rglob("*") if file.is_file())
    plan = {"options": options, "files": [_identity(file) for file in (*inputs, *checkpoint)]}
    file = parts / "plan.json"
    if file.exists():
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["plan"] != plan:
            raise UserError(
                f"{parts}: left by a run with other files or options; finish that one, or delete the folder"
            )
        return int(known["shards"])
    lines, shards = _lines(inputs), 0
    while shard := list(islice(lines, SHARD_LINES)):
        write_file_atomically(parts / f"{shards}.in", b"".join(line + b"\n" for line in shard))
        shards += 1
    write_file_atomically(file, json.dumps({"plan": plan, "shards": shards}))
    return shards


def _identity(file: Path) -> list[Any]:
    """What changes when a file is replaced."""
    try:
        found = file.stat()
    except OSError as error:
        raise UserError(f"{file}: cannot read it: {error.strerror}") from None
    return [str(file.resolve()), found.st_size, found.st_mtime_ns]


def _lines(inputs: Iterable[Path]) -> Iterator[bytes]:
    """The lines of all files, without their ends."""
    for path in inputs:
        opener: Any = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}.get(path.suffix, open)
        try:
            with opener(path, "rb") as stream:
                number = 0
                while line := stream.readline(MAX_LINE_BYTES + 1):
                    number += 1
                    if len(line) > MAX_LINE_BYTES:
                        raise UserError(f"{path}:{number} is longer than {MAX_LINE_BYTES:,} bytes")
                    yield line.removesuffix(b"\n").removesuffix(b"\r")
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            raise UserError(f"{path}: cannot read it: {getattr(error, 'strerror', None) or error}") from None


# ---- the work ----


class Worker:
    """A loaded model; each call translates a shard."""

    def __init__(self, options: dict[str, Any], parts: Path, cores: int = 0) -> None:
        # Several workers share the machine, each with so many threads.
        if cores and hasattr(os, "sched_setaffinity"):
            usable = os.sched_getaffinity(0)
            os.sched_setaffinity(0, sorted(usable)[:cores])
            importlib.import_module("nmt.inference.core_pool")  # it counts the cores now
            os.sched_setaffinity(0, usable)
        self.options, self.parts = options, parts
        self.translator = load(options)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Translates the shard `row["number"]`, as Ray Data hands it over, into its file."""
        number, options = row["number"], self.options
        if (self.parts / f"{number}.out").exists():
            return row
        text = (self.parts / f"{number}.in").read_bytes().decode("utf-8", errors="replace")
        lines = text.split("\n")[:-1]
        beam = 1 if options["sample"] else options["beam"]
        given = {"beam": beam, "length_penalty": options["length_penalty"], "n_best": options["n_best"]}
        written = []
        for translation in self.translator.stream(lines, **given):
            texts = [translation.text if translation.text.strip() else "", *translation.alternatives]
            line = "\t".join(one.replace("\t", " ") for one in texts) if len(texts) > 1 else texts[0]
            written.append(f"{translation.score:.4f}\t{line}\n" if options["scores"] else f"{line}\n")
        write_file_atomically(self.parts / f"{number}.out", "".join(written))
        return row


def load(options: dict[str, Any]) -> Translator:
    """The translator of a run's options; with `sample`, over a model that draws its tokens."""
    translator = load_translator(argparse.Namespace(**options))
    if options["sample"] is None:
        return translator
    import numpy as np

    from nmt.checkpoint.folder import open_folder
    from nmt.inference.loading import load_runtime
    from nmt.inference.sampled_model import SampledModel
    from nmt.translation.translator import Translator

    opened = open_folder(options["model"])
    model, device, runtime = load_runtime(opened, options["device"], options["runtime"])
    sampled = SampledModel(model, options["sample"], np.random.default_rng(options["seed"]))
    return Translator(opened, sampled, device, runtime, translator.phrases)


def _here(missing: list[int], parts: Path, options: dict[str, Any], arguments: argparse.Namespace) -> Iterator[Any]:
    worker = Worker(options, parts) if missing else None
    for number in missing:
        yield worker and worker({"number": number})


def _on_ray(missing: list[int], parts: Path, options: dict[str, Any], arguments: argparse.Namespace) -> Iterator[Any]:
    """Ray Data: a pool of workers; the shard of one that is killed is given to another."""
    if not missing:
        return
    with ray_on(arguments.engine.partition(":")[2] or None) as ray:
        cpus = int(ray.cluster_resources()["CPU"])
        workers = min(len(missing), arguments.workers or cpus)
        rows = ray.data.from_items([{"number": number} for number in missing], override_num_blocks=len(missing))
        settings = (options, parts, max(1, cpus // workers))
        done = rows.map(Worker, fn_constructor_args=settings, concurrency=workers, num_cpus=1)
        yield from done.iter_rows()
