"""nmt.translation.plan: the parts of a text, the requests of its sentences, and how results are joined again."""

from __future__ import annotations

import itertools
import random

import pytest

from nmt.text.segmentation import Part
from nmt.translation.glossary import Glossary
from nmt.translation.plan import Plan
from nmt.translation.result import Segment, SentenceTranslation, copied

PLAN = Plan([Part("Uno", True), Part("  ", False), Part("DOS TRES CUATRO", True), Part(" 😀\n", False)])


def result(text: str, *others: tuple[str, float], score: float = -0.5) -> SentenceTranslation:
    return SentenceTranslation("s", text, score, ((text, -1.0), *others), ["t"] * 3, ["s"], None)


def test_every_part_to_translate_is_a_request() -> None:
    assert [request.sentence for request in PLAN.requests] == ["Uno", "Dos tres cuatro"]
    assert Plan([Part("😀", False)]).requests == ()


def test_only_the_first_sentence_gets_the_prefix() -> None:
    assert [request.prefix for request in Plan(PLAN.parts, "On").requests] == ["On", ""]


def test_results_are_joined_with_what_is_between_them() -> None:
    line = PLAN.assemble([result("One", score=-0.2), result("Two three four", score=-0.4)])
    assert (line.text, line.alternatives) == ("One  Two three four 😀\n", [])
    assert line.score == pytest.approx(-0.3)
    assert line.tokens == ["t"] * 6
    assert Plan([Part(" 7 ", False)]).assemble([]).text == " 7 "


def test_a_sentence_that_is_left_as_it_is_keeps_its_own_letters() -> None:
    line = PLAN.assemble([copied("Uno"), copied("Dos tres cuatro")], n_best=2)
    assert (line.text, line.alternatives, line.score) == ("Uno  DOS TRES CUATRO 😀\n", [], 0.0)


def test_while_results_are_missing_the_beginning_is_known() -> None:
    one = result("One")
    assert PLAN.segments([]) == []
    assert PLAN.segments([one]) == [Segment("One", one), Segment("  ")]
    assert PLAN.assemble([one]).text == "One  "


def test_segments_join_to_the_text_of_the_translation() -> None:
    results = [copied("Uno"), result("Two", ("II", -2.0))]
    assert "".join(segment.text for segment in PLAN.segments(results)) == PLAN.assemble(results, 2).text


def test_alternatives_of_a_line_are_the_best_combinations() -> None:
    rng = random.Random(5)
    scores = [sorted((rng.uniform(-3, 0) for _ in range(4)), reverse=True) for _ in range(3)]
    sentences = [
        SentenceTranslation("s", f"{i}0", 0.0, tuple((f"{i}{k}", s) for k, s in enumerate(row)), [], [], None)
        for i, row in enumerate(scores)
    ]
    plan = Plan([Part("s", True), Part(" ", False), Part("s", True), Part(" ", False), Part("s", True)])
    line = plan.assemble(sentences, 10)
    ranked = sorted(itertools.product(range(4), repeat=3), key=lambda ks: -sum(scores[i][k] for i, k in enumerate(ks)))
    expected = [" ".join(f"{i}{k}" for i, k in enumerate(ks)) for ks in ranked[:10]]
    assert [line.text, *line.alternatives] == expected


def test_labels_get_no_full_stop_and_other_lines_keep_theirs() -> None:
    parts = [Part("Abrir", True), Part(" 😀\n", False), Part("Sale.", True), Part(" ", False), Part("Ya", True)]
    results = [result("Open."), result("It leaves."), result("Now.", ("At once.", -2.0))]
    assert Plan(parts, labels=True).assemble(results).text == "Open 😀\nIt leaves. Now"
    assert Plan(parts).assemble(results).text == "Open. 😀\nIt leaves. Now."
    label = Plan(parts, labels=True)
    assert label.assemble(results, 2).alternatives == ["Open 😀\nIt leaves. At once"]
    middle = Plan([Part("Pulse", True), Part(" |", False), Part("aquí", True)], labels=True)
    assert middle.assemble([result("Press."), result("here.")]).text == "Press. |here"


def test_the_full_stop_of_a_glossarys_term_stays() -> None:
    glossary = Glossary([("teléfono", "tel.")])
    plan = Plan([Part("Su teléfono", True)], glossary=glossary, labels=True)
    assert plan.assemble([result("Your tel.")]).text == "Your tel."


def test_the_arms_of_a_message_get_no_full_stop() -> None:
    parts = [Part("{n, plural, one {", False), Part("un perro", True), Part(" } other {", False)]
    parts += [Part("Sale.", True), Part("}}", False)]
    plan = Plan(parts)
    texts = ["a dog.", "It leaves."]
    found = plan.assemble([result(text) for text in texts])
    assert found.text == "{n, plural, one {a dog } other {It leaves.}}"
