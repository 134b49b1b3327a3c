"""Dockerfile and compose.yaml: what they copy, run and name is there, and nothing runs as root."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.image import Image, NotHere, built, instructions, started, translation, user_of
from nmt.commands.main import build_parser

ROOT = Path(__file__).resolve().parents[1]
BASE_MB = 150  # of python:3.12-slim, unpacked


def of(name: str) -> list[str]:
    return [rest for instruction, rest in instructions(ROOT / "Dockerfile") if instruction == name]


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    sources = [source for rest in of("COPY") for source in rest.split()[:-1]]
    assert "nmt" in sources and "checkpoints" in sources
    for source in sources:
        assert (ROOT / source).exists() and f"!{source}" in ignored, source


def test_the_models_run_without_what_is_deleted() -> None:
    (deleted,) = re.findall(r"find checkpoints -name (\S+) -delete", " ".join(of("RUN")))
    for folder in (ROOT / "checkpoints").glob("??-??"):
        assert list(folder.glob(deleted)) and (folder / "encoder.onnx").is_file()


def test_what_is_installed_is_what_the_project_names_without_training() -> None:
    (program,) = re.findall(r'python -c "(import re, tomllib;.*?)" > requirements.txt', of("RUN")[0])
    if sys.version_info < (3, 11):  # no tomllib
        return
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {re.match(r"[\w-]+", line)[0] for line in done.stdout.splitlines()}  # type: ignore[index]
    assert {"onnxruntime", "fastapi", "py3langid", "lxml", "numpy"} <= names
    assert not names & {"torch", "pyarrow", "gradio"}


def test_the_server_is_started_by_somebody_else_than_root_with_flags_that_it_has() -> None:
    order = [instruction for instruction, _ in instructions(ROOT / "Dockerfile")]
    assert of("USER") == ["nmt"] and order.index("USER") < order.index("ENTRYPOINT")
    assert "useradd --create-home nmt" in " ".join(of("RUN"))
    entry, default = json.loads(of("ENTRYPOINT")[0]), json.loads(of("CMD")[0])
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["nmt"]
    assert entry[:3] == ["python", "-m", "nmt"]
    for command in (default, service["command"]):
        parsed = build_parser().parse_args([*entry[3:], *command])
        assert (parsed.host, parsed.port) == ("0.0.0.0", int(of("EXPOSE")[0]))
    (port,) = service["ports"]
    assert port.endswith(f":{of('EXPOSE')[0]}") and port.startswith("127.0.0.1:")
    assert {volume.split(":")[0] for volume in service["volumes"]} == set(compose["volumes"])


def test_the_health_check_asks_a_route_that_is_there() -> None:
    (check,) = of("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[0] == "python" and "http://127.0.0.1:5000/health" in command[2]
    compile(command[2], "healthcheck", "exec")
    assert all(shlex.split(rest) for rest in of("RUN"))


def test_every_instruction_works_in_a_fresh_root_and_the_server_in_it_translates() -> None:
    try:
        with built(ROOT) as image:
            assert BASE_MB + image.megabytes() <= 900
            with started(image) as address:
                assert translation(address) == "The dog sleeps."
            assert user_of(image) == "nmt"
    except NotHere as error:
        pytest.skip(f"this machine gives no process a root of its own: {error}")


def test_an_instruction_that_is_not_known_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="VOLUME"):
        Image(tmp_path, 0).carry_out("VOLUME", "/data", tmp_path)
