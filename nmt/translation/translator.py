"""The translator of one checkpoint: every step from lines to translated lines.

1. segment      lines become sentences, and long sentences stretches; emoji, list marks, lines without a word are set
                aside, to be copied (`nmt.text.segmentation`, `Translator.plan`)
2. normalise    control characters go; capitals and accents become what the model knows (`nmt.text.normalization`)
3. protect      URLs, codes, markup, foreign words are replaced or taken out (`nmt.translation.protect`)
4. search       the sentences of many lines at once (`nmt.translation.sentence_translator`, `nmt.inference`)
5. postprocess  protected items are restored, wrong numbers and repetition corrected (`nmt.translation.postprocess`)
6. join         the results and the copied parts are joined to lines (`nmt.translation.plan`)

Reading and writing files is `nmt.commands`' work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from nmt.checkpoint.folder import CONFIG_FILE, CheckpointFolder, check_translates, open_folder
from nmt.config import Config, load_config
from nmt.errors import UserError
from nmt.inference.batched_search import BatchLimits
from nmt.inference.loading import load_runtime
from nmt.inference.model_interface import SearchableModel
from nmt.text.normalization import cleaned, composed, model_input, without_surrogates
from nmt.text.segmentation import Part, cut_long, split_text
from nmt.translation.glossary import Glossary
from nmt.translation.phrase_book import PhraseBook
from nmt.translation.plan import Plan, Request
from nmt.translation.protect import Vocabulary, protect
from nmt.translation.result import SentenceTranslation, Translation
from nmt.translation.sentence_translator import PendingBatch, SentenceTranslator

MAX_PIECES = 100  # of a sentence; longer ones are cut, since a model seldom has seen longer ones
# Lines that are sorted by length together: few on a CPU, where the next ones are cut during the search; many for the
# batches of a GPU.
WINDOW_LINES, WINDOW_LINES_GPU, WINDOW_CHARACTERS = 512, 4096, 400_000
MAX_CACHED_SENTENCES = 10_000  # whose ids are kept, for each sentence's are asked for several times
MAX_CONTINUATIONS, MAX_ENDINGS = 8, 3  # pieces that may follow a prefix; endings of the most probable one
LIMITS = {
    "onnx": BatchLimits(8192, 320, parallel=True),
    "cpu": BatchLimits(4096, 512, parallel=False),
    "cuda": BatchLimits(65536, 16384, parallel=False),
}


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
        self.source_language = self.config.source_language
        self.target_language = self.config.target_language
        self.device, self.runtime = device, runtime
        self.phrases = phrases or PhraseBook()
        self._model = model
        self._window_lines = WINDOW_LINES_GPU if device == "cuda" else WINDOW_LINES
        self._limits = LIMITS["onnx" if runtime == "onnx" else device]
        self._source_tokenizer = checkpoint.source_tokenizer
        self._target_tokenizer = checkpoint.target_tokenizer
        self._vocabulary = Vocabulary.of(
            self._source_tokenizer, self._target_tokenizer, self.source_language, self.target_language
        )
        self._max_pieces = min(MAX_PIECES, self.config.data.max_length)
        self._source_ids = lru_cache(MAX_CACHED_SENTENCES)(
            lambda sentence: self._source_tokenizer.encode(composed(sentence))
        )

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", runtime: str = "auto", phrases: bool = True) -> Translator:
        """Load a checkpoint folder.

        device   "cuda", "cpu", or "auto": the GPU if there is one, else the CPU
        runtime  "torch", "onnx" (the graphs that `nmt export` wrote, on the CPU), or "auto": these if they are
                 there and the device is a CPU
        phrases  False: without the folder's phrase book (`nmt.translation.phrase_book`), the model alone

        UserError if the folder is no checkpoint, or if what is asked for is not there."""
        opened = open_folder(folder)
        check_translates(opened)
        book = PhraseBook.load(opened.folder, opened.config.target_language) if phrases else None
        return cls(opened, *load_runtime(opened, device, runtime), book)

    def translate(self, text: str, **options: Any) -> str:
        """Translate a text of any length and number of lines; options as of `translate_batch`."""
        return self.translate_batch([text], **options)[0].text

    def translate_batch(
        self,
        lines: Sequence[str],
        beam: int | None = None,
        n_best: int = 1,
        with_attention: bool = False,
        prefixes: Sequence[str] | None = None,
        glossary: Glossary | None = None,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> list[Translation]:
        """Translate each line (which may have line breaks: they stay).

        beam, length_penalty  None: what the checkpoint's configuration says
        n_best          how many different translations of a line, at most the beam
        with_attention  of the model's own translation: the phrase book is left aside
        prefixes        for each line what its (first sentence's) translation must begin with, or ""
        glossary        terms that the translations hold to, inside of sentences too
        batch_tokens    source pieces × beam that are searched at once: more is faster and takes more memory, up
                        to the limits on sentences × beam and on lines that are looked at together

        UserError when beam or n_best cannot be.
        """
        if isinstance(lines, str):
            raise TypeError("translate_batch takes a sequence of lines; translate() takes one text")
        if prefixes is not None and len(prefixes) != len(lines):
            raise ValueError(f"{len(prefixes)} prefixes for {len(lines)} lines")
        sentences = self._sentence_translator(beam, n_best, with_attention, length_penalty, batch_tokens)
        begin = prefixes or [""] * len(lines)
        plans = (self.plan(line, prefix, glossary) for line, prefix in zip(lines, begin, strict=True))
        return list(self._translated(plans, sentences))

    def stream(
        self, lines: Iterable[str | None], glossary: Glossary | None = None, labels: bool = False, **options: Any
    ) -> Iterator[Translation]:
        """Translate lines in order while they come, some at a time; `labels` as of `plan`, options as of
        `translate_batch`, but for `prefixes`.

        None among the lines says that the next one is not there yet: what has come is translated without it.  Lines
        that come before an error are translated before it is raised.
        """
        sentences = self._sentence_translator(**options)
        plans = (None if line is None else self.plan(line, glossary=glossary, labels=labels) for line in lines)
        return self._translated(plans, sentences)

    def plan(self, text: str, prefix: str = "", glossary: Glossary | None = None, labels: bool = False) -> Plan:
        """Cut a text into sentences to translate, each short enough for the model, and what is copied between them.
        `translate_batch`, step by step, is this, `translate_sentences` of the plan's requests, and the plan's
        `assemble` of their results.

        labels  a line that ends without a mark may be a heading or a label, as in documents: the full stop that models
                add to such lines is taken off
        """
        parts = split_text(without_surrogates(text), self.source_language)
        return Plan([stretch for part in parts for stretch in self._stretches(part)], prefix, glossary, labels)

    def translate_sentences(
        self, requests: Sequence[Request], beam: int | None = None, n_best: int = 1
    ) -> list[SentenceTranslation]:
        """One result for each request, in order; `beam` and `n_best` as of `translate_batch`."""
        return self._sentence_translator(beam, n_best).translate(requests)

    def continuations(
        self,
        sentence: str,
        prefix: str,
        count: int = MAX_CONTINUATIONS,
        beam: int | None = None,
        glossary: Glossary | None = None,
    ) -> list[SentenceTranslation]:
        """Translations of one sentence that begin with `prefix` and go on differently, the likeliest first.

        Each takes another of the `count` most probable pieces after the prefix and is completed by a search of its
        own; those that come to the same text are one, and the most probable piece brings its second and third best
        ending.  For translating interactively (Barrachina et al. 2009, "Statistical approaches to computer-assisted
        translation", section 3: prefix and suffix)."""
        n_best = min(MAX_ENDINGS, beam or self.config.decoding.beam)
        sentence, items = glossary.applied(composed(cleaned(sentence))) if glossary else (sentence, ())
        request = Request(sentence, prefix, items=items)
        return self._sentence_translator(beam, n_best).continuations(request, count)

    def _translated(self, plans: Iterable[Plan | None], sentences: SentenceTranslator) -> Iterator[Translation]:
        """The translations of the plans, in order.  While one window of plans is searched, the next one is made."""
        pending: deque[tuple[list[Plan], PendingBatch]] = deque()
        try:
            for window, more_waits in _windows(plans, self._window_lines):
                requests = [request for plan in window for request in plan.requests]
                pending.append((window, sentences.start(requests)))
                while len(pending) > more_waits:
                    results = iter(sentences.finish(pending[0][1]))
                    for plan in pending.popleft()[0]:
                        found = list(islice(results, len(plan.requests)))
                        yield plan.assemble(found, sentences.n_best)
        finally:
            for _, batch in pending:
                batch.cancel()

    def _sentence_translator(
        self,
        beam: int | None = None,
        n_best: int = 1,
        with_attention: bool = False,
        length_penalty: float | None = None,
        batch_tokens: int | None = None,
    ) -> SentenceTranslator:
        decoding, limits = self.config.decoding, self._limits
        if beam is not None:
            decoding = replace(decoding, beam=beam)
        if length_penalty is not None:
            decoding = replace(decoding, length_penalty=length_penalty)
        if not 1 <= n_best <= decoding.beam:
            raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size ({decoding.beam})")
        return SentenceTranslator(
            self._model,
            self._source_ids,
            self._source_tokenizer,
            self._target_tokenizer,
            self.target_language,
            PhraseBook() if with_attention else self.phrases,  # the phrase book has no attention to show
            decoding,
            n_best,
            with_attention,
            replace(limits, tokens=batch_tokens or limits.tokens),
            self._vocabulary,
        )

    def _stretches(self, part: Part) -> list[Part]:
        """The part, or if it is too long for the model, the stretches to translate and to copy that it is cut into."""
        if not part.translate or self._size(part.text) <= self._max_pieces:
            return [part]
        return cut_long(part.text, self._size, self._max_pieces)

    def _size(self, sentence: str) -> int:
        """Pieces of what the model reads of a sentence."""
        protected = protect(composed(model_input(sentence)), self._vocabulary)
        return len(self._source_ids(protected.model_text))


def _windows(plans: Iterable[Plan | None], max_lines: int) -> Iterator[tuple[list[Plan], bool]]:
    """Plans that are searched together, and whether more are there already.  An error in making a plan is raised
    after what came before it."""
    window: list[Plan] = []
    characters, error = 0, None
    try:
        for plan in plans:
            if plan is not None:
                window.append(plan)
                characters += sum(len(part.text) for part in plan.parts)
            if plan is None or len(window) >= max_lines or characters >= WINDOW_CHARACTERS:
                yield window, plan is not None
                window, characters = [], 0
    except Exception as caught:
        error = caught
    yield window, False
    if error:
        raise error


def find_checkpoints(folder: str | Path) -> dict[tuple[str, str], Path]:
    """The checkpoints in the sub-folders of `folder` by (source language, target language); of several for one pair the
    first by name counts.  Nothing but their configurations is read."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(Path(folder).glob(f"*/{CONFIG_FILE}")):
        config = load_config(path)
        if not config.data.language_model:
            found.setdefault((config.source_language, config.target_language), path.parent)
    return found
