"""The endpoints that programs call through `gradio_client`; the page does not use them.

from gradio_client import Client
client = Client("http://127.0.0.1:7860")
text, alternatives = client.predict("Hola.", "es-en", 5, 2, api_name="/translate")
texts = client.predict(["Hola.", "Adiós."], "es-en", api_name="/translate_batch")
client.predict(api_name="/languages")
client.predict(["The train leaves."], ["The train leaves at eight."], api_name="/score")
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any

import gradio as gr

from nmt.errors import UserError
from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.scoring import QUEUE, corpus_of_lists, measured
from nmt.serving.service import AUTO, TranslationService


# Gradio documents the endpoints from real annotations: no `from __future__ import annotations` here.
def build(service: TranslationService) -> None:
    """Add the endpoints to the current Blocks."""
    first = service.directions()[0]

    async def translate(
        text: str, direction: str = first, beam: int = 0, alternatives: int = 0, glossary: str = ""
    ) -> tuple[str, list[str]]:
        """Translate text in a direction such as "es-en", or "auto" to have its language detected; beam 0 is the
        model's own, `glossary` has terms, one a line: term, tab, translation.  Returns the translation and a list of
        `alternatives` further ones, best first."""
        with _told_to_programs():
            chosen = _direction(service, text, direction)
            answer = await service.translate(text, chosen, beam, alternatives, glossary)
        return answer.text, list(answer.alternatives)

    async def translate_batch(texts: list[str], direction: str = first, beam: int = 0, glossary: str = "") -> list[str]:
        """Translate a list of texts, together no longer than the limit of one request, in one direction; beam 0 is
        the model's own, `glossary` as of /translate.  Returns their translations in order."""
        with _told_to_programs():
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise UserError("texts is not a list of strings.")
            service.check(texts)  # before anything is done with so much text
            chosen = _direction(service, "\n".join(texts), direction)
            answers = await service.translate_many(texts, chosen, beam, glossary=glossary)
        return [answer.text for answer in answers]

    def available() -> list[dict[str, str]]:
        """The directions that can be asked for, with the names of their languages."""
        return [
            {
                "direction": f"{source}-{target}",
                "source": languages.name(source)[0],
                "target": languages.name(target)[0],
            }
            for source, target in service.translators
        ]

    async def score(hypotheses: list[str], references: list[str]) -> dict[str, Any]:
        """Score translations, one for each reference and in the same order.  Returns BLEU, chrF2 and TER in percent
        (TER is null where it would take minutes) and, under "signatures", how sacreBLEU computed each."""
        with _told_to_programs():
            corpus = await asyncio.to_thread(corpus_of_lists, hypotheses, references)
            result = await measured(corpus)
        scores: dict[str, Any] = {"BLEU": None, "chrF2": None, "TER": None}
        scores.update({row.metric: row.values[0] for row in result.rows})
        return {**scores, "signatures": {row.metric: row.signature for row in result.rows}}

    _endpoint(translate, "translate", ["translation", "alternatives"])
    _endpoint(translate_batch, "translate_batch", ["translations"])
    _endpoint(available, "languages", ["directions"])
    _endpoint(score, "score", ["scores"], concurrency_id=QUEUE, concurrency_limit=1)


def _endpoint(function: Callable[..., Any], name: str, results: list[str], **settings: Any) -> None:
    """An endpoint; Gradio's page calls its parameters and results "1st", "2nd" and so on unless they have labels."""
    endpoint = gr.api(function, api_name=name, **settings)
    page = gr.context.Context.root_block
    assert page is not None
    added = page.fns[endpoint["id"]]
    component: Any
    labels = [*signature(function).parameters, *results]
    for component, label in zip([*added.inputs, *added.outputs], labels, strict=True):
        component.label = label


@contextmanager
def _told_to_programs() -> Iterator[None]:
    """A user's mistake becomes the error that Gradio sends to programs."""
    try:
        yield
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _direction(service: TranslationService, text: str, direction: str) -> Direction:
    if direction != AUTO:
        return service.find(direction)
    return service.resolve(text if isinstance(text, str) else "", AUTO, service.first[1])[0]
