"""nmt.translation.translator: how a translation goes on differently after a prefix."""

from __future__ import annotations

import pytest

from nmt.translation import sentence_translator
from nmt.translation.result import SentenceTranslation
from tests.support.uppercase_model import uppercase_translator


def texts(found: list[SentenceTranslation]) -> list[str]:
    return [one.text for one in found]


def test_continuations_take_what_was_near_and_the_other_endings_of_the_best() -> None:
    translator, _ = uppercase_translator(near={"▁": "x", "l": "y"})
    assert texts(translator.continuations("hola.", "", beam=2)) == ["HOLA.", "HOyA.", "xHOLA."]
    assert texts(translator.continuations("hola.", "", beam=1)) == ["HOLA.", "xHOLA."]


def test_what_is_improbable_is_no_continuation(monkeypatch: pytest.MonkeyPatch) -> None:
    translator, _ = uppercase_translator(near={"▁": "-"})  # with 1 / e of the best one's probability
    monkeypatch.setattr(sentence_translator, "MAX_UNLIKELINESS", 0.9)
    assert texts(translator.continuations("sol", "", beam=1)) == ["SOL"]
    monkeypatch.setattr(sentence_translator, "MAX_UNLIKELINESS", 1.1)
    assert texts(translator.continuations("sol", "", beam=1)) == ["SOL", "-SOL"]


@pytest.mark.parametrize(("near", "expected"), [("-", ["HOLA ANA", "HOLA-ANA"]), ("x", ["HOLA ANA"])])
def test_a_continuation_leaves_the_word_before_it_as_it_is(near: str, expected: list[str]) -> None:
    translator, _ = uppercase_translator(near={"▁": near})
    assert texts(translator.continuations("hola ana", "HOLA", beam=1)) == expected
