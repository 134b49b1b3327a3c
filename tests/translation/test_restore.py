"""nmt.translation.restore: every item comes back once, at its place, and no word is lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from nmt.translation.protect import Vocabulary, protect
from nmt.translation.restore import restore
from tests.translation.test_protect import POOR


def pieces(text: str) -> list[str]:
    return [f"▁{word}" for word in text.split()]


def restored(
    sentence: str,
    translation: str,
    order: list[int] | None = None,
    attempt: int = 0,
    vocabulary: Vocabulary = POOR,
) -> str:
    """`order`: for each word of the translation, the word of what the model read that it came of; None: the same."""
    protected = protect(sentence, vocabulary, attempt)
    source, target = pieces(protected.model_text), pieces(translation)
    order = list(range(len(target))) if order is None else order
    attention = np.full((len(target) + 1, len(source) + 1), 0.01)
    for row, column in enumerate(order):
        attention[row, column] = 1.0
    return restore(protected, translation, [*source, "</s>"], target, attention)


@pytest.mark.parametrize(
    ("sentence", "translation", "expected"),
    [
        ("{0} wrote to {1}", "C3 leyó a X2", "{1} leyó a {0}"),
        ("%d dogs", "12 perros", "%d perros"),
        ("See #418.", "Vea 418.", "Vea #418."),
        ("%dms left", "faltan 12 ms", "faltan %dms"),
        ('Say \\"hi\\" now', 'Di "hola" ya', 'Di \\"hola\\" ya'),
        ('Say \\"hi\\" now', "Di «hola» ya", 'Di \\"hola\\" ya'),
        ("100%% sure", "100% seguro", "100%% seguro"),
        ("Wait… now", "Espera... ya", "Espera… ya"),
        ("Bed & bath", "Cama y baño", "Cama & baño"),
        ("Bed & bath and x", "Cama y baño y x", "Cama & baño y x"),
        ("® %d dogs", "12 perros", "® %d perros"),
        ("Paid 1,250.40 € in 2010", "Pagué 12 en 2010", "Pagué 1,250.40 € en 2010"),
    ],
)
def test_items_take_the_places_of_their_stand_ins(sentence: str, translation: str, expected: str) -> None:
    assert restored(sentence, translation) == expected


@pytest.mark.parametrize("translation", ["Hola", "X2 y X2", "X21"])
def test_only_a_stand_in_that_is_there_once_is_replaced(translation: str) -> None:
    assert restore(protect("Hola {x}", POOR), translation, [], [], None) == translation


@pytest.mark.parametrize(
    ("sentence", "translation", "order", "expected"),
    [
        (
            "La <b>casa</b> roja es grande",
            "The red house is big",
            [0, 2, 1, 3, 4],
            "The red <b>house</b> is big",
        ),
        (
            "La <b>casa roja</b> es grande",
            "The red house is big",
            [0, 2, 1, 3, 4],
            "The <b>red house</b> is big",
        ),
        ("<p>El perro come.</p>", "The dog eats.", None, "<p>The dog eats.</p>"),
        ("<b>Hola.</b> Sí", "Hello. Yes", None, "<b>Hello.</b> Yes"),
        (
            "Uno <b>dos <i>tres</i></b> y",
            "One three two and",
            [0, 2, 1, 3],
            "One <b><i>three</i> two</b> and",
        ),
        ("<b>Ana</b> y <b>Eva</b>", "Ana and Eva", None, "<b>Ana</b> and <b>Eva</b>"),
        ("Uno <b></b> dos", "One two", None, "One <b></b> two"),
        ("Uno <img src='a'> dos tres", "Three one two", [2, 0, 1], "Three one <img src='a'> two"),
        ("Marca® buena", "Good brand", [1, 0], "Good brand®"),
        ("Save &As now", "Ya guardar como", [2, 0, 1], "Ya guardar &como"),
        ("La fiesta 🎉 empieza", "The party starts", None, "The party 🎉 starts"),
        ("A || B", "C D", None, "C || D"),
        ("**Uno** dos", "One two", None, "**One** two"),
        ("x (®) y", "a () b", None, "a (®) b"),
        (
            "Una <b>marca®</b> y",
            "A brand and",
            None,
            "A <b>brand®</b> and",
        ),  # inside of the pair that it was in
        ("Una <b>marca</b>® y", "A brand and", None, "A <b>brand</b>® and"),
        ("Una <b>®marca</b> y", "A brand and", None, "A <b>®brand</b> and"),
        ("<b>® marca</b> y", "brand and", None, "<b>® brand</b> and"),
        ("<u>Una <b>&marca</b></u> y", "A brand and", None, "<u>A <b>&brand</b></u> and"),
    ],
)
def test_what_was_taken_out_goes_with_its_words(
    sentence: str, translation: str, order: list[int] | None, expected: str
) -> None:
    assert restored(sentence, translation, order) == expected


@pytest.mark.parametrize(
    ("sentence", "translation", "order", "expected"),
    [
        ("Sa_ve it now", "Ya sálvalo", [2, 0], "Ya sál_valo"),
        ("Gua_rdar ya", "Save now", None, "_Save now"),
    ],
)
def test_an_accelerator_inside_of_a_word_goes_to_the_same_letter_or_else_to_the_first(
    sentence: str, translation: str, order: list[int] | None, expected: str
) -> None:
    """Whole words are one piece, their halves are more."""
    letters = POOR.characters | {"_"}
    vocabulary = replace(POOR, size=lambda text: 1 if len(text) > 5 or text == "save" else 2, characters=letters)
    assert restored(sentence, translation, order, vocabulary=vocabulary) == expected


def test_in_the_last_attempt_items_go_between_their_neighbours() -> None:
    assert restored("Hola {x} amigo", "Hello friend", attempt=2) == "Hello {x} friend"
    assert restored("{x} come pan", "eats bread", attempt=2) == "{x} eats bread"
    assert restored("Vive en {x}.", "He lives.", [0, 0], attempt=2) == "He lives {x}."


def test_every_item_once_and_no_word_lost() -> None:
    """Whatever the sentence, the translation and the attention are."""
    rng = random.Random(1)
    parts = [
        "uno",
        "dos,",
        "tres.",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<br/>",
        "&amp;",
        "®",
        "{x}",
        "%d",
        "http://a.es",
        "~",
    ]
    for _ in range(500):
        sentence = "".join(rng.choice(parts) + rng.choice([" ", " ", ""]) for _ in range(rng.randint(1, 9))).strip()
        attempt = rng.choice([0, 2])
        protected = protect(sentence, POOR, attempt)
        stand_ins = [protected.model_text[slot.start : slot.end] for slot in protected.slots if not slot.is_out]
        words = [*stand_ins, *rng.choices(["one", "two,", "three."], k=rng.randint(0, 4))]
        rng.shuffle(words)
        translation = " ".join(words)
        source, target = pieces(protected.model_text), pieces(translation)
        attention = np.array([[rng.random() for _ in range(len(source) + 1)] for _ in range(len(target) + 1)])
        whole = restore(protected, translation, [*source, "</s>"], target, attention)
        text = whole
        for item in sorted({slot.item.text for slot in protected.slots}, key=len, reverse=True):
            count = sum(slot.item.text == item for slot in protected.slots)
            assert text.count(item) >= count, (sentence, translation, whole)
            text = text.replace(item, " ")
        kept = Counter("".join(text.split()))
        assert kept == Counter("".join(" ".join(w for w in words if w not in stand_ins).split())), (
            sentence,
            whole,
        )
