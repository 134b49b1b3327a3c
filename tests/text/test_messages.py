"""nmt.text.messages: what of a message with choices is syntax."""

from __future__ import annotations

import pytest

from nmt.text.messages import message_syntax


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        ("plain", ["plain"]),
        ("{n, plural, one {a} other {b}}", ["a", "b"]),
        (
            "x {g, select, male {He {n, plural, one {a} other {b}}} other {c}} y",
            ["x ", "He ", "a", "b", "c", " y"],
        ),
        ("{n, selectordinal, offset:1 =1 {st} few {rd}}", ["st", "rd"]),
        ("{n, plural, one {a}", ["{n, plural, one {a}"]),
        ("{n, plural, }", ["{n, plural, }"]),
        ("{n, number}", ["{n, number}"]),
    ],
)
def test_the_arms_and_what_is_around_are_text(text: str, stretches: list[str]) -> None:
    found = list(message_syntax(text))
    assert "".join(stretch for stretch, _ in found) == text
    assert [stretch for stretch, is_syntax in found if stretch and not is_syntax] == stretches


@pytest.mark.parametrize("unit", ["{n, plural, one {", "{", "}", "{n, plural,"])
def test_takes_long_texts_of_anything(unit: str) -> None:
    text = unit * (10_000 // len(unit))
    assert "".join(stretch for stretch, _ in message_syntax(text)) == text
