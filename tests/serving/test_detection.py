"""nmt.serving.detection: the language of a text among those that are served and all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.language_id.identifier import Identification, LanguageIdentifier
from nmt.serving.detection import Detector
from nmt.serving.errors import PageError
from tests.support.fake_translator import fake_service

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "language-id-es-en"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(LanguageIdentifier.load(SHIPPED))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hola", "es"), ("gato", "es"), ("Buenos días, amiga mía.", "es"), ("¿Dónde está el perro?", "es"),
        ("hello", "en"), ("OK", "en"), ("The house is red.", "en"), ("I love tacos and paella", "en"),
        ("Où est la bibliothèque ?", "fr"), ("Wo ist die Bibliothek?", "de"),
        ("Non ho tempo per la televisione.", "it"),
        ("Não tenho tempo para ver televisão.", "pt"), ("Где находится библиотека?", "ru"),
        ("図書館はどこですか。", "ja"),
    ],
)  # fmt: skip
def test_texts_in_a_served_language_and_in_others(detector: Detector, text: str, language: str) -> None:
    first, *others = detector.rank(text, ["es", "en"])
    assert first.language == language and first.probability > 0.5
    assert {guess.language for guess in (first, *others)} >= {"es", "en"}
    assert sum(guess.probability for guess in (first, *others)) <= 1.0001


@pytest.mark.parametrize("text", ["", "12,50 €", "😀", " \n"])
def test_a_text_without_a_letter_is_in_no_language(detector: Detector, text: str) -> None:
    assert detector.rank(text, ["es", "en"]) == []


def test_our_own_identifier_is_asked_only_where_both_of_its_languages_are_served(detector: Detector) -> None:
    assert detector.rank("Me gustaría reservar una mesa.", ["es", "pt"])[0].language == "es"
    assert detector.rank("Gostaria de reservar uma mesa.", ["es", "pt"])[0].language == "pt"
    assert Detector(None).rank("Me gustaría reservar una mesa.", ["es", "en"])[0].language == "es"


def test_our_own_identifier_is_asked_only_where_the_library_leaves_a_doubt() -> None:
    class Asked:
        languages, texts = ("es", "en"), list[str]()

        def identify(self, text: str) -> Identification:
            self.texts.append(text)
            return Identification("es", 0.75)

    asked = Asked()
    detector = Detector(asked)  # type: ignore[arg-type]
    assert detector.rank("I would like to book a table for two people.", ["es", "en"])[0].language == "en"
    assert asked.texts == []
    first, second = detector.rank("gato", ["es", "en"])
    assert asked.texts == ["gato"] and (first.language, second.language) == ("es", "en")
    assert first.probability == pytest.approx(3 * second.probability)


def test_a_text_in_a_language_that_no_model_reads_has_no_direction() -> None:
    service = fake_service()
    german = "Ich habe heute leider keine Zeit, ins Kino zu gehen."
    with pytest.raises(PageError, match="German"):
        service.resolve(german, "auto", "en")
    assert service.resolve(german, "es", "en") == (
        ("es", "en"),
        False,
    )  # whoever names a language knows better
    service.close()
