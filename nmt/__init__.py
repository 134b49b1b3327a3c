"""Recurrent neural machine translation: dataset folder -> checkpoint folder -> translations.

    from nmt import Translator
    translator = Translator.load("checkpoints/es-en")
    translator.translate("¿Dónde está la biblioteca?")

Importing this package is cheap: PyTorch is loaded when one of the names below is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmt.errors import UserError

if TYPE_CHECKING:
    from nmt.translation.glossary import Glossary
    from nmt.translation.result import SentenceTranslation, Translation
    from nmt.translation.translator import Translator, find_checkpoints

__all__ = ["Glossary", "SentenceTranslation", "Translation", "Translator", "UserError", "find_checkpoints"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nmt.translation import translator

    return getattr(translator, name)
