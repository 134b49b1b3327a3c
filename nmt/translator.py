"""Text in, text out: the whole way from lines to translated lines, over one checkpoint.

A line is cut into sentences and what is only copied (`nmt.text`), all sentences of a batch of lines are
searched together, sorted by length (`nmt.search`), hypotheses that lost a number or URL are mended
(`nmt.repair`), and everything is joined again with its own spacing.  Reading and writing files is
`nmt.cli`'s work.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nmt.checkpoint_folder import CONFIG_FILE, CheckpointFolder, open_folder
from nmt.config import Config, DecodingConfig, load_config
from nmt.errors import UserError
from nmt.padding import batches_by_length, pad_sources
from nmt.repair import put_back
from nmt.runtimes import load_runtime, pool
from nmt.search import Hypothesis, SearchableModel, beam_search
from nmt.text import (
    Item,
    Part,
    cut_long,
    missing_items,
    model_input,
    one_line,
    split_around,
    split_text,
    without_surrogates,
    words,
)
from nmt.tokenizer import EOS
from nmt.translation import SentenceTranslation, Translation, assemble, copied

MAX_PIECES = 100  # longer sentences are cut; a model seldom has seen longer ones
WINDOW_LINES, WINDOW_CHARACTERS = 1024, 200_000  # of a stream, translated together
BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}  # source pieces × beam of one search in torch
BATCH_TOKENS_ONNX = 2048  # of each of the searches that run side by side
SHORTEST = 8  # source pieces that a sentence counts for at least


@dataclass(frozen=True)
class _Request:
    """A sentence to search; equal ones are searched once."""

    sentence: str  # as `nmt.text.model_input` gives it
    prefix: str = ""  # what the hypothesis must begin with


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
    ) -> None:
        self.config: Config = checkpoint.config
        self.folder: Path = checkpoint.folder
        self.source_language = checkpoint.config.source_language
        self.target_language = checkpoint.config.target_language
        self.device, self.runtime = device, runtime
        self._model = model
        self._batch_tokens = BATCH_TOKENS_ONNX if runtime == "onnx" else BATCH_TOKENS[device]
        self._source_tokenizer = checkpoint.source_tokenizer
        self._target_tokenizer = checkpoint.target_tokenizer
        self._max_pieces = min(MAX_PIECES, checkpoint.config.data.max_length)

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", runtime: str = "auto") -> Translator:
        """Load a checkpoint folder.

        device   "cuda", "cpu", or "auto": the GPU if there is one, else the CPU
        runtime  "torch", "onnx" (the graphs that `nmt export` wrote, on the CPU), or "auto": these if they are
                 there and the device is a CPU"""
        opened = open_folder(folder)
        return cls(opened, *load_runtime(opened, device, runtime))

    def translate(self, text: str, **options: Any) -> str:
        """Translate a text of any length and number of lines; options as of `translate_batch`."""
        return self.translate_batch([text], **options)[0].text

    def stream(self, lines: Iterable[str], **options: Any) -> Iterator[Translation]:
        """Translate lines in order while they come, some at a time; options as of `translate_batch`."""
        window: list[str] = []
        characters = 0
        for line in lines:
            window.append(line)
            characters += len(line)
            if len(window) >= WINDOW_LINES or characters >= WINDOW_CHARACTERS:
                yield from self.translate_batch(window, **options)
                window, characters = [], 0
        yield from self.translate_batch(window, **options)

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
        prefixes       for each line what its (first sentence's) translation must begin with, or ""
        batch_tokens   source pieces × beam that are searched at once: more is faster and takes more memory
        Raises UserError when beam or n_best cannot be.
        """
        if isinstance(lines, str):
            raise TypeError("translate_batch takes a sequence of lines; translate() takes one text")
        if prefixes is not None and len(prefixes) != len(lines):
            raise ValueError(f"{len(prefixes)} prefixes for {len(lines)} lines")
        decoding = self._decoding(beam, length_penalty, n_best)
        plans = [self._plan(line) for line in lines]
        requests = [_requests(plan, prefixes[i] if prefixes else "") for i, plan in enumerate(plans)]
        distinct = list(dict.fromkeys(itertools.chain.from_iterable(requests)))
        search = _Search(self, decoding, n_best, with_attention, batch_tokens or self._batch_tokens)
        done = dict(zip(distinct, search.translate(distinct), strict=True))
        return [
            assemble(plan, [done[request] for request in requested], n_best)
            for plan, requested in zip(plans, requests, strict=True)
        ]

    def _decoding(self, beam: int | None, length_penalty: float | None, n_best: int) -> DecodingConfig:
        decoding = self.config.decoding
        if beam is not None:
            decoding = replace(decoding, beam=beam)
        if length_penalty is not None:
            decoding = replace(decoding, length_penalty=length_penalty)
        if not 1 <= n_best <= decoding.beam:
            raise UserError(f"n-best is {n_best}: give a number from 1 to the beam size ({decoding.beam})")
        return decoding

    def _plan(self, line: str) -> list[Part]:
        """The line's parts, each to translate short enough for the model and in its script."""
        plan: list[Part] = []
        for part in split_text(without_surrogates(line), self.source_language):
            pieces = self._pieces(part.text) if part.translate else []
            if len(pieces) <= self._max_pieces and not _characters_in_bytes(pieces):
                plan.append(part)
                continue
            for cut in cut_long(part.text, lambda text: len(self._pieces(text)), self._max_pieces):
                plan += split_around(cut.text, self._foreign_words(cut.text)) if cut.translate else [cut]
        return plan

    def _pieces(self, sentence: str) -> list[str]:
        return self._source_tokenizer.pieces(self._source_tokenizer.encode(model_input(sentence)))

    def _foreign_words(self, sentence: str) -> list[tuple[int, int]]:
        """Words most of whose characters the tokenizer only has as bytes, since they are of another script;
        the model could but guess at them."""

        def foreign(word: str) -> bool:
            return _characters_in_bytes(self._pieces(word)) > len(word) / 2

        return [(start, end) for start, end in words(sentence) if foreign(sentence[start:end])]


class _Search:
    """Searches sentences under fixed settings, and sees to it that nothing is lost on the way."""

    def __init__(
        self,
        owner: Translator,
        decoding: DecodingConfig,
        n_best: int,
        with_attention: bool,
        batch_tokens: int,
    ) -> None:
        self.model, self.parallel = owner._model, owner.runtime == "onnx"
        self.source_tokenizer, self.target_tokenizer = owner._source_tokenizer, owner._target_tokenizer
        self.decoding, self.n_best, self.with_attention = decoding, n_best, with_attention
        self.batch_tokens = batch_tokens

    def translate(self, requests: Sequence[_Request]) -> list[SentenceTranslation]:
        """One result for each request, in order.

        Most sentences are done after the first search.  One that lost a protected item, or is empty, is
        searched again for all hypotheses of the beam with attention: the best that has every item wins, then
        the best that can be mended; failing that, the sentence is translated in parts around its items.
        """
        found = self._search(requests, self.n_best, self.with_attention)
        results = [self._result(*pair) for pair in zip(requests, found, strict=True)]
        flawed = [i for i, r in enumerate(results) if any(_flaws(r.source, text) for text, _ in r.candidates)]
        again = self._search([requests[i] for i in flawed], self.decoding.beam, True)
        for i, hypotheses in zip(flawed, again, strict=True):
            results[i] = self._result(requests[i], hypotheses, mend=True)
            missing = missing_items(results[i].source, results[i].text)
            if not results[i].text:
                results[i] = copied(requests[i].sentence)
            elif lost := [item for item in missing if item.kind == "verbatim"]:
                results[i] = self._around(requests[i], results[i], lost)
        return results

    def _around(self, request: _Request, whole: SentenceTranslation, lost: list[Item]) -> SentenceTranslation:
        """The sentence translated in parts, with the lost items copied between them."""
        plan = split_around(request.sentence, [(item.start, item.end) for item in lost])
        line = assemble(plan, self.translate(_requests(plan, request.prefix)), self.n_best)
        candidates = tuple((text, line.score) for text in (line.text, *line.alternatives))
        return SentenceTranslation(  # without attention: there is no one matrix for the whole sentence
            request.sentence, line.text, line.score, candidates, line.tokens, whole.source_tokens, None
        )

    def _search(
        self, requests: Sequence[_Request], n_best: int, with_attention: bool
    ) -> list[list[Hypothesis]]:
        """The n best hypotheses of each request; sentences of like length share a batch."""
        sources = [self._source_ids(request) for request in requests]
        prefixes = [self.target_tokenizer.encode(request.prefix) for request in requests]

        def search(batch: list[int]) -> list[list[Hypothesis]]:
            source, lengths = pad_sources([sources[i] for i in batch])
            prefix = [prefixes[i] for i in batch] if any(prefixes[i] for i in batch) else None
            return beam_search(self.model, source, lengths, self.decoding, n_best, prefix, with_attention)

        # A row costs its scores over the whole vocabulary, however short it is.
        lengths = [max(len(ids), SHORTEST) for ids in sources]
        batches = list(batches_by_length(lengths, self._budget(lengths)))
        found = pool().map(search, batches) if self.parallel else map(search, batches)
        results: list[list[Hypothesis]] = [[]] * len(requests)
        for batch, rows in zip(batches, found, strict=True):
            for i, hypotheses in zip(batch, rows, strict=True):
                results[i] = hypotheses
        return results

    def _budget(self, lengths: Sequence[int]) -> int:
        """Source pieces of a batch: so many that every core has one, where batches run side by side."""
        budget = self.batch_tokens // self.decoding.beam
        return min(budget, -(-sum(lengths) // pool()._max_workers)) if self.parallel else budget

    def _source_ids(self, request: _Request) -> list[int]:
        return [*self.source_tokenizer.encode(request.sentence), EOS]

    def _result(
        self, request: _Request, hypotheses: Sequence[Hypothesis], mend: bool = False
    ) -> SentenceTranslation:
        """The n best of `hypotheses` as text; with `mend`, repaired, and those that lack least come first."""
        source_tokens = self.source_tokenizer.pieces(self._source_ids(request))
        options: list[tuple[int, int, int, str]] = []  # lacks after and before repair, rank, text
        for rank, hypothesis in enumerate(hypotheses):
            written = one_line(self.target_tokenizer.decode(hypothesis.tokens))
            if not mend:
                options.append((0, 0, rank, written))
                continue
            pieces = self.target_tokenizer.pieces(hypothesis.tokens)
            mended = put_back(request.sentence, written, source_tokens, pieces, hypothesis.attention)
            flaws = _flaws(request.sentence, mended), _flaws(request.sentence, written)
            options.append((*flaws, rank, mended))
        options.sort()
        best = hypotheses[options[0][2]]
        candidates: dict[str, float] = {}  # hypotheses of different pieces can spell the same text
        for _, _, rank, mended in options:
            candidates.setdefault(mended, hypotheses[rank].score)
        return SentenceTranslation(
            source=request.sentence,
            text=options[0][3],
            score=sum(best.token_scores) / max(1, len(best.token_scores)),
            candidates=tuple(candidates.items())[: self.n_best],
            tokens=self.target_tokenizer.pieces(best.tokens),
            source_tokens=source_tokens,
            attention=best.attention.tolist() if self.with_attention and best.attention is not None else None,
        )


def find_checkpoints(folder: str | Path) -> dict[tuple[str, str], Path]:
    """The checkpoints in the sub-folders of `folder` by (source language, target language).

    Of several for one pair the first by name counts; nothing but their configurations is read.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(Path(folder).glob(f"*/{CONFIG_FILE}")):
        config = load_config(path)
        found.setdefault((config.source_language, config.target_language), path.parent)
    return found


def _characters_in_bytes(pieces: Sequence[str]) -> int:
    """How many characters are spelled by byte pieces (<0xE5>); continuation bytes, 0x80 to 0xBF, begin none."""
    return sum(piece.startswith("<0x") and piece[3] not in "89AB" for piece in pieces)


def _requests(plan: Sequence[Part], prefix: str) -> list[_Request]:
    """What of a plan is to be searched; only the first sentence gets the prefix."""
    sentences = [model_input(part.text) for part in plan if part.translate]
    return [_Request(sentence, prefix if i == 0 else "") for i, sentence in enumerate(sentences)]


def _flaws(source: str, hypothesis: str) -> int:
    """How much the hypothesis lacks; nothing is worse than an empty one."""
    return len(missing_items(source, hypothesis)) + (0 if hypothesis else 1_000_000)
