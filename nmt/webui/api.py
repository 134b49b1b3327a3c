"""The endpoints that programs call through `gradio_client`; the page does not use them.

from gradio_client import Client
client = Client("http://127.0.0.1:7860")
text, alternatives = client.predict("Hola.", "es-en", 5, 2, api_name="/translate")
client.predict(api_name="/languages")
"""

import gradio as gr

from nmt.errors import UserError
from nmt.webui import languages
from nmt.webui.service import TranslationService
from nmt.webui.translate_tab import ONE_AT_A_TIME


def build(service: TranslationService) -> None:
    """Add the endpoints `/translate` and `/languages` to the current Blocks."""

    # Gradio documents the endpoints from real annotations: no `from __future__ import annotations` here.
    def translate(
        text: str, direction: str = service.directions()[0], beam: int = 0, alternatives: int = 0
    ) -> tuple[str, list[str]]:
        """Translate text in a direction such as "es-en"; beam 0 is the model's own.  Returns the translation
        and a list of `alternatives` further ones, best first."""
        try:
            answer = service.translate(text, service.find(direction), beam, alternatives)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return answer.text, answer.alternatives

    def available() -> list[dict[str, str]]:
        """The directions that can be asked for, with the names of their languages."""
        return [
            {
                "direction": f"{source}-{target}",
                "source": languages.name(source),
                "target": languages.name(target),
            }
            for source, target in service.translators
        ]

    gr.api(translate, api_name="translate", concurrency_id=ONE_AT_A_TIME, concurrency_limit=1)
    gr.api(available, api_name="languages")
