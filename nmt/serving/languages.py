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

EXAMPLES = {
    "es": [
        "¿Dónde está la biblioteca?",
        "Me gustaría reservar una mesa para dos personas.",
        "Si hubiera sabido que venías, habría preparado la cena.",
        "No tengo tiempo para ver la televisión.",
        "El tren sale a las ocho. Tenemos que darnos prisa. ¿Has comprado los billetes?",
    ],
    "en": [
        "Where is the library?",
        "I would like to book a table for two people.",
        "If I had known that you were coming, I would have made dinner.",
        "My sister has lived in Madrid for three years.",
        "The train leaves at eight. We have to hurry. Did you buy the tickets?",
    ],
}


def name(code: str) -> tuple[str, str]:
    """A language's names in English and Spanish ("es" -> "Spanish", "español"); an unknown code is its own name."""
    return NAMES.get(code, (code, code))
