"""The Dockerfile carried out without Docker: its instructions, in a root of its own over this machine's files.

    python -m benchmarks.image [--json OUT]

An overlay holds what the instructions write, so that nothing outside it changes.  `RUN` lines run as they are written,
in a fresh virtual environment in place of the image's Python; then the server starts, as the image's user, and is
asked for a translation and by the image's health check.  Prints what the image holds beside its base, in MB.
Wants root, `unshare`, `nsenter` and overlay mounts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import add_options, finish, machine, make_parser

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "/image-python"  # the virtual environment, inside the new root
START_SECONDS = 60.0
TOOLS = ("unshare", "nsenter", "chroot", "mount", "setpriv", "useradd")
# The first process of a namespace of processes: all others end with it, and it ends when nobody holds its input.
# The overlay's own files lie on the same disk where that carries an overlay, in memory where it does not.
MOUNT = """
set -e
mkdir -p {folder}/root {folder}/own
overlay() {{ mkdir -p {folder}/own/upper {folder}/own/work &&
  mount -t overlay overlay -o lowerdir=/,upperdir={folder}/own/upper,workdir={folder}/own/work {folder}/root; }}
overlay || {{ mount -t tmpfs tmpfs {folder}/own && overlay; }}
mount --rbind /proc {folder}/root/proc
mount --rbind /dev {folder}/root/dev
echo mounted
exec cat > /dev/null
"""


class NotHere(Exception):
    """This machine cannot give a process a root of its own."""


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """(instruction, the rest) of a Dockerfile, continued lines joined."""
    text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


class Image:
    """A root that a Dockerfile's instructions fill, one after the other."""

    def __init__(self, folder: Path, process: int) -> None:
        self.folder, self.process = folder, process
        self.directory, self.user = "/", "root"
        self.environment = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        self.environment["PATH"] = f"{PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.entry: list[str] = []
        self.health: list[str] = []

    def outside(self, *command: str) -> list[str]:
        """A command that sees the new root at `folder`/root."""
        return ["nsenter", "--target", str(self.process), "--mount", "--pid", "--", *command]

    def command(self, *command: str) -> list[str]:
        """A command in the new root: in the working folder, as the user and with the variables that hold by now."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        identity = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        inside = ["env", "-i", *variables, *(identity if self.user != "root" else []), *command]
        go = f'cd "{self.directory}" && exec "$@"'
        return self.outside("chroot", f"{self.folder}/root", "sh", "-c", go, "sh", *inside)

    def prepare(self) -> None:
        """Put a Python there; whoever the image runs as may read the files of this machine's."""
        home = Path(sys.base_prefix)
        open_up = [str(one) for one in (*home.parents, home) if one != Path("/")]
        _run(self.command("chmod", "o+x", *open_up))
        _run(self.command(f"{home}/bin/python3", "-m", "venv", PYTHON))

    def carry_out(self, instruction: str, rest: str, context: Path) -> None:
        """One instruction, with the files of `context`; ValueError for one that is not known here."""
        if instruction == "WORKDIR":
            self.directory = rest
            place = f"{self.folder}/root{rest}"
            _run(self.outside("rm", "-rf", place))  # what this machine has there is none of the image's
            _run(self.outside("mkdir", "-p", place))
        elif instruction == "COPY":
            *sources, target = rest.split()
            whole = len(sources) == 1 and (context / sources[0]).is_dir()
            if not whole and not target.endswith("/"):
                raise ValueError(f"COPY {rest}: a file under another name is not known to {__name__}")
            place = f"{self.folder}/root{self.directory}/{target if whole else ''}"
            copied = [f"{context / sources[0]}/."] if whole else [str(context / one) for one in sources]
            _run(self.outside("mkdir", "-p", place))
            _run(self.outside("cp", "-r", *copied, place))
        elif instruction == "RUN":
            _run(self.command("sh", "-c", rest))
        elif instruction == "USER":
            self.user = rest
        elif instruction == "ENV":
            for name, _, value in (part.partition("=") for part in rest.split()):
                self.environment[name] = value
        elif instruction == "HEALTHCHECK":
            self.health = json.loads(rest[rest.index("[") :])
        elif instruction in ("ENTRYPOINT", "CMD"):
            self.entry += json.loads(rest)
        elif instruction not in ("FROM", "EXPOSE"):
            raise ValueError(f"{instruction} is not known to {__name__}")

    def megabytes(self) -> float:
        """What the instructions have written, 10⁶ bytes."""
        done = _run(self.outside("du", "-s", "--block-size=1", f"{self.folder}/own/upper"))
        return int(done.split()[0]) / 1e6


def _run(command: list[str]) -> str:
    """What a command prints; SystemExit with what it wrote when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


@contextmanager
def built(context: Path) -> Iterator[Image]:
    """The image of `context`/Dockerfile.  NotHere where that cannot be made."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or os.getuid() != 0:
        raise NotHere(f"missing: {', '.join(missing)}" if missing else "that needs root")
    folder = Path(tempfile.mkdtemp())
    mounting = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNT.format(folder=folder)]
    try:
        pipe = subprocess.PIPE
        with subprocess.Popen(mounting, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as mounted:
            assert mounted.stdin and mounted.stdout and mounted.stderr
            try:
                if mounted.stdout.readline() != "mounted\n":
                    raise NotHere(mounted.stderr.read())
                children = Path(f"/proc/{mounted.pid}/task/{mounted.pid}/children").read_text(encoding="ascii")
                image = Image(folder, int(children.split()[0]))
                image.prepare()
                for instruction, rest in instructions(context / "Dockerfile"):
                    image.carry_out(instruction, rest, context)
                yield image
            finally:
                mounted.stdin.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(image: Image) -> Iterator[str]:
    """The image's server on a free port: its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    with subprocess.Popen(image.command(*image.entry, "--port", port)) as server:
        try:
            check = [part.replace("127.0.0.1:5000", f"127.0.0.1:{port}") for part in image.health]
            deadline = time.monotonic() + START_SECONDS
            while subprocess.run(image.command(*check), capture_output=True).returncode:
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the image's server did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def user_of(image: Image) -> str:
    """The user that a command in the image runs as."""
    return _run(image.command("id", "-un")).strip()


def translation(address: str) -> str:
    """What the server at `address` says of "El perro duerme."."""
    body = json.dumps({"q": "El perro duerme.", "source": "es", "target": "en"}).encode()
    request = urllib.request.Request(f"{address}/translate", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["translatedText"])


def run(args: argparse.Namespace) -> dict[str, Any]:
    try:
        with built(ROOT) as image, started(image) as address:
            found = {"mb": round(image.megabytes()), "user": user_of(image), "translation": translation(address)}
            return {"machine": machine(), **found}
    except NotHere as error:
        sys.exit(f"an image cannot be tried on this machine: {error}")


def main() -> int:
    parser = make_parser(__doc__)
    add_options(parser, "json")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is ended
    return finish(partial(run, args), args.json)


if __name__ == "__main__":
    sys.exit(main())
