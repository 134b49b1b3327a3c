"""Engines: the same dataset from processes and from Ray, and what becomes of a worker that dies."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("lingua")

from data_prep.engines import LocalEngine, open_engine  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from tests.support.built_datasets import SIZES, build, write_tsv  # noqa: E402


def hashes(folder: Path) -> dict[str, str]:
    """Of every file of a dataset folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def killed_once(marker: str) -> str:
    """The first call kills its process."""
    if marker.startswith("/") and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return marker


def test_a_killed_process_is_one_sentence(tmp_path):
    engine = LocalEngine(2)
    with pytest.raises(UserError, match="a worker process was killed"):
        list(engine.map(killed_once, [str(tmp_path / "marker"), "other"], 10**6))
    engine.close()


def test_processes_give_results_in_order_and_the_first_mistake():
    engine = LocalEngine(2)
    assert list(engine.map(abs, [-3, 2, -1], 10**6)) == [3, 2, 1]
    engine.close()


def slow(marker: str) -> None:
    Path(marker).write_text(str(os.getpid()))
    time.sleep(60)


def test_tasks_that_are_not_done_end_with_the_engine(tmp_path):
    engine = LocalEngine(2)
    results = engine.map(slow, [str(tmp_path / name) for name in "ab"], 10**6)

    def consume() -> None:
        with contextlib.suppress(UserError):
            list(results)

    threading.Thread(target=consume, daemon=True).start()
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.05)
    begun = time.monotonic()
    engine.close()
    assert time.monotonic() - begun < 30


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = (
        "import sys; from data_prep.engines import LocalEngine; from tests.data_prep.test_engines import slow\n"
        "if __name__ == '__main__': list(LocalEngine(2).map(slow, sys.argv[1:], 10**6))"
    )
    (tmp_path / "main.py").write_text(script)
    markers = [tmp_path / name for name in "ab"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    running = subprocess.Popen([sys.executable, tmp_path / "main.py", *markers], env=environment)
    while not all(marker.exists() and marker.read_text() for marker in markers):
        time.sleep(0.05)
    running.kill()
    running.wait()
    for marker in markers:
        for _ in range(400):
            if not Path(f"/proc/{marker.read_text()}").exists():
                break
            time.sleep(0.05)
        else:
            pytest.fail("a worker goes on without its parent")


def test_an_interrupted_build_says_so_and_no_worker_complains(tmp_path):
    script = (
        "import sys; from data_prep.engines import LocalEngine; from tests.data_prep.test_engines import slow\n"
        "if __name__ == '__main__':\n"
        "    engine = LocalEngine(2)\n"
        "    try: list(engine.map(slow, sys.argv[1:], 10**6))\n"
        "    except KeyboardInterrupt: engine.close(); print('interrupted', file=sys.stderr)"
    )
    (tmp_path / "main.py").write_text(script)
    markers = [tmp_path / name for name in "ab"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    running = subprocess.Popen(
        [sys.executable, tmp_path / "main.py", *markers],
        env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not all(marker.exists() and marker.read_text() for marker in markers):
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    assert running.communicate(timeout=60)[1] == "interrupted\n"


def test_unknown_engine():
    with pytest.raises(UserError, match="choose local, ray or ray:ADDRESS"):
        open_engine("spark", 1)


def test_a_local_build_imports_nothing_of_ray(tmp_path):
    script = (
        "import sys; from data_prep.cli import main; status = main(sys.argv[1:]); "
        "sys.exit(status or any(name.split('.')[0] in ('ray', 'datasets') for name in sys.modules))"
    )
    arguments = ["--source", write_tsv(tmp_path / "a.tsv"), "--pair", "es-en", "--vocab-size", "310", *SIZES]
    command = [sys.executable, "-c", script, "build", *arguments, "--out", str(tmp_path / "set")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray")
    engine = open_engine("ray", 2)
    yield engine
    engine.close()
    assert not ray.is_initialized()


def test_ray_builds_the_same_dataset(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.shards.SHARD_ROWS", 60)
    sources = [
        "--source",
        write_tsv(tmp_path / "a.tsv"),
        "--set",
        "noise.typing=0.5",
        "--set",
        "noise.joined=0.5",
    ]
    for engine in ("local", "ray"):
        build(tmp_path / engine, *sources, *SIZES, "--engine", engine)
    assert hashes(tmp_path / "local") == hashes(tmp_path / "ray")


def test_ray_finds_sources_by_relative_paths(cluster, tmp_path, monkeypatch):
    """Its workers were started in another folder."""
    write_tsv(tmp_path / "a.tsv")
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "set", "--source", "tsv:a.tsv", *SIZES, "--engine", "ray")


def no_space(task: int) -> None:
    raise OSError(28, "No space left on device", f"/shared/{task}")


def test_a_full_disk_of_a_worker_of_ray_is_one_sentence(cluster):
    with pytest.raises(OSError, match="No space left on device: '/shared/7'"):
        list(cluster.map(no_space, [7], 0))


def test_ray_tells_a_mistake_as_the_local_engine_does(cluster, tmp_path, capsys):
    corpus = tmp_path / "a.tsv"
    corpus.write_text("hola\thello\nadiós\n")
    build(tmp_path / "set", "--source", f"tsv:{corpus}", "--engine", "ray", status=1)
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {corpus}:2: 1 columns instead of 2")


def test_a_killed_worker_of_ray_changes_nothing(cluster, tmp_path):
    tasks = [str(tmp_path / "marker"), *map(str, range(5))]
    assert list(cluster.map(killed_once, tasks, 0)) == tasks
