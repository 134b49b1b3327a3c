"""nmt.translation.postprocess: each step from the hypotheses of a search to a translation, by itself."""

from __future__ import annotations

import numpy as np
import pytest

from nmt.inference.hypotheses import Hypothesis
from nmt.translation.plan import Request
from nmt.translation.postprocess import (
    EMPTY,
    MIN_GAIN,
    Draft,
    count_defects,
    deduplicate,
    detokenize,
    pick,
    recase,
    repair,
)
from nmt.translation.protect import Protected
from nmt.translation.result import SentenceTranslation
from tests.support.uppercase_model import character_tokenizer

TOKENIZER = character_tokenizer()
LOOP = "the work of the work of the work of a man"


def draft(text: str, score: float = -1.0, attention: np.ndarray | None = None) -> Draft:
    tokens = tuple(TOKENIZER.encode(text))
    token_scores = (score,) * (len(tokens) + 1)
    return Draft(text, TOKENIZER.pieces(tokens), Hypothesis(tokens, score, token_scores, attention, True))


def source_pieces(sentence: str) -> list[str]:
    return [*TOKENIZER.pieces(TOKENIZER.encode(sentence)), "</s>"]


def aligned(target: str, source: str) -> np.ndarray:
    """Attention of which each target piece gives all to the source piece in the same place."""
    return np.eye(len(TOKENIZER.encode(target)) + 1, len(source_pieces(source)), dtype=np.float32)


def test_a_hypothesis_becomes_one_clean_line() -> None:
    pieces = TOKENIZER.pieces(range(len(TOKENIZER)))
    tokens = tuple(pieces.index(piece) for piece in ("▁", "a", "<0x0A>", "▁", "▁", "b", "<0xC3>"))
    found = detokenize(Hypothesis(tokens, -1.0, (), None, True), TOKENIZER)
    assert (found.text, found.pieces) == ("a b", ["▁", "a", "<0x0A>", "▁", "▁", "b", "<0xC3>"])


@pytest.mark.parametrize(
    ("sentence", "text", "defects"),
    [
        ("tengo 7 ideas", "I have 7 ideas", 0),
        ("tengo 7 ideas", "I have ideas", 1),
        ("mira http://a.es y 7", "look", 2),
        ("una frase", LOOP, 1),
        ("tengo 7 ideas", LOOP, 2),
        ("una frase", "", EMPTY),
    ],
)
def test_what_is_lost_or_said_again_and_again_is_a_defect(sentence: str, text: str, defects: int) -> None:
    assert count_defects(Request(sentence), text) == defects


def test_what_was_asked_for_may_repeat_itself() -> None:
    assert deduplicate(Request("una frase"), LOOP) == "the work of a man"
    assert deduplicate(Request("una frase", prefix="the work"), LOOP) == LOOP
    assert count_defects(Request("una frase", prefix="the work"), LOOP) == 0


def test_a_lost_placeable_is_put_back_and_counted_before_and_after() -> None:
    source, target = "a 45 b", "A 54 B"
    found = repair(Request(source), draft(target, attention=aligned(target, source)), source_pieces(source))
    assert (found.text, found.defects) == ("A 45 B", (0, 1))


def test_repetition_goes_unless_something_would_be_lost_with_it() -> None:
    request, pieces = Request("una frase"), source_pieces("una frase")
    assert repair(request, draft(LOOP), pieces).text == "the work of a man"
    request = Request("x `A B`")
    text = "a b, `A B` a b"
    assert deduplicate(request, text) == "a b"
    assert repair(request, draft(text), pieces).text == text


def test_the_draft_with_the_fewest_defects_is_picked_and_of_equals_the_likelier_one() -> None:
    request = Request("tengo 7 ideas")
    pieces = source_pieces(request.sentence)
    drafts = [repair(request, draft(t, s), pieces) for t, s in (("NO", -1.0), ("7 A", -2.0), ("7 B", -3.0))]
    found = pick(request, drafts, pieces, 2, with_attention=False)
    assert (found.text, found.score, found.tokens) == ("7 A", -2.0, ["▁", "7", "▁", "A"])
    assert found.candidates == (("7 A", -2.0), ("7 B", -3.0))


def test_equal_texts_of_different_pieces_are_one_candidate() -> None:
    found = pick(Request("a"), [draft("A", -1.0), draft("A", -2.0), draft("B", -3.0)], ["▁", "a"], 3, False)
    assert found.candidates == (("A", -1.0), ("B", -3.0))


@pytest.mark.parametrize("with_attention", [False, True])
def test_attention_is_given_if_it_was_asked_for(with_attention: bool) -> None:
    attention = aligned("A", "a")
    found = pick(Request("a"), [draft("A", -1.0, attention)], source_pieces("a"), 1, with_attention)
    assert found.attention == (attention.tolist() if with_attention else None)


def result(text: str, score: float, *others: str) -> SentenceTranslation:
    candidates = tuple((t, score - i) for i, t in enumerate((text, *others)))
    return SentenceTranslation("dog", text, score, candidates, [], [], None)


def recased(sentence: str, whole: SentenceTranslation, bare: SentenceTranslation) -> SentenceTranslation:
    return recase(Request(sentence), Protected(sentence, sentence, target_language="es"), whole, bare)


def test_the_bare_form_is_taken_if_it_is_clearly_likelier() -> None:
    whole = result("Ruedo.", -0.5)
    likelier = recased("Dog!", whole, result("perro", -0.5 + 2 * MIN_GAIN, "can"))
    assert (likelier.source, likelier.text) == ("Dog!", "¡Perro!")
    assert [text for text, _ in likelier.candidates] == ["¡Perro!", "¡Can!"]
    assert recased("Dog!", whole, result("perro", -0.5 + MIN_GAIN / 2)) is whole
    assert recased("Dog!", result("", -0.5), result("perro", -9.0)).text == "¡Perro!"


@pytest.mark.parametrize(("sentence", "text"), [("NASA", "NASA"), ("NASA!", "¡NASA!"), ("Nasa.", "Nasa.")])
def test_a_name_in_capitals_that_stays_the_same_keeps_them(sentence: str, text: str) -> None:
    assert recased(sentence, result("Naso", -0.9), result("nasa", -0.5)).text == text


def test_a_word_in_capitals_that_is_translated_begins_with_one() -> None:
    assert recased("DOGS", result("DOGS", -0.9), result("perros", -0.5)).text == "Perros"


def test_a_bare_form_with_defects_is_not_taken() -> None:
    """If only another candidate has some, it is left out, or the best would depend on how many are asked for."""
    whole = result("Ruedo.", -0.5)
    assert recased("Dog!", whole, result("...", 0.0, "perro")) is whole
    found = recased("Dog!", whole, result("perro", 0.0, "..."))
    assert [text for text, _ in found.candidates] == ["¡Perro!"]
