"""nmt.documents.marked_text: what the translator reads of a text with markup, and that nothing of it is lost."""

from __future__ import annotations

import pytest

from nmt.documents.marked_text import Marked, mended
from nmt.text.marks import MAX_MARKS, without_marks
from tests.support.documents import marked, shown


def built(*pieces: str) -> Marked:
    """<b> opens and </b> closes, {x} is kept, [x] is a place, everything else is text."""
    text = Marked()
    for piece in pieces:
        if piece.startswith("</"):
            text.close(piece[2:-1], piece, raised=piece == "</sup>")
        elif piece.startswith("<"):
            text.open(piece[1:-1], piece)
        elif piece.startswith("{"):
            text.keep(piece)
        elif piece.startswith("["):
            text.place(piece)
        else:
            text.add(piece)
    return text


@pytest.mark.parametrize(
    ("pieces", "texts"),
    [
        (["Un ", "<b>", "perro", "</b>", " negro"], ["Un <0>perro</0> negro"]),
        (["<b>", "[img]", " Un perro", "</b>", "[fin]"], ["Un perro"]),  # around all of it
        (["Mi per", "<b>", "ri", "</b>", "to"], ["Mi <0>perrito</0>"]),
        (["Uno ", "<b>", "→", "</b>", " dos"], ["Uno <1/> dos"]),
        (["Una nota", "<sup>", "1", "</sup>", " y H", "<sup>", "2", "</sup>", "O"], ["Una nota<1/> y H{3}O"]),
        (["Son m", "<sup>", "2", "</sup>", " y 4 m", "<sup>", "2", "</sup>"], ["Son m{1} y 4 m"]),
        (["Uno ", "<b>", "dos ", "<i>", "tres", "</b>", " seis", "</i>"], ["Uno <0>dos <1/>tres</0> seis"]),
        (["<a>", "Inicio", "</a>", " / ", "<a>", "La guía", "</a>"], ["Inicio", "La guía"]),
        (["<b>", "Muy", "</b>", " ", "<b>", "bien", "</b>"], ["<0>Muy</0> <1>bien</1>"]),
        (["Uno | ", "<b>", "dos | tres", "</b>", " más"], ["Uno", "<0>dos | tres</0> más"]),
        (["{code}", " [img]"], []),
        (["uno ", *["[img]"] * (MAX_MARKS + 1)], []),
        (
            ["uno \U000ff000 ", "<b>", "dos", "</b>"],
            ["uno <0/> <1>dos</1>"],
        ),  # has such characters of its own
        (["uno \ue000"], ["uno \ue000"]),
    ],
)
def test_what_the_translator_reads(pieces: list[str], texts: list[str]) -> None:
    text = built(*pieces)
    assert [shown(one) for one in text.texts] == texts
    if not any("per" in piece for piece in pieces):  # markup inside of a word goes around it
        assert text.render(text.texts) == "".join(pieces)


def test_characters_that_are_marks_to_us_are_written_again() -> None:
    text = Marked()
    text.add("un \U000ff001 < \U000ff300", "un &#xff001; &lt; \U000ff300")
    assert text.render([one.upper() for one in text.texts]) == "UN \U000ff001 < \U000ff300"
    text = Marked()
    text.add("12 \U000ff001", "12 &#xff001;")
    assert text.render(text.texts) == "12 &#xff001;"


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        ("Un <0>perro</0> <1>negro</1>", "A <1>black</1> <0>dog</0>", "A <1>black</1> <0>dog</0>"),
        ("uno <0>dos</0> tres", "one two three", "one <0>two</0> three"),
        ("uno <0>dos</0> tres", "one <0></0>two three", "one <0>two</0> three"),
        ("uno {0} tres<1/>.", "one three.", "one {0} three<1/>."),
    ],
)
def test_marks_that_are_not_as_they_must_be_go_to_their_places_in_proportion(
    text: str, said: str, expected: str
) -> None:
    assert shown(mended(marked(text), marked(said))) == expected


@pytest.mark.parametrize("said", ["", "one", "one two", "<0>one <1>two</0> three</1>", "</1>one<0> {3}{3}"])
def test_whatever_is_said_no_word_and_no_mark_is_lost_and_pairs_do_not_cross(said: str) -> None:
    text = "<0>uno <1>dos</1> tres</0> {3}<4/> y <2>más</2>."
    whole = shown(mended(marked(text), marked(said)))
    for one in ("<0>", "</0>", "<1>", "</1>", "<2>", "</2>", "{3}", "<4/>"):
        assert whole.count(one) == 1, whole
    assert whole.index("<0>") < whole.index("</0>") and whole.index("<1>") < whole.index("</1>")
    inside = whole[whole.index("<0>") : whole.index("</0>")]
    assert ("<1>" in inside) == ("</1>" in inside)
    words = without_marks(marked(said)).replace("…", "").split()
    assert [word for word in without_marks(marked(whole)).replace("…", "").split()] == words
