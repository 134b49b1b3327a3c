"""Finds and installs models on this machine: checkpoints, and identifiers that tell two languages apart.

They lie in the folders of `places`, each in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nmt.checkpoint.folder import CONFIG_FILE, ENCODER_FILE, check_translates, open_folder
from nmt.errors import UserError
from nmt.files import write_folder_atomically
from nmt.language_id.identifier import IDENTIFIER_FILE, LanguageIdentifier
from nmt.translation import translator

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"  # beside the package, in a copy of the code
NAMED = "NMT_MODELS"  # folders, in the environment
APPLICATION = "recurrent-nmt"
MAX_UNPACKED_BYTES = 4_000_000_000  # of an archive
MAX_FILES = 1000

Pair = tuple[str, str]


def user_folder() -> Path:
    """Where `nmt models add` installs: the user's own data folder, as the system has it."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base, APPLICATION, "models")


def places() -> list[Path]:
    """The folders that may hold models; what lies in an earlier one goes before what lies in a later."""
    named = [Path(folder) for folder in os.environ.get(NAMED, "").split(os.pathsep) if folder]
    packaged = Path(sysconfig.get_path("data"), "share", APPLICATION, "models")
    return [folder for folder in (*named, user_folder(), CHECKPOINTS, packaged) if folder.is_dir()]


def find_models() -> dict[Pair, Path]:
    """The checkpoint of each direction, Spanish to English first."""
    found: dict[Pair, Path] = {}
    for place in places():
        found = {**translator.find_checkpoints(place), **found}
    return {pair: found[pair] for pair in sorted(found, key=lambda pair: (pair != ("es", "en"), pair))}


def find_model(source: str, target: str) -> Path:
    """Return the checkpoint of a direction; UserError that names the directions there are, if it has none."""
    found = find_models()
    if (source, target) not in found:
        there = ", ".join(map("-".join, found)) or "none"
        raise UserError(f"no model translates {source}-{target}; there are: {there} (see `nmt models`)")
    return found[source, target]


def load_translators(folders: Sequence[Path]) -> dict[Pair, translator.Translator]:
    """A translator for each direction, from `folders` or, if there are none, from wherever models lie.

    UserError where there is no checkpoint, and where two translate in one direction.
    """
    folders = folders or list(find_models().values())
    if not folders:
        raise UserError(
            f"no checkpoint in {CHECKPOINTS}, {user_folder()} or ${NAMED}; train a model (nmt train), install one "
            "(nmt models add FILE), or name one with --model FOLDER"
        )
    translators: dict[Pair, translator.Translator] = {}
    for folder in folders:
        loaded = translator.Translator.load(folder)
        direction = (loaded.source_language, loaded.target_language)
        if direction in translators:
            other = translators[direction].folder
            raise UserError(f"{other} and {folder} both translate {'-'.join(direction)}; give one of them")
        translators[direction] = loaded
    return translators


def find_identifiers() -> list[Path]:
    """The folders of what tells two languages apart."""
    return [file.parent for place in places() for file in sorted(place.glob(f"*/{IDENTIFIER_FILE}"))]


def load_identifier() -> LanguageIdentifier | None:
    """What tells two languages apart, if one lies with the models."""
    found = find_identifiers()
    return LanguageIdentifier.load(found[0]) if found else None


def install(given: Path, replace: bool) -> list[Path]:
    """Copy the models in a folder or an archive (.zip, .tar and its compressed kinds) to `user_folder`; their folders.

    UserError for what is no model, and for one that is there already unless it is to be replaced.
    """
    if given.is_dir():
        return _install_from(given, given, replace)
    with tempfile.TemporaryDirectory(prefix="nmt-models-") as unpacked:
        _unpack(given, unpacked)
        return _install_from(Path(unpacked), given, replace)


def _install_from(folder: Path, given: Path, replace: bool) -> list[Path]:
    files = [*folder.rglob(CONFIG_FILE), *folder.rglob(IDENTIFIER_FILE)]
    best = [folder / "best"] if (folder / "best" / CONFIG_FILE).is_file() else []  # a training run's folder
    models = {_name(model): model for model in best or sorted({file.parent for file in files})}
    if not models:
        raise UserError(f"{given}: no model in it: no {CONFIG_FILE} and no {IDENTIFIER_FILE}")
    targets = {user_folder() / name: model for name, model in models.items()}
    if there := [str(target) for target in targets if target.exists() and not replace]:
        raise UserError(f"{there[0]} is there already; give --replace to put the new one in its place")
    for target, model in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_folder_atomically(target, partial(_copy, model))
    return list(targets)


def _copy(model: Path, to: Path) -> None:
    for file in model.iterdir():
        if file.is_file() and not file.is_symlink():
            shutil.copyfile(file, to / file.name)


def _name(model: Path) -> str:
    """The name under which a model is installed.  UserError if it is not whole."""
    if (model / IDENTIFIER_FILE).is_file():
        return "-".join(["language-id", *LanguageIdentifier.load(model).languages])
    checkpoint = open_folder(model)
    check_translates(checkpoint)
    if not (model / ENCODER_FILE).is_file() and not list(model.glob("model*.safetensors")):
        raise UserError(f"{model}: has neither weights (model.safetensors) nor graphs ({ENCODER_FILE})")
    name = f"{checkpoint.config.source_language}-{checkpoint.config.target_language}"
    if Path(name).name != name:
        raise UserError(f"{model}: {name!r} are no codes of languages")
    return name


def _unpack(archive: Path, folder: str) -> None:
    """UserError for what is no archive, or holds too much; nothing is written outside of the folder."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                _check_size(archive, [entry.file_size for entry in opened.infolist()])
                opened.extractall(folder)
            return
        sizes = []
        with tarfile.open(archive) as packed:
            for member in packed:
                sizes.append(member.size)
                _check_size(archive, sizes)
                packed.extract(member, folder, filter="data")
    except FileNotFoundError:
        raise UserError(f"{archive}: no such file or folder") from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        raise UserError(f"{archive}: not a whole archive of models (.zip, .tar.gz): {error}") from None


def _check_size(archive: Path, sizes: Sequence[int]) -> None:
    if sum(sizes) > MAX_UNPACKED_BYTES or len(sizes) > MAX_FILES:
        most = f"{MAX_FILES} files or {MAX_UNPACKED_BYTES // 10**9} GB"
        raise UserError(f"{archive}: holds more than {most}; models are smaller")
