"""Colours and type of the page; `style.css` beside it has what a theme cannot say."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils.fonts import LocalFont

# One for the page, and one for each tab that needs more.
STYLE_SHEETS = [
    Path(__file__).with_name("style.css"),
    *(Path(__file__).parent / name / f"{name}.css" for name in ("documents", "inside", "retrain", "scores")),
]
ICON = Path(__file__).with_name("icon.svg")


def theme() -> gr.themes.Base:
    """Gradio's default theme in calm blue and slate.  The files of a LocalFont come with Gradio."""
    # 400 and 700 only: Gradio's files of the weights between lack most letters (seen in 6.31).
    return gr.themes.Default(
        primary_hue="blue",
        secondary_hue="blue",
        neutral_hue="slate",
        radius_size="lg",
        font=(LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_border_color="*neutral_300",
        button_border_width="1px",
    )
