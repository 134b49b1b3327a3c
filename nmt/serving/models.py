"""What a server translates with: the checkpoints that it finds or is told of, and what tells their languages apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nmt.errors import UserError
from nmt.language_id.identifier import IDENTIFIER_FILE, LanguageIdentifier
from nmt.translation import translator

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"


def load_translators(folders: Sequence[Path]) -> dict[tuple[str, str], translator.Translator]:
    """A translator for each direction, from `folders` or, if there are none, from `checkpoints/`.

    UserError where there is no checkpoint, and where two translate in one direction.
    """
    if not folders:
        found = translator.find_checkpoints(CHECKPOINTS) if CHECKPOINTS.is_dir() else {}
        folders = [found[pair] for pair in sorted(found, key=lambda pair: (pair != ("es", "en"), pair))]
    if not folders:
        raise UserError(
            f"no checkpoint in {CHECKPOINTS}; train a model (nmt train) or name one with --model FOLDER"
        )
    translators: dict[tuple[str, str], translator.Translator] = {}
    for folder in folders:
        loaded = translator.Translator.load(folder)
        direction = (loaded.source_language, loaded.target_language)
        if direction in translators:
            other = translators[direction].folder
            raise UserError(f"{other} and {folder} both translate {'-'.join(direction)}; give one of them")
        translators[direction] = loaded
    return translators


def load_identifier() -> LanguageIdentifier | None:
    """What tells the languages apart, if one lies beside the checkpoints."""
    found = sorted(CHECKPOINTS.glob(f"*/{IDENTIFIER_FILE}"))
    return LanguageIdentifier.load(found[0].parent) if found else None
