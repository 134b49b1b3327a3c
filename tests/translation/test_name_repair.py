"""nmt.translation.name_repair: names that a translation spells wrong are put right, and nothing else."""

from __future__ import annotations

import pytest

from nmt.translation.name_repair import repair_names


def repaired(source: str, text: str, unsure: str, size: int = 5) -> str:
    """The words in `unsure` have a log-probability of -4, all others of -0.1."""
    pieces = [f"▁{word}" for word in text.split()]
    scores = [-4.0 if piece[1:].strip(".,") in unsure.split() else -0.1 for piece in pieces]
    return repair_names(source, text, pieces, [*scores, -0.1], lambda word: size)


@pytest.mark.parametrize(
    ("source", "text", "unsure", "expected"),
    [
        ("Luchó contra Voldemort.", "He fought Voldemt.", "Voldemt", "He fought Voldemort."),
        ("Vi a O'Connor ayer", "I saw OConner yesterday", "OConner", "I saw O'Connor yesterday"),
        ("Voldemort's: Harry Voldemort's cat", "El gato de Voldemt", "Voldemt", "El gato de Voldemort"),
        ("Vive en Praga.", "He lives in Prague.", "", "He lives in Prague."),  # the model knows it
        ("Vive en Galati.", "He lives in Woods.", "Woods", "He lives in Woods."),  # nothing alike
        ("Voldemort ha venido", "Voldemt has come", "Voldemt", "Voldemt has come"),  # any word begins so
        ("Ana Gaudí y Eva Gaudio", "Ana Gaudí and Eva Gaudia", "Gaudia", "Ana Gaudí and Eva Gaudio"),
        ("habla de Gaudí", "talks of gaudy", "gaudy", "talks of gaudy"),
    ],
)
def test_a_doubtful_word_like_the_name_becomes_the_name(source: str, text: str, unsure: str, expected: str) -> None:
    assert repaired(source, text, unsure) == expected


@pytest.mark.parametrize(
    ("source", "text", "scores", "expected"),
    [
        # A guess that differs by a letter needs less doubt than one that resembles the name less.
        ("Vive en Órgiva", "▁Lives ▁in ▁Órgive", [-0.1, -0.1, -2.0], "Lives in Órgiva"),
        ("Vive en Órgiva", "▁Lives ▁in ▁Órgive", [-0.1, -0.1, -1.0], "Lives in Órgive"),
        ("Vive en Órgiva", "▁Lives ▁in ▁Órgua", [-0.1, -0.1, -2.0], "Lives in Órgua"),
        ("Vive en Órgiva", "▁Lives ▁in ▁Órgua", [-0.1, -0.1, -4.0], "Lives in Órgiva"),
        # Without its accents a name may be the other language's spelling.
        ("Vive en Taiwán", "▁Lives ▁in ▁Taiwan", [-0.1, -0.1, -2.0], "Lives in Taiwan"),
        # The piece that only begins the word counts, another word's does not.
        ("Vive en Órgiva", "▁Lives ▁in ▁ Ór give", [-0.1, -0.1, -1.2, -0.3, -0.3], "Lives in Órgiva"),
        ("Vive en Órgiva", "▁Lives ▁in ▁Ór give", [-0.1, -2.0, -0.3, -0.3], "Lives in Órgive"),
    ],
)
def test_how_much_doubt_a_guess_needs(source: str, text: str, scores: list[float], expected: str) -> None:
    pieces = text.split()
    written = "".join(pieces).replace("▁", " ").strip()
    assert repair_names(source, written, pieces, [*scores, -0.1], lambda word: 4) == expected


def test_a_common_word_with_a_capital_is_no_name() -> None:
    """ "región" is one piece of the vocabulary, "Región" three."""
    source, text = "La Junta de la Región de Murcia", "The Regional of Murcia"
    pieces, scores = ["▁The", "▁Regional", "▁of", "▁Murcia"], [-0.1, -4.0, -0.1, -0.1, -0.1]

    def size(word: str) -> int:
        return 1 if word == "región" else 3

    assert repair_names(source, text, pieces, scores, size) == text
    assert repair_names(source.replace("Región", "Regionn"), text, pieces, scores, size) != text


def test_a_name_of_few_pieces_is_one_that_the_model_knows() -> None:
    assert repaired("Vive en Praga.", "He lives in Prague.", "Prague", size=2) == "He lives in Prague."
    assert repaired("Vive en Praga.", "He lives in Prague.", "Prague", size=3) == "He lives in Praga."


@pytest.mark.parametrize(
    ("source", "text", "unsure"),
    [
        ("Vino a la Facultad ayer", "He came to the Faculty yesterday", "Faculty"),
        (
            "the old Department of Anthropology",
            "el viejo Departament de Antropology",
            "Departament Antropology",
        ),
        ("How To Configure Notifikator Servers Again", "Cómo Notificator", "Notificator"),  # a title
    ],
)
def test_words_of_institutions_and_of_titles_are_no_names(source: str, text: str, unsure: str) -> None:
    assert repaired(source, text, unsure) == text
