"""The page without a browser: requests, handlers, pictures, endpoints, command line."""

from __future__ import annotations

import base64
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

import app_gradio
from nmt.errors import UserError
from nmt.webui import plots, translate_tab
from nmt.webui.service import AttentionMap, TranslationService
from tests.fake_translator import FakeTranslator, diagonal, served_page, translators

ROOT = Path(__file__).resolve().parent.parent
SPANISH, ENGLISH = "¿Dónde está la biblioteca?", "Where is the library?"


@pytest.fixture
def service() -> TranslationService:
    return TranslationService(translators(), max_chars=200)  # type: ignore[arg-type]


# --- requests -------------------------------------------------------------------------------------------


def test_a_text_is_translated_in_the_direction_asked_for(service: TranslationService) -> None:
    assert service.translate(SPANISH, ("es", "en")).text == ENGLISH
    assert service.translate("the train", ("en", "es")).text == "Las tren"


def test_line_breaks_of_a_text_stay(service: TranslationService) -> None:
    assert service.translate("el tren\n\nel tren sale", ("es", "en")).text == "The train\n\nThe train leaves"


def test_blank_text_is_not_sent_to_the_model(service: TranslationService) -> None:
    assert service.translate(" \n ", ("es", "en")).text == ""
    assert service.translators["es", "en"].calls == []  # type: ignore[attr-defined]


def test_the_limit_counts_characters_and_admits_a_text_of_exactly_its_length(
    service: TranslationService,
) -> None:
    assert service.translate("ñ" * 200, ("es", "en")).text
    with pytest.raises(UserError, match="201 characters; the limit is 200"):
        service.translate("ñ" * 201, ("es", "en"))


@pytest.mark.parametrize(
    ("beam", "alternatives", "message"),
    [(13, 0, "beam is 13"), (-1, 0, "beam is -1"), (2.5, 0, "whole number"), (5, 6, "alternatives is 6"),
     ("5", 0, "whole number"), (5, None, "whole number"), (float("nan"), 0, "whole number")],
)  # fmt: skip
def test_impossible_numbers_are_refused(
    service: TranslationService, beam: float, alternatives: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        service.translate("el tren", ("es", "en"), beam, alternatives)


def test_beam_zero_means_the_checkpoints_own_and_alternatives_widen_a_narrow_beam(
    service: TranslationService,
) -> None:
    service.translate("el tren", ("es", "en"))
    service.translate("el tren", ("es", "en"), beam=2, alternatives=4)
    calls = service.translators["es", "en"].calls  # type: ignore[attr-defined]
    assert [(call["beam"], call["n_best"]) for call in calls] == [(5, 1), (5, 5)]


def test_a_crash_of_the_model_becomes_a_message_without_its_details(
    service: TranslationService, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UserError, match="Something went wrong") as raised:
        service.translate("crash", ("es", "en"))
    assert "fake translator" not in str(raised.value)
    assert "the fake translator was asked to crash" in caplog.text  # the log has them


def test_attention_comes_for_every_sentence_with_the_end_symbol_on_both_sides(
    service: TranslationService,
) -> None:
    answer = service.translate("El tren sale. ¿Dónde está?", ("es", "en"), with_attention=True)
    assert [m.sentence for m in answer.attention] == ["El tren sale.", "¿Dónde está?"]
    for m in answer.attention:
        assert m.source[-1] == m.target[-1] == "</s>"
        assert [len(row) for row in m.weights] == [len(m.source)] * len(m.target)


# --- handlers -------------------------------------------------------------------------------------------


def test_translate_handler_shows_text_alternatives_and_time(service: TranslationService) -> None:
    shown = translate_tab.translate(service, SPANISH, "es", "en", 5, 2)
    assert shown.translation == ENGLISH
    assert shown.alternatives.count("<li>") == 2
    assert shown.status.startswith("Translated in")
    assert len(shown.maps) == 1
    assert shown.notice == ""


@pytest.mark.parametrize(
    ("text", "message"), [("x" * 201, "the limit is 200"), ("crash", "Something went wrong")]
)
def test_a_failed_translation_is_a_notice_on_the_page(
    service: TranslationService, text: str, message: str
) -> None:
    shown = translate_tab.translate(service, text, "es", "en", 5, 2)
    assert message in shown.notice
    assert (shown.translation, shown.alternatives, shown.maps) == ("", "", ())


def test_alternatives_and_notices_show_markup_as_text() -> None:
    for written in (translate_tab.alternatives_html(["<b>&"]), translate_tab.notice_html("<b>&")):
        assert "&lt;b&gt;&amp;" in written


def test_swap_makes_the_translation_the_text() -> None:
    assert translate_tab.swap(SPANISH, ENGLISH, "es", "en") == ("en", "es", ENGLISH)


def test_swap_before_translating_keeps_the_text() -> None:
    assert translate_tab.swap(SPANISH, "", "es", "en") == ("en", "es", SPANISH)


def test_choosing_the_other_language_as_source_turns_the_direction(service: TranslationService) -> None:
    assert translate_tab.nearest_direction(service, "en", "en") == ("en", "es")
    assert translate_tab.nearest_direction(service, "es", "en") == ("es", "en")


def test_choosing_a_target_that_equals_the_source_turns_the_direction(service: TranslationService) -> None:
    service.translators["en", "fr"] = FakeTranslator("en", "fr")  # type: ignore[assignment]
    assert translate_tab.nearest_direction(service, "en", "fr") == ("en", "fr")
    assert service.targets("en") == ["es", "fr"]
    assert service.sources() == ["es", "en"]


# --- pictures -------------------------------------------------------------------------------------------


def attention_map(rows: int, columns: int) -> AttentionMap:
    source = [f"▁s{i}" for i in range(columns - 1)] + ["</s>"]
    target = [f"▁t{i}" for i in range(rows - 1)] + ["</s>"]
    return AttentionMap("s", source, target, diagonal(rows, columns))


def test_pieces_are_labelled_for_people() -> None:
    assert [plots.readable(p) for p in ("▁casa", "ca", "▁", ".", "</s>")] == [
        "casa",
        "·ca",
        "␣",
        ".",
        "(end)",
    ]


def test_the_picture_has_a_row_for_each_target_piece_and_a_column_for_each_source_piece() -> None:
    axes = plots.attention_figure(attention_map(3, 5)).axes[0]
    assert axes.images[0].get_size() == (3, 5)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["t0", "t1", "(end)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["s0", "s1", "s2", "s3", "(end)"]


def test_a_picture_holds_its_data_grows_with_the_sentence_and_says_what_it_is() -> None:
    sizes = []
    for columns in (4, 40):
        written = plots.attention_html(attention_map(3, columns))
        assert f'alt="Attention of 3 target pieces over {columns} source pieces"' in written
        data = written.split("base64,")[1].split('"')[0]
        sizes.append(Image.open(io.BytesIO(base64.b64decode(data))).size)
    assert sizes[1][0] > 5 * sizes[0][0] and sizes[0][1] == pytest.approx(sizes[1][1], rel=0.2)


def test_drawing_leaves_no_figure_behind() -> None:
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    plots.attention_html(attention_map(2, 2))
    assert pyplot.get_fignums() == before


def test_dollar_signs_in_pieces_are_not_read_as_formulas() -> None:
    broken = AttentionMap("$", ["▁$\\x", "$", "</s>"], ["▁$\\frac$", "</s>"], diagonal(2, 3))
    assert "<img" in plots.attention_html(broken)


def test_the_sentence_to_draw_is_chosen_by_its_beginning() -> None:
    maps = [
        AttentionMap("Hola.", ["</s>"], ["</s>"], [[1.0]]),
        AttentionMap("x" * 99, ["</s>"], ["</s>"], [[1.0]]),
    ]
    (first, _), (second, index) = translate_tab.sentence_choices(maps)
    assert first == "1. Hola."
    assert len(second) < 60 and second.endswith("…")
    assert index == 1


# --- endpoints ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served_page(max_chars=200) as address:
        yield Client(address, verbose=False)


def test_translate_endpoint_in_both_directions(client: Client) -> None:
    assert client.predict(SPANISH, "es-en", 5, 0, api_name="/translate") == (ENGLISH, [])
    text, alternatives = client.predict("the train", "en-es", 5, 2, api_name="/translate")
    assert text == "Las tren"
    assert len(alternatives) == 2 and text not in alternatives


def test_translate_endpoint_needs_the_text_only(client: Client) -> None:
    assert client.predict(SPANISH, api_name="/translate") == (ENGLISH, [])


def test_translate_endpoint_gives_nothing_for_an_empty_text(client: Client) -> None:
    assert client.predict("", "es-en", api_name="/translate") == ("", [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x" * 201,), "201 characters"),
        ((SPANISH, "fr-en"), "Available: es-en, en-es"),
        ((SPANISH, "es-en", 99), "beam is 99"),
        (("crash",), "Something went wrong"),
    ],
)
def test_a_refused_request_says_why_and_the_next_one_works(
    client: Client, arguments: tuple[str], message: str
) -> None:
    with pytest.raises(AppError, match=message):
        client.predict(*arguments, api_name="/translate")
    assert client.predict(SPANISH, api_name="/translate")[0] == ENGLISH


def test_languages_endpoint_names_the_directions(client: Client) -> None:
    directions = client.predict(api_name="/languages")
    assert directions[0] == {"direction": "es-en", "source": "Spanish", "target": "English"}
    assert [d["direction"] for d in directions] == ["es-en", "en-es"]


def test_only_the_two_endpoints_are_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {"/translate", "/languages"}
    assert described["unnamed_endpoints"] == {}


def test_the_page_names_no_other_host(client: Client) -> None:
    import httpx

    config = httpx.get(f"{client.src}config", trust_env=False).json()
    theme = httpx.get(f"{client.src}theme.css", trust_env=False).text
    assert "http" not in theme.replace("http://www.w3.org/", "")
    assert config["analytics_enabled"] is False
    assert not config.get("stylesheets")


# --- command line ---------------------------------------------------------------------------------------


def test_default_flags() -> None:
    flags = app_gradio.parse_arguments([])
    assert (flags.host, flags.port, flags.model, flags.max_chars) == ("127.0.0.1", 7860, [], 5000)


def test_model_can_be_repeated() -> None:
    flags = app_gradio.parse_arguments(["--model", "a", "--model", "b", "--port", "80", "--max-chars", "9"])
    assert (flags.model, flags.port, flags.max_chars) == ([Path("a"), Path("b")], 80, 9)


@pytest.mark.parametrize("wrong", [["--port", "0"], ["--port", "x"], ["--max-chars", "0"], ["--nonsense"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        app_gradio.parse_arguments(wrong)
    assert stopped.value.code == 2


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_missing_checkpoints_end_the_program_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app_gradio, "CHECKPOINTS", tmp_path / "checkpoints")
    assert app_gradio.main(["--port", str(free_port())]) == 1
    (tmp_path / "checkpoints").mkdir()
    assert app_gradio.main(["--port", str(free_port())]) == 1
    first, second = capsys.readouterr().err.splitlines()
    for message in (first, second):
        assert message.startswith("error: no checkpoint in") and "--model" in message


def test_a_model_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app_gradio.main(["--port", str(free_port()), "--model", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_a_taken_port_ends_the_program_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app_gradio.main(["--port", str(port)]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err


def test_two_models_of_one_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from nmt.translator import Translator

    monkeypatch.setattr(Translator, "load", lambda folder: FakeTranslator("es", "en"))
    with pytest.raises(UserError, match="both translate es-en"):
        app_gradio.load_translators([Path("a"), Path("b")])


def test_the_page_opens_with_spanish_to_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nmt import translator

    folders = {("de", "en"): tmp_path / "a", ("en", "es"): tmp_path / "b", ("es", "en"): tmp_path / "c"}
    by_folder = {folder: FakeTranslator(*pair) for pair, folder in folders.items()}
    monkeypatch.setattr(app_gradio, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(translator, "find_checkpoints", lambda folder: folders)
    monkeypatch.setattr(translator.Translator, "load", by_folder.__getitem__)
    assert list(app_gradio.load_translators([])) == [("es", "en"), ("de", "en"), ("en", "es")]


def test_the_program_prints_no_traceback_when_it_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app_gradio.py"), "--port", str(free_port()), "--model", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_program_says_when_it_is_ready_and_stops_at_ctrl_c() -> None:
    port = free_port()
    program = (
        "import sys, app_gradio; from tests.fake_translator import translators\n"
        "app_gradio.load_translators = lambda folders: translators()\n"
        f"sys.exit(app_gradio.main(['--port', '{port}']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == f"Ready: http://127.0.0.1:{port}\n"
            assert (
                Client(f"http://127.0.0.1:{port}", verbose=False).predict(SPANISH, api_name="/translate")[0]
                == ENGLISH
            )
            app.send_signal(signal.SIGINT)
            assert app.wait(timeout=60) == 0
        finally:
            app.kill()
