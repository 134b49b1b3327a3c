"""Checkpoint folders that somebody made to do harm: refused in one sentence, before anything is built."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

from nmt.checkpoint.folder import CONFIG_FILE, DECODER_FILE, ENCODER_FILE, weights_digest  # noqa: E402
from nmt.checkpoint.weights import load_model  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from nmt.language_id.identifier import IDENTIFIER_FILE, LanguageIdentifier  # noqa: E402
from nmt.translation.phrase_book import PHRASES_FILE  # noqa: E402
from nmt.translation.translator import Translator  # noqa: E402
from tests.support.random_model import save_random_checkpoint  # noqa: E402

resource = pytest.importorskip("resource")

SECONDS = 2.0  # of the processor
MEGABYTES = 150  # more than before
Change = Callable[[Path], object]


def setting(key: str, value: str, part: str = "") -> Change:
    """Another value of the first such key of the configuration (below the line `part`)."""

    def change(folder: Path) -> None:
        text = (folder / CONFIG_FILE).read_text(encoding="utf-8")
        place = text.index(f"{part}:") if part else 0
        changed = re.sub(rf"(?m)^( *{key}:).*$", rf"\1 {value}", text[place:], count=1)
        assert changed != text[place:]
        (folder / CONFIG_FILE).write_text(text[:place] + changed, encoding="utf-8")

    return change


def config(text: str) -> Change:
    return lambda folder: (folder / CONFIG_FILE).write_text(text, encoding="utf-8")


def content(name: str, data: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(data)


def large(name: str, size: int) -> Change:
    """A file of holes, which takes no room on the disk."""

    def change(folder: Path) -> None:
        with open(folder / name, "ab") as file:
            file.truncate(size)

    return change


def pipe(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return change


def link(name: str, to: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return change


def aliases(merge: bool = False) -> str:
    """Thirty lists, each of nine times the one before."""
    if merge:
        return "a0: &a0 {x: y}\n" + "".join(
            f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 30)
        )
    return "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))


HOSTILE: dict[str, Change] = {
    # numbers
    "units": setting("hidden", "1000000000"),
    "units within the limit": setting("hidden", "65536"),
    "embedding": setting("embedding", "4000000000"),
    "vocabulary": setting("source_vocab", "-5"),
    "pieces": setting("target_vocab", "1999999999"),
    "layers": setting("layers", "20000", "encoder"),
    "layers within the limit": setting("layers", "256", "decoder"),
    "longest hypothesis": setting("max_length_ratio", "1.0e+300"),
    "pieces beside": setting("max_length_extra", "99999999999"),
    "beam": setting("beam", "1000000"),
    "long number": setting("beam", "0x" + "f" * 50_000),
    "number by sixties": setting("beam", "1" + ":59" * 30_000),
    "long language": setting("target_language", "x" * 50_000),
    # YAML
    "aliases": config(aliases()),
    "merged aliases": config(aliases(merge=True)),
    "aliases of a long text": config(f"a: &a {'x' * 5_000}\nb: [{'*a, ' * 3_000}]"),
    "a long key above many": config(f"? {'k' * 900}\n: {{{'k' * 900}: [{'1, ' * 5_000}]}}"),
    "aliases in a key": config(aliases() + "? *a29\n: 1"),
    "deeply nested": config("[" * 19_000),
    "a tag that does not fit": config("model: !!bool x"),
    "much YAML": large(CONFIG_FILE, 200_000_000),
    "another file": link(CONFIG_FILE, "/etc/passwd"),
    # files
    "a pipe of phrases": pipe(PHRASES_FILE),
    "a pipe of pieces": pipe("joint.spm"),
    "a pipe of weights": pipe("model.safetensors"),
    "a device of weights": link("model.safetensors", "/dev/zero"),
    "a device of phrases": link(PHRASES_FILE, "/dev/zero"),
    "a device of pieces": link("joint.spm", "/dev/zero"),
    "many phrases": large(PHRASES_FILE, 200_000_000),
    "others' phrases": link(PHRASES_FILE, "/etc/passwd"),
    "large pieces": large("joint.spm", 200_000_000),
    "large weights": large("model.safetensors", 10**12),
    "a long header": content("model.safetensors", struct.pack("<Q", 99_000_000) + b" " * 1000),
    "shards without end": content("model-00001-of-99999.safetensors", b""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_random_checkpoint(tmp_path / "es-en", "es", "en")


def refused(load: Callable[[], object]) -> str:
    """What is said: one short line, soon, and without much memory."""
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError) as caught:
        load()
    assert time.process_time() - began < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES
    said = str(caught.value)
    assert "\n" not in said and len(said) < 700 and "root:" not in said
    return said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_refused(folder: Path, name: str) -> None:
    """A checkpoint folder made to do harm is refused in one sentence, within two seconds, without memory."""
    HOSTILE[name](folder)
    refused(lambda: Translator.load(folder, "cpu", "torch"))
    refused(lambda: Translator.load(folder, "cpu"))


# --- graphs -------------------------------------------------------------------------------------------------------


def graph(file: Path, nodes: list[object], constants: list[object] = []) -> None:  # noqa: B006
    """A graph of these nodes, whose output is called keys; it says that it was made from the weights beside it."""
    output = helper.make_tensor_value_info("keys", TensorProto.FLOAT, None)
    whole = helper.make_model(
        helper.make_graph(nodes, "g", [], [output], constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    whole.ir_version = 8
    whole.metadata_props.add(key="weights", value=weights_digest(file.parent))
    file.write_bytes(whole.SerializeToString())


def constant_of(*shape: int) -> Change:
    """A tensor that ONNX Runtime computes while it loads the graph."""

    def change(folder: Path) -> None:
        sizes = helper.make_tensor("s", TensorProto.INT64, [len(shape)], shape)
        for name in (ENCODER_FILE, DECODER_FILE):
            graph(folder / name, [helper.make_node("ConstantOfShape", ["s"], ["keys"])], [sizes])

    return change


def declared(external: bool) -> Change:
    """Weights of 4 TB that are not there, or that lie in another file."""

    def change(folder: Path) -> None:
        tensor = TensorProto(name="x", data_type=TensorProto.FLOAT, dims=[10**6, 10**6])
        if external:
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", "../../../../../../etc/passwd"),
                ("offset", "0"),
                ("length", "64"),
            ):
                tensor.external_data.add(key=key, value=value)
        for name in (ENCODER_FILE, DECODER_FILE):
            graph(folder / name, [helper.make_node("Identity", ["x"], ["keys"])], [tensor])

    return change


def swapped(folder: Path) -> None:
    (folder / ENCODER_FILE).rename(folder / "kept")
    (folder / DECODER_FILE).rename(folder / ENCODER_FILE)
    (folder / "kept").rename(folder / DECODER_FILE)


def of_another_model(folder: Path) -> None:
    shipped = Path(__file__).parents[2] / "checkpoints" / "es-en"
    for name in (ENCODER_FILE, DECODER_FILE):
        (folder / name).write_bytes((shipped / name).read_bytes())


GRAPHS: dict[str, Change] = {
    "4 GB": constant_of(10**9),
    "1 GB": constant_of(10**9 // 4),
    "more than can be": constant_of(2**31, 2**31),
    "declared": declared(external=False),
    "in another file": declared(external=True),
    "swapped": swapped,
    "of another model": of_another_model,
    "of another configuration": setting("hidden", "8", "decoder"),
    "of other layers": setting("layers", "3", "decoder"),
    "no graph": content(ENCODER_FILE, b"\x08\x09" * 1000),
    "large": large(ENCODER_FILE, 10**12),
    "a pipe": pipe(DECODER_FILE),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nmt.export.onnx_export import export

    folder = save_random_checkpoint(tmp_path_factory.mktemp("served") / "es-en", "es", "en")
    export(folder)
    assert Translator.load(folder, "cpu").runtime == "onnx"
    return folder


@pytest.mark.parametrize("with_weights", [True, False])
@pytest.mark.parametrize("name", GRAPHS)
def test_a_hostile_graph_is_refused(served: Path, tmp_path: Path, name: str, with_weights: bool) -> None:
    """Graphs that are swapped, or declare tensors that fit no memory, are refused before they take any."""
    for file in served.iterdir():
        if with_weights or file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    GRAPHS[name](tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    refused(lambda: Translator.load(tmp_path, "cpu"))
    assert resource.getrlimit(resource.RLIMIT_AS) == limits


# --- what tells languages apart -----------------------------------------------------------------------------------

IDENTIFIERS: dict[str, Change] = {
    "a pipe": pipe(IDENTIFIER_FILE),
    "a device": link(IDENTIFIER_FILE, "/dev/zero"),
    "large": large(IDENTIFIER_FILE, 10**12),
    "nested notes": lambda folder: save_file({}, folder / IDENTIFIER_FILE, {"identifier": "[" * 90_000}),
    "no weights": lambda folder: save_file(
        {"output.weight": np.zeros(0, np.float32)},
        folder / IDENTIFIER_FILE,
        {"identifier": '{"languages": ["es", "en"], "characters": "ab"}'},
    ),
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_a_hostile_identifier_is_refused(tmp_path: Path, name: str) -> None:
    """What tells languages apart is measured before it is read, too."""
    IDENTIFIERS[name](tmp_path)
    refused(lambda: LanguageIdentifier.load(tmp_path))


def test_weights_are_compared_before_they_are_read(folder: Path) -> None:
    """Weights of another shape are refused by their names and shapes alone."""
    save_file({"x" * 5000: np.zeros(3, np.float32)}, folder / "model.safetensors")
    assert "do not fit config.yaml" in refused(lambda: load_model(folder))
