"""What every benchmark's script needs: options, the description of the machine, figures as JSON.

This also runs in the peers' environments, so it needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# What an option is wherever it occurs; `add_options` adds those that a script has.
OPTIONS: dict[str, dict[str, Any]] = {
    "model": {"type": Path, "required": True, "metavar": "CHECKPOINT"},
    "source": {"type": Path, "required": True, "metavar": "FILE", "help": "one sentence a line"},
    "device": {"default": "auto", "choices": ("auto", "cpu", "cuda")},
    "runtime": {"default": "auto", "choices": ("auto", "onnx", "torch")},
    "set": {"action": "append", "default": [], "metavar": "KEY=VALUE", "help": "as of `nmt train`"},
    "threads": {"type": int, "default": 2, "metavar": "N", "help": "CPU threads of torch (2)"},
    "json": {"type": Path, "metavar": "OUT", "help": "also write the figures to this file"},
}


def make_parser(module_docstring: str | None) -> argparse.ArgumentParser:
    """A parser whose help begins with the module's docstring, line breaks kept."""
    raw = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=module_docstring, formatter_class=raw)


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(f"--{name}", **OPTIONS[name])


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number from `least` on."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text}: at least {least} is needed")
        return value

    return number


def machine(*packages: str) -> dict[str, Any]:
    """What figures depend on and a reader can compare: processor, system, and the versions of installed `packages`."""
    name = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():  # Linux leaves platform.processor() empty
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return {
        "processor": name,
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages if find_spec(name)},
    }


def revision() -> str:
    """The commit that was measured, marked when the working tree differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def read_figures(file: Path) -> dict[str, Any]:
    """The figures that `publish` wrote of another system; UserError if the file has none."""
    from nmt.errors import UserError

    try:
        figures = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    if not isinstance(figures, dict) or "system" not in figures:
        raise UserError(f"{file}: not what a benchmark writes to --json")
    return figures


def finish(run: Callable[[], dict[str, Any]], out: Path | None) -> int:
    """Run a benchmark and publish its figures; a user's mistake is one line.  Returns the exit status."""
    from nmt.errors import UserError  # here, since the peers' environments lack what `nmt` needs

    try:
        if out is not None and (out.is_dir() or not out.parent.is_dir()):
            raise UserError(f"{out}: {'is a folder' if out.is_dir() else 'its folder does not exist'}")
        publish(run(), out)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def publish(figures: dict[str, Any], out: Path | None) -> None:
    """Print the figures as JSON, and write the same to `out` when one is given."""
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
