"""Text in, text out: the whole way from lines to translated lines, over one checkpoint.

A line is cut into sentences and what is only copied (`nmt.text.segmentation`), the sentences of many lines are
translated together (`nmt.translation.sentence_translator`), and everything is joined again with its own spacing.
While some lines are searched, the next ones are cut.  Reading and writing files is `nmt.commands.main`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from nmt.checkpoint.folder import CONFIG_FILE, CheckpointFolder, check_translates, open_folder
from nmt.config import Config, DecodingConfig, load_config
from nmt.errors import UserError
from nmt.inference.loading import load_runtime
from nmt.inference.model_interface import SearchableModel
from nmt.text.normalization import composed, model_input, without_surrogates
from nmt.text.segmentation import Part, cut_long, split_around, split_text, words
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Plan, Request
from nmt.translation.result import SentenceTranslation, Translation
from nmt.translation.sentence_translator import SentenceSearch, Settings, Started

MAX_PIECES = 100  # longer sentences are cut; a model seldom has seen longer ones
# Lines that are sorted by length together: few, where others are cut while they are searched; many, for batches of
# a GPU's size.
WINDOW_LINES, WINDOW_LINES_GPU, WINDOW_CHARACTERS = 512, 4096, 400_000
CONTINUATIONS, ENDINGS = 8, 3  # pieces to go on with after a prefix; endings of the most probable of them
# Source pieces × beam, and sentences × beam, of one search; of ONNX Runtime's, several run side by side.
BATCHES = {"onnx": (8192, 320), "cpu": (4096, 512), "cuda": (65536, 16384)}


class Translator:
    """A loaded checkpoint that translates text.

    The result of a line depends on that line alone: not on the lines beside it, nor on `batch_tokens` or
    `n_best` (beyond how many alternatives there are).
    """

    def __init__(
        self,
        checkpoint: CheckpointFolder,
        model: SearchableModel,
        device: str = "cpu",
        runtime: str = "torch",
        phrases: PhraseBook | None = None,
    ) -> None:
        self.config: Config = checkpoint.config
        self.folder: Path = checkpoint.folder
        self.source_language = checkpoint.config.source_language
        self.target_language = checkpoint.config.target_language
        self.device, self.runtime = device, runtime
        self.phrases = phrases or PhraseBook()
        self._model = model
        self._window_lines = WINDOW_LINES_GPU if device == "cuda" else WINDOW_LINES
        self._batch_tokens, self._batch_rows = BATCHES["onnx" if runtime == "onnx" else device]
        self._source_tokenizer = checkpoint.source_tokenizer
        self._target_tokenizer = checkpoint.target_tokenizer
        self._max_pieces = min(MAX_PIECES, checkpoint.config.data.max_length)
        self._source_ids = lru_cache(maxsize=10_000)(self._read)  # each is asked for twice

    @classmethod
    def load(
        cls, folder: str | Path, device: str = "auto", runtime: str = "auto", phrases: bool = True
    ) -> Translator:
        """Load a checkpoint folder.

        device   "cuda", "cpu", or "auto": the GPU if there is one, else the CPU
        runtime  "torch", "onnx" (the graphs that `nmt export` wrote, on the CPU), or "auto": these if they are
                 there and the device is a CPU
        phrases  False: without the folder's phrase book (`nmt.translation.phrase_book`), the model alone"""
        opened = open_folder(folder)
        check_translates(opened)
        book = PhraseBook.load(opened.folder, opened.config.target_language) if phrases else None
        return cls(opened, *load_runtime(opened, device, runtime), book)

    def translate(self, text: str, **options: Any) -> str:
        """Translate a text of any length and number of lines; options as of `translate_batch`."""
        return self.translate_batch([text], **options)[0].text

    def stream(self, lines: Iterable[str], **options: Any) -> Iterator[Translation]:
        """Translate lines in order while they come, some at a time; options as of `translate_batch`, but for
        `prefixes`."""
        search, windows = self._search(**options), _windows(lines, self._window_lines)
        running: _Window | None = None
        following: _Window | None = None
        try:
            while True:
                error: Exception | None = None
                following = None
                try:
                    if window := next(windows, None):
                        following = _Window(self, search, window)
                except Exception as caught:  # what came before an unreadable line is translated first
                    error = caught
                if running:
                    yield from running.finish()
                running = following
                if error:
                    raise error
                if not running:
                    return
        finally:
            for window_left in (running, following):
                if window_left:
                    window_left.cancel()

    def translate_batch(
        self,
        lines: Sequence[str],
        beam: int | None = None,
        n_best: int = 1,
        with_attention: bool = False,
        prefixes: Sequence[str] | None = None,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> list[Translation]:
        """Translate each line (which may have line breaks: they stay).

        beam, length_penalty  None: what the checkpoint's configuration says
        n_best         how many different translations of a line, at most the beam
        with_attention of the model's own translation: the phrase book is left aside
        prefixes       for each line what its (first sentence's) translation must begin with, or ""
        batch_tokens   source pieces × beam that are searched at once: more is faster and takes more memory, up
                       to the limits on sentences × beam and on lines that are looked at together
        Raises UserError when beam or n_best cannot be.
        """
        if isinstance(lines, str):
            raise TypeError("translate_batch takes a sequence of lines; translate() takes one text")
        if prefixes is not None and len(prefixes) != len(lines):
            raise ValueError(f"{len(prefixes)} prefixes for {len(lines)} lines")
        search = self._search(beam, n_best, with_attention, length_penalty, batch_tokens)
        running: list[_Window] = []
        done = 0
        try:
            for some in _windows(lines, self._window_lines):
                given = prefixes[done : done + len(some)] if prefixes else ()
                running.append(_Window(self, search, some, given))
                done += len(some)
            return [translation for window in running for translation in window.finish()]
        finally:
            for window in running:
                window.cancel()

    def plan(self, text: str, prefix: str = "") -> Plan:
        """Cut a text into sentences to translate, each short enough for the model and in its script, and what is
        copied between them.  With `translate_sentences` of the plan's requests, and `assemble` of their results, it
        is `translate_batch`, step by step."""
        parts: list[Part] = []
        for part in split_text(without_surrogates(text), self.source_language):
            pieces = self._pieces(part.text) if part.translate else []
            if len(pieces) <= self._max_pieces and not _characters_in_bytes(pieces):
                parts.append(part)
                continue
            for cut in cut_long(part.text, lambda text: len(self._pieces(text)), self._max_pieces):
                parts += split_around(cut.text, self._foreign_words(cut.text)) if cut.translate else [cut]
        return Plan(parts, prefix)

    def translate_sentences(
        self, requests: Sequence[Request], beam: int | None = None, n_best: int = 1
    ) -> list[SentenceTranslation]:
        """One result for each request, in order; `beam` and `n_best` as of `translate_batch`."""
        search = self._search(beam, n_best)
        distinct = list(dict.fromkeys(requests))
        found = dict(zip(distinct, search.translate(distinct), strict=True))
        return [found[request] for request in requests]

    def continuations(
        self, sentence: str, prefix: str, count: int = CONTINUATIONS, beam: int | None = None
    ) -> list[SentenceTranslation]:
        """Translations of one sentence that begin with `prefix` and go on differently, the likeliest first.

        Each takes another of the `count` most probable pieces after the prefix and is completed by a search of its
        own; those that come to the same text are one, and the most probable piece brings its second and third best
        ending.  For translating interactively (Barrachina et al. 2009,
        "Statistical approaches to computer-assisted translation", section 3: prefix and suffix).
        """
        n_best = min(ENDINGS, beam or self.config.decoding.beam)
        return self._search(beam, n_best).continue_from(Request(sentence, prefix), count)

    def _search(
        self,
        beam: int | None = None,
        n_best: int = 1,
        with_attention: bool = False,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> SentenceSearch:
        decoding = self._decoding(beam, length_penalty, n_best)
        batches = batch_tokens or self._batch_tokens, self._batch_rows
        settings = Settings(decoding, n_best, with_attention, *batches, parallel=self.runtime == "onnx")
        tokenizers = self._source_tokenizer, self._target_tokenizer
        # The phrase book has no attention to show.
        phrases = PhraseBook() if with_attention else self.phrases
        return SentenceSearch(
            self._model, self._source_ids, *tokenizers, settings, self.target_language, phrases
        )

    def _decoding(self, beam: int | None, length_penalty: float | None, n_best: int) -> DecodingConfig:
        decoding = self.config.decoding
        if beam is not None:
            decoding = replace(decoding, beam=beam)
        if length_penalty is not None:
            decoding = replace(decoding, length_penalty=length_penalty)
        if not 1 <= n_best <= decoding.beam:
            raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size ({decoding.beam})")
        return decoding

    def _read(self, sentence: str) -> list[int]:
        return self._source_tokenizer.encode(composed(sentence))

    def _pieces(self, sentence: str) -> list[str]:
        return self._source_tokenizer.pieces(self._source_ids(model_input(sentence)))

    def _foreign_words(self, sentence: str) -> list[tuple[int, int]]:
        """Words most of whose characters the tokenizer only has as bytes, since they are of another script;
        the model could but guess at them."""

        def foreign(word: str) -> bool:
            return _characters_in_bytes(self._pieces(word)) > len(composed(word)) / 2

        return [(start, end) for start, end in words(sentence) if foreign(sentence[start:end])]


class _Window:
    """Lines on their way: cut into sentences, which are being searched; `finish` waits for them."""

    def __init__(
        self, owner: Translator, search: SentenceSearch, lines: Sequence[str], prefixes: Sequence[str] = ()
    ) -> None:
        self.search = search
        self.plans = [owner.plan(line, prefixes[i] if prefixes else "") for i, line in enumerate(lines)]
        distinct = dict.fromkeys(request for plan in self.plans for request in plan.requests)
        self.started: Started = search.start(list(distinct))

    def finish(self) -> list[Translation]:
        found = self.search.finish(self.started)
        done: dict[Request, SentenceTranslation] = dict(zip(self.started.requests, found, strict=True))
        return [
            plan.assemble([done[request] for request in plan.requests], self.search.settings.n_best)
            for plan in self.plans
        ]

    def cancel(self) -> None:
        self.started.cancel()


def _windows(lines: Iterable[str], most: int) -> Iterator[list[str]]:
    window: list[str] = []
    characters = 0
    try:
        for line in lines:
            window.append(line)
            characters += len(line)
            if len(window) >= most or characters >= WINDOW_CHARACTERS:
                yield window
                window, characters = [], 0
    except Exception:
        if window:
            yield window  # before the line that could not be read
        raise
    if window:
        yield window


def find_checkpoints(folder: str | Path) -> dict[tuple[str, str], Path]:
    """The checkpoints in the sub-folders of `folder` by (source language, target language).

    Of several for one pair the first by name counts; nothing but their configurations is read.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(Path(folder).glob(f"*/{CONFIG_FILE}")):
        config = load_config(path)
        if not config.data.language_model:
            found.setdefault((config.source_language, config.target_language), path.parent)
    return found


def _characters_in_bytes(pieces: Sequence[str]) -> int:
    """How many characters are spelled by byte pieces (<0xE5>); continuation bytes, 0x80 to 0xBF, begin none."""
    return sum(piece.startswith("<0x") and piece[3] not in "89AB" for piece in pieces)
