"""A translator for tests of the page: a dictionary of words, with made-up pieces and attention."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.config import Config
from nmt.language_id.identifier import Identification
from nmt.text.marks import CLOSING, OPENING, PLACES
from nmt.text.protected import Item
from nmt.text.segmentation import Part
from nmt.translation.glossary import Glossary
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Plan, Request
from nmt.translation.result import SentenceTranslation

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from nmt.serving.service import TranslationService
    from nmt.serving.training_jobs import Trainings

SLOW = 0.3  # seconds

WORDS = {
    "¿dónde": "where", "está": "is", "la": "the", "biblioteca?": "library?",
    "el": "the", "tren": "train", "sale": "leaves", "a": "at", "las": "the", "ocho.": "eight.",
}  # fmt: skip


_WORD = re.compile(rf"[^\s{OPENING}{CLOSING}{PLACES}]+")


class FakeTranslator:
    """What the page uses of `nmt.Translator`; the word "crash" makes it fail, "slow" makes it take its time."""

    def __init__(self, source_language: str, target_language: str) -> None:
        self.source_language, self.target_language = source_language, target_language
        self.config = Config(source_language, target_language)
        self.folder = Path(f"{source_language}-{target_language}")
        self.words = WORDS if source_language == "es" else {v: k for k, v in WORDS.items()}
        self.phrases = PhraseBook([("once", "una vez")] if source_language == "en" else [], "es")
        self.calls: list[dict[str, object]] = []  # of translate_sentences
        self.lock = threading.Lock()
        self.together = 0  # calls that run at this moment

    def plan(self, text: str, glossary: Glossary | None = None, labels: bool = False) -> Plan:
        cut = re.split(r"(\s*\n\s*|(?<=[.?!])\s+)", text)
        return Plan([Part(part, bool(part.strip())) for part in cut if part], glossary=glossary, labels=labels)

    def translate_sentences(
        self, requests: Sequence[Request], beam: int | None = None, n_best: int = 1
    ) -> list[SentenceTranslation]:
        with self.lock:
            self.calls.append({"beam": beam, "n_best": n_best, "sentences": [r.sentence for r in requests]})
            self.together += 1
        try:
            assert self.together == 1, "two batches at once"
            if any("crash" in request.sentence for request in requests):
                raise RuntimeError("the fake translator was asked to crash")
            if any("slow" in request.sentence for request in requests):
                time.sleep(SLOW)
            return [self._sentence(request.sentence, n_best, request.items) for request in requests]
        finally:
            with self.lock:
                self.together -= 1

    def continuations(
        self, sentence: str, prefix: str, count: int = 8, glossary: Glossary | None = None
    ) -> list[SentenceTranslation]:
        """The usual translation, and two that say "perhaps" and "surely" at the place."""
        usual = self._sentence(sentence, 1, glossary.terms_in(sentence) if glossary else ())
        rest = usual.text[len(prefix) :].split()[1:]
        others = [" ".join([*prefix.split(), word, *rest]) for word in ("perhaps", "surely")]
        return [usual, *(replace(usual, text=text, candidates=((text, -1.0),)) for text in others)]

    def _sentence(self, source: str, n_best: int, items: Sequence[Item] = ()) -> SentenceTranslation:
        given = source
        for item in reversed(items):
            given = given[: item.start] + item.text + given[item.end :]
        text = _WORD.sub(lambda word: self.words.get(word[0].lower(), word[0]), " ".join(given.split()))
        words = _WORD.findall(text)
        text = text.capitalize()
        source_tokens = [*pieces(source.split()), "</s>"]
        candidates = tuple((text + "'" * k, -float(k)) for k in range(n_best))
        tokens = pieces(words)
        scores = tuple(-3.0 if "doubt" in token else -0.1 for token in (*tokens, "</s>"))
        foreign = tuple(word for word in words if "寿" in word)
        return SentenceTranslation(
            source, text, -0.5, candidates, tokens, source_tokens, None, foreign=foreign, token_scores=scores
        )


def pieces(words: list[str], length: int = 6) -> list[str]:
    """Words cut as SentencePiece might: "▁biblio", "teca"."""
    return [piece for word in words for piece in ("▁" + word[:length], word[length:]) if piece]


class FakeIdentifier:
    """Spanish if a word of `WORDS` is in it, English if one of its translations is; otherwise a guess."""

    languages = ("es", "en")

    def identify(self, text: str) -> Identification:
        words = text.lower().split()
        spanish, english = (sum(word in known for word in words) for known in (WORDS, WORDS.values()))
        if spanish == english:
            return Identification("es", 0.5)
        return Identification("es" if spanish > english else "en", 0.99)


def translators() -> dict[tuple[str, str], FakeTranslator]:
    return {("es", "en"): FakeTranslator("es", "en"), ("en", "es"): FakeTranslator("en", "es")}


def fake_service(max_chars: int = 200, timeout: float = 60.0, most: int = 64) -> TranslationService:
    from nmt.serving.service import TranslationService

    identifier: Any = FakeIdentifier()
    fakes: Any = translators()
    service = TranslationService(fakes, max_chars, identifier, timeout)
    service.batcher.max_batch = most
    return service


def api_client(
    service: TranslationService,
    users: dict[str, str] | None = None,
    address: str = "testclient",
    **settings: Any,
) -> TestClient:
    """A client of the server without the page, in this process; it asks from `address`."""
    from fastapi.testclient import TestClient

    from nmt.serving.app import make_app
    from nmt.serving.settings import Settings

    chosen = Settings(**{"allowed_host": ("*",), "secret": "s", **settings})
    return TestClient(make_app(service, chosen, users), follow_redirects=False, client=(address, 5))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    service: TranslationService, users: dict[str, str] | None = None, trainings: Trainings | None = None
) -> Iterator[str]:
    """The address of the real page, served on a free port."""
    from nmt.webui.app import keep_off_the_network

    keep_off_the_network()  # before Gradio is imported
    from nmt.serving.settings import Settings
    from nmt.webui.server import served

    port = free_port()
    with served(service, Settings(port=port), users, trainings):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def served_page(max_chars: int, users: dict[str, str] | None = None) -> Iterator[str]:
    """The address of the real page over the fake translators."""
    with serving(fake_service(max_chars, most=1), users) as address:
        yield address
