"""The worked example of the tab that compares: eight sentences, a reference, and two systems that err differently.

A leaves out and mistakes words; B is fluent but free, and once translates nothing at all.
"""

from __future__ import annotations

_LINES = (  # source, reference, A, B
    (
        "¿Dónde está la biblioteca?",
        "Where is the library?",
        "Where is the library?",
        "Where's the library?",
    ),
    (
        "El tren sale a las ocho de la mañana.",
        "The train leaves at eight in the morning.",
        "The train leaves at eight in the morning.",
        "The train departs at 8 a.m.",
    ),
    (
        "Me gustaría reservar una mesa para dos personas.",
        "I would like to book a table for two people.",
        "I would like to reserve a table for two people.",
        "I'd like to book a table for two.",
    ),
    (
        "Si hubiera sabido que venías, habría preparado la cena.",
        "If I had known that you were coming, I would have made dinner.",
        "If I had known that you came, I would have prepared the dinner.",
        "If I had known you were coming, I would have made dinner.",
    ),
    (
        "No tengo tiempo para ver la televisión.",
        "I don't have time to watch television.",
        "I have time to see the television.",
        "I don't have time to watch television.",
    ),
    (
        "Mi hermana vive en Madrid desde hace tres años.",
        "My sister has lived in Madrid for three years.",
        "My sister lives in Madrid since three years.",
        "My sister has been living in Madrid for three years.",
    ),
    (
        "Echo de menos la comida de mi abuela.",
        "I miss my grandmother's cooking.",
        "I throw less my grandmother's food.",
        "I miss my grandmother's cooking.",
    ),
    (
        "Gracias.",
        "Thank you.",
        "Thanks.",
        "",
    ),
)

EXAMPLE: tuple[str, ...] = tuple(
    "".join(line + "\n" for line in column) for column in zip(*_LINES, strict=True)
)
