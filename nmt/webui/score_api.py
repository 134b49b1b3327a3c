"""The endpoint that scores translations for programs, through `gradio_client`; the page does not use it.

from gradio_client import Client
client = Client("http://127.0.0.1:7860")
client.predict(["The train leaves."], ["The train leaves at eight."], api_name="/score")
"""

import asyncio
from typing import Any

import gradio as gr

from nmt.errors import UserError
from nmt.serving.scoring import ONE_AT_A_TIME, corpus_of_lists, measured


def build() -> None:
    """Add the endpoint `/score` to the current Blocks."""

    # Gradio documents the endpoint from real annotations: no `from __future__ import annotations` here.
    async def score(hypotheses: list[str], references: list[str]) -> dict[str, Any]:
        """Score translations, one for each reference and in the same order.  Returns BLEU, chrF2 and TER in percent
        (TER is null where it would take minutes) and, under "signatures", how sacreBLEU computed each."""
        try:
            corpus = await asyncio.to_thread(corpus_of_lists, hypotheses, references)
            result = await measured(corpus)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None
        scores: dict[str, Any] = {"BLEU": None, "chrF2": None, "TER": None}
        scores.update({row.metric: row.values[0] for row in result.rows})
        return {**scores, "signatures": {row.metric: row.signature for row in result.rows}}

    gr.api(score, api_name="score", concurrency_id=ONE_AT_A_TIME, concurrency_limit=1)
