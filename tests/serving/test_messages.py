"""nmt.serving.messages: everything is there in both languages, with the same values, and written as each does."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from nmt.serving.messages import catalogue

ROOT = Path(__file__).resolve().parents[2]
NAMES_OF_LAYERS = {
    "encoder",
    "decoder",
    "forward",
    "backward",
    "rnn",
    "gru",
    "lstm",
}  # as the laboratory gives them


def test_everything_is_said_in_both_languages_with_the_same_values() -> None:
    for key, (english, spanish) in catalogue.MESSAGES.items():
        named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, spanish)]
        assert english.strip() and spanish.strip() and named[0] == named[1], key


def test_numbers_in_messages_are_written_as_each_language_does() -> None:
    assert "tiene 12.345 caracteres" in catalogue.say("es", "translate.too_long", length=12345, limit=5000)
    assert "has 12,345 characters" in catalogue.say("en", "translate.too_long", length=12345, limit=5000)
    assert "1,50 s" in catalogue.say("es", "translate.done", seconds=1.5)


@pytest.mark.parametrize(
    ("value", "form", "english", "spanish"),
    [
        (1234, ",", "1,234", "1234"),
        (12_345.6, ",.1f", "12,345.6", "12.345,6"),
        (1234.5, ",.1f", "1,234.5", "1234,5"),
        (1_234_567, ",", "1,234,567", "1.234.567"),
        (0.25, ".2f", "0.25", "0,25"),
    ],
)
def test_numbers_are_written_as_each_language_does(value: float, form: str, english: str, spanish: str) -> None:
    assert catalogue.number(value, form) == (english, spanish)


def test_every_explanation_is_there_in_both_languages_with_the_same_displayed_formulas() -> None:
    files = sorted(ROOT.glob("nmt/serving/messages/explanations/*.md"))
    assert len(files) == 2 * len(catalogue.EXPLANATIONS) > 10
    for key, both in catalogue.EXPLANATIONS.items():
        english, spanish = (re.findall(r"\$\$.+?\$\$", text) for text in both)
        assert all(both) and english == spanish, key
        for text in both:
            assert text.count("$") % 2 == 0 and text.count("{") == text.count("}"), key


def test_every_message_is_used() -> None:
    """By its whole key, or by one that is put together and has more of it than the module's name."""
    files = [*(ROOT / "nmt" / "webui").rglob("*.py"), *(ROOT / "nmt" / "serving").glob("*.py")]
    literals: set[str] = set()
    patterns: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            if isinstance(node, ast.JoinedStr) and "_" in ast.unparse(node):
                parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z0-9_]*" for p in node.values]
                patterns.add("".join(parts))
    for key in [*catalogue.MESSAGES, *catalogue.EXPLANATIONS]:
        name = key.partition(".")[2]
        found = key in literals or name in literals or name in NAMES_OF_LAYERS
        assert found or any(re.fullmatch(p, key) or re.fullmatch(p, name) for p in patterns if "_" in p), key
