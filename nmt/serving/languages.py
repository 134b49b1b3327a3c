"""Names and example sentences of the languages that a server may meet."""

from __future__ import annotations

NAMES = {  # English, Spanish
    "ca": ("Catalan", "catalán"),
    "de": ("German", "alemán"),
    "en": ("English", "inglés"),
    "es": ("Spanish", "español"),
    "eu": ("Basque", "euskera"),
    "fr": ("French", "francés"),
    "gl": ("Galician", "gallego"),
    "it": ("Italian", "italiano"),
    "nl": ("Dutch", "neerlandés"),
    "pt": ("Portuguese", "portugués"),
}

EXAMPLES = {  # which the shipped models translate right
    "es": [
        "¿Dónde está la biblioteca?",
        "Me gustaría reservar una mesa para dos personas.",
        "Hace mucho frío hoy. Ponte el abrigo antes de salir.",
        "Mi abuela cocina mejor que nadie.",
        "El tren sale a las ocho. Tenemos que darnos prisa. ¿Has comprado los billetes?",
    ],
    "en": [
        "Where is the library?",
        "Tomorrow we are going to the beach with the children.",
        "How much does this book cost?",
        "Could you tell me where the station is?",
        "I like to read before going to sleep.",
    ],
}


def name(code: str) -> tuple[str, str]:
    """A language's names in English and Spanish ("es" -> "Spanish", "español"); an unknown code is its own name."""
    return NAMES.get(code, (code, code))
