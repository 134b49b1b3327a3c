"""A translator for tests of the page: a dictionary of words, with made-up pieces and attention."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nmt.config import Config
from nmt.text import Part
from nmt.translation import SentenceTranslation, Translation, assemble

WORDS = {
    "¿dónde": "where", "está": "is", "la": "the", "biblioteca?": "library?",
    "el": "the", "tren": "train", "sale": "leaves", "a": "at", "las": "the", "ocho.": "eight.",
}  # fmt: skip


class FakeTranslator:
    """What the page uses of `nmt.Translator`; the word "crash" makes it fail."""

    def __init__(self, source_language: str, target_language: str) -> None:
        self.source_language, self.target_language = source_language, target_language
        self.config = Config(source_language, target_language)
        self.folder = Path(f"{source_language}-{target_language}")
        self.words = WORDS if source_language == "es" else {v: k for k, v in WORDS.items()}
        self.calls: list[dict[str, object]] = []

    def translate_batch(
        self, lines: list[str], beam: int | None = None, n_best: int = 1, with_attention: bool = False
    ) -> list[Translation]:
        self.calls.append({"beam": beam, "n_best": n_best, "with_attention": with_attention})
        return [self._line(line, n_best, with_attention) for line in lines]

    def _line(self, line: str, n_best: int, with_attention: bool) -> Translation:
        if "crash" in line:
            raise RuntimeError("the fake translator was asked to crash")
        plan = [
            Part(part, bool(part.strip())) for part in re.split(r"(\s*\n\s*|(?<=[.?!])\s+)", line) if part
        ]
        sentences = [self._sentence(part.text, n_best, with_attention) for part in plan if part.translate]
        return assemble(plan, sentences, n_best)

    def _sentence(self, source: str, n_best: int, with_attention: bool) -> SentenceTranslation:
        words = [self.words.get(word.lower(), word) for word in source.split()]
        text = " ".join(words).capitalize()
        source_tokens = [*pieces(source.split()), "</s>"]
        tokens = pieces(words)
        candidates = tuple((text + "'" * k, -float(k)) for k in range(n_best))
        attention = diagonal(len(tokens) + 1, len(source_tokens)) if with_attention else None
        return SentenceTranslation(source, text, -0.5, candidates, tokens, source_tokens, attention)


def pieces(words: list[str], length: int = 6) -> list[str]:
    """Words cut as SentencePiece might: "▁biblio", "teca"."""
    return [piece for word in words for piece in ("▁" + word[:length], word[length:]) if piece]


def diagonal(rows: int, columns: int) -> list[list[float]]:
    """[rows][columns], each row a distribution with its peak near the diagonal."""
    weights = []
    for row in range(rows):
        peak = row * (columns - 1) / max(1, rows - 1)
        raw = [1.0 / (1.0 + (column - peak) ** 2) ** 3 for column in range(columns)]
        weights.append([value / sum(raw) for value in raw])
    return weights


def translators() -> dict[tuple[str, str], FakeTranslator]:
    return {("es", "en"): FakeTranslator("es", "en"), ("en", "es"): FakeTranslator("en", "es")}


@contextmanager
def served_page(max_chars: int) -> Iterator[str]:
    """The address of the real page, served on a free port over the fake translators."""
    import app_gradio

    app_gradio.keep_off_the_network()  # before Gradio is imported
    from nmt.webui import page
    from nmt.webui.service import TranslationService

    blocks = page.build_page(TranslationService(translators(), max_chars))  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    page.launch(blocks, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        blocks.close(verbose=False)
