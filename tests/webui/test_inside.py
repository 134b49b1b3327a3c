"""The tab "Inside" without a browser: what it shows is what the laboratory found, and every failure is a notice."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

from nmt.lab.inside import Inside, TokenProbability, look_inside
from nmt.lab.pieces import readable
from nmt.serving.errors import PageError
from nmt.serving.job import Answer
from nmt.serving.messages import catalogue
from nmt.serving.service import TranslationService
from nmt.translation.result import Segment, SentenceTranslation, copied
from nmt.translation.translator import Translator
from nmt.webui import i18n
from nmt.webui.inside import beam_tree, explore, views
from nmt.webui.inside import tab as inside_tab
from nmt.webui.inside.explore import Wanted, look, remember, sentences
from tests.lab.test_inside import SENTENCE, checkpoint
from tests.support.html import of_class, parsed, text_of

ROOT = Path(__file__).resolve().parents[2]
ES_EN = ("es", "en")


@pytest.fixture(scope="module")
def folder(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("inside") / "es-en", reversal_data, hidden=16)


@pytest.fixture(scope="module")
def inside(folder: Path) -> Inside:
    return look_inside(folder, SENTENCE, units=3)


@pytest.fixture(scope="module")
def service(folder: Path) -> TranslationService:
    return TranslationService({ES_EN: Translator.load(folder)}, max_chars=400)


def cells(row: ElementTree.Element) -> list[float]:
    return [float(text_of(cell).replace("−", "-")) for cell in row.findall("td")]


def names(pieces: list[str]) -> list[str]:
    return [readable(piece) for piece in pieces]


# --- views ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("piece", "shown"),
    [("▁casa", "casa"), ("ca", "·ca"), ("▁", "␣"), (".", "."), ("</s>", "(end)"), ("<s>", "(start)")],
)
def test_pieces_are_labelled_for_people(piece: str, shown: str) -> None:
    assert readable(piece) == shown


def test_attention_has_a_row_for_each_target_piece_and_a_column_for_each_source_piece(inside: Inside) -> None:
    assert inside.attention is not None
    root = parsed(views.attention(inside))
    assert [text_of(head) for head in root.iterfind(".//thead/tr/th")] == names(inside.source_tokens)
    rows = of_class(root, "nmt-row")
    assert [text_of(row.find("th")) for row in rows] == names(inside.target_tokens)
    for row, weights in zip(rows, inside.attention, strict=True):
        assert cells(row) == pytest.approx(weights, abs=0.0051)
    for line, tokens in (("nmt-from", inside.source_tokens), ("nmt-onto", inside.target_tokens)):
        assert [text_of(piece) for piece in of_class(root, line)[0].findall("span")] == names(tokens)


def test_one_cell_of_a_grid_is_reached_by_tab_and_all_by_arrow_keys(inside: Inside) -> None:
    for html in (views.attention(inside), views.gates(inside.layers[0]), beam_tree.tree(inside)):
        reach = re.findall(r'tabindex="(-?\d)"', html)
        assert reach.count("0") == 1 and reach.count("-1") == len(reach) - 1 > 3


def test_colours_are_as_strong_as_the_weights(inside: Inside) -> None:
    root = parsed(views.attention(inside))
    for cell in root.iterfind(".//tr[@class='nmt-row']/td"):
        assert float(cell.get("style", "").removeprefix("--w:")) == pytest.approx(float(text_of(cell)), abs=0.006)


def test_a_model_without_attention_says_so(reversal_data: Path, tmp_path: Path) -> None:
    plain = look_inside(checkpoint(tmp_path / "none", reversal_data, attention="none"), SENTENCE)
    assert "This model has no attention" in text_of(parsed(views.attention(plain)))


def test_gates_show_means_and_units_of_every_series(inside: Inside) -> None:
    for layer in inside.layers:
        root = parsed(views.gates(layer))
        assert [text_of(head) for head in root.iterfind(".//thead/tr/th")] == names(layer.tokens)
        expected = [*layer.means.values(), *(row for rows in layer.sample.values() for row in rows)]
        rows = of_class(root, "nmt-row")
        assert len(rows) == len(expected) == len(layer.means) * (1 + 3)
        for row, values in zip(rows, expected, strict=True):
            assert cells(row) == pytest.approx(values, abs=0.0051)


def test_signed_values_have_a_colour_for_each_sign_and_shares_have_one(inside: Inside) -> None:
    layer = inside.layers[0]
    rows = iter(of_class(parsed(views.gates(layer)), "nmt-row")[len(layer.means) :])
    for name, units in layer.sample.items():
        for values in units:
            kinds = [cell.get("class") for cell in next(rows).findall("td")]
            if name in views.SIGNED:
                assert kinds == ["nmt-minus" if value < 0 else "nmt-plus" for value in values]
            else:
                assert set(kinds) == {None}


@pytest.mark.parametrize(
    ("name", "english", "spanish"),
    [
        ("encoder layer 1 backward", "encoder layer 1 backward", "codificador, capa 1 hacia atrás"),
        ("decoder layer 2", "decoder layer 2", "decodificador, capa 2"),
        ("rnn", "simple RNN", "RNN simple"),
    ],
)
def test_layers_are_named_in_both_languages(name: str, english: str, spanish: str) -> None:
    assert views.layer_name(name) == (english, spanish)


def test_every_token_opens_on_what_else_could_have_stood_there(inside: Inside) -> None:
    entries = parsed(views.tokens(inside)).findall(".//details")
    assert len(entries) == len(inside.tokens)
    for entry, token in zip(entries, inside.tokens, strict=True):
        rows = entry.findall("table/tr")
        listed = [(text_of(row.find("th")), text_of(row.findall("td")[-1])) for row in rows]
        expected = [(readable(piece), views.share(p)) for piece, p in token.alternatives]
        assert listed[: len(expected)] == expected
        written = [text_of(row.find("th")) for row in of_class(entry, "nmt-written")]
        assert written == [readable(token.token)]
        assert ("nmt-doubted" in entry.get("class", "")) == (token.place > 1)


def test_a_token_that_is_not_among_the_best_is_listed_after_them_with_its_place(inside: Inside) -> None:
    rare = TokenProbability("▁rare", -9.0, math.exp(-9), 31, inside.tokens[0].alternatives)
    last = parsed(views.tokens(replace(inside, tokens=[rare]))).findall(".//table/tr")[-1]
    assert [text_of(cell) for cell in last] == ["31.", "rare", "", "<0.001"]


def test_figures_are_written_as_each_language_does(inside: Inside) -> None:
    assert views.alone("<0.001") == i18n.in_both("&lt;0.001", "&lt;0,001")
    figure = views.number(inside.log_prob)
    assert f"log-probability {figure} in" in views.summary(inside)
    assert f"log-probabilidad {figure.replace('.', ',')} en" in views.summary(inside)


def test_the_summary_adds_up_log_probabilities_and_compares_with_the_models_own(folder: Path) -> None:
    own, given = look_inside(folder, SENTENCE), look_inside(folder, SENTENCE, "uno dos")
    said = text_of(parsed(views.summary(given)))
    assert "Your translation" in said and views.number(given.log_prob) in said
    assert f"The model's own has {views.number(own.log_prob)} in {len(own.tokens)} pieces" in said
    assert "The model's own has" not in text_of(parsed(views.summary(own)))


def test_the_tree_shows_all_that_was_kept_and_the_best_three_that_were_dropped(inside: Inside) -> None:
    tree = inside.tree
    nodes = of_class(parsed(beam_tree.tree(inside)), "nmt-node")
    shown = {int(node.get("data-index", "")) for node in nodes}
    assert shown >= {index for index, candidate in enumerate(tree.candidates) if candidate.kept}
    for step in {candidate.step for candidate in tree.candidates}:
        dropped = [i for i, c in enumerate(tree.candidates) if c.step == step and not c.kept]
        assert sorted(shown & set(dropped)) == dropped[:3]
    for node in nodes:
        index = int(node.get("data-index", ""))
        candidate = tree.candidates[index]
        assert node.get("data-parent") == ("" if candidate.parent is None else str(candidate.parent))
        kind = "nmt-kept" if candidate.kept else "nmt-dropped"
        assert ("nmt-best" if index in tree.best else kind) in node.get("class", "").split()


def test_the_strong_path_spells_the_translation(inside: Inside) -> None:
    strong = of_class(parsed(beam_tree.tree(inside)), "nmt-best")
    boxes = [text_of(node.find("span")) for node in strong if node.tag == "button"]
    assert boxes == names(inside.target_tokens)
    spelled = "".join(piece for piece in inside.target_tokens if piece != "</s>").replace("▁", " ").strip()
    assert beam_tree.beginning(inside, inside.tree.best[-1]) == spelled


def test_every_candidate_hangs_on_a_line_from_what_it_continues(inside: Inside) -> None:
    root = parsed(beam_tree.tree(inside))
    at = inside.tree.places()
    lines = {int(path.get("data-of", "")): path.get("d", "") for path in root.iter("path")}
    assert set(lines) == set(at)
    for index, line in lines.items():
        start, end = re.findall(r"M[\d.]+ ([\d.]+)C.* ([\d.]+)$", line)[0]
        parent = inside.tree.candidates[index].parent
        height = beam_tree.ROW_HEIGHT * (at[index][1] - (0 if parent is None else at[parent][1]))
        assert float(end) - float(start) == pytest.approx(height, abs=0.011)


def test_markup_in_texts_and_pieces_is_shown_as_text(inside: Inside) -> None:
    evil = "▁<img src=x onerror=alert(1)>"
    bad = replace(
        inside,
        source=evil,
        translation=evil,
        source_tokens=[evil] * len(inside.source_tokens),
        target_tokens=[evil] * len(inside.target_tokens),
        tree_tokens=[evil] * len(inside.tree_tokens),
        tokens=[replace(token, token=evil, alternatives=[(evil, 0.5)]) for token in inside.tokens],
        layers=[replace(layer, tokens=[evil] * len(layer.tokens)) for layer in inside.layers],
    )
    drawn: list[Callable[[Inside], str]] = [views.summary, views.attention, views.tokens, beam_tree.tree]
    for html in [*(draw(bad) for draw in drawn), views.gates(bad.layers[0])]:
        assert "<img" not in html and "&lt;img" in html


@pytest.mark.parametrize(("value", "written"), [(-2.5, "−2.50"), (-0.001, "0.00"), (0.0, "0.00"), (0.126, "0.13")])
def test_numbers_are_written_with_a_real_minus(value: float, written: str) -> None:
    assert views.number(value) == written


# --- explanations -----------------------------------------------------------------------------------------


def test_an_explanation_is_there_in_both_languages_of_which_the_style_sheet_shows_one() -> None:
    shown = inside_tab.explanation("attention")
    english, spanish = catalogue.EXPLANATIONS["inside.attention_about"]
    assert f'<div class="nmt-en" lang="en" tabindex="0">\n\n{english}\n\n</div>' in shown
    assert f'<div class="nmt-es" lang="es" tabindex="0">\n\n{spanish}\n\n</div>' in shown


# --- looking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        (Wanted(ES_EN, " "), "inside.empty_sentence"),
        (Wanted(ES_EN, "z " * 120), "inside.long_sentence"),
        (Wanted(ES_EN, "uno", "z " * 120), "inside.long_translation"),
        (Wanted(ES_EN, "x" * 401), "translate.too_long"),
        (Wanted(("en", "es"), "one"), "translate.no_model"),
    ],
)
def test_what_cannot_be_looked_into_is_said_in_both_languages(
    service: TranslationService, wanted: Wanted, key: str
) -> None:
    with pytest.raises(PageError) as raised:
        look(service, wanted)
    assert raised.value.key == key


def test_a_crash_is_logged_and_told_without_its_details(
    service: TranslationService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*arguments: object) -> None:
        raise RuntimeError("details")

    monkeypatch.setattr("nmt.lab.inside.look_inside", crash)
    with pytest.raises(PageError) as raised:
        look(service, Wanted(ES_EN, SENTENCE))
    assert raised.value.key == "page.failed" and "details" in caplog.text


def test_a_look_is_the_laboratorys(service: TranslationService, folder: Path) -> None:
    assert look(service, Wanted(ES_EN, SENTENCE, beam=2)).inside == look_inside(folder, SENTENCE, beam=2)
    assert look(service, Wanted(ES_EN, SENTENCE, "uno dos")).inside == look_inside(folder, SENTENCE, "uno dos")


def test_memory_reads_no_weights_again(service: TranslationService, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(service, Wanted(ES_EN, SENTENCE))

    def read_again(*_: object) -> None:
        raise AssertionError("the weights were kept")

    monkeypatch.setattr("nmt.lab.inside.load_model", read_again)
    monkeypatch.setattr("nmt.lab.memory.load_model", read_again)
    assert remember(service, "model", seen).curves


def test_memory_is_of_the_sentence_that_was_looked_into(service: TranslationService) -> None:
    seen = look(service, Wanted(ES_EN, SENTENCE))
    curves = {curve.name: curve for curve in remember(service, "model", seen).curves}
    assert list(curves) == [layer.name for layer in seen.inside.layers]
    assert len(curves["encoder layer 1 forward"].norms) == len(seen.inside.source_tokens)
    with pytest.raises(PageError, match="Translate something"):
        remember(service, "model", None)


def test_fresh_cells_are_measured_with_open_and_with_plain_gates(
    service: TranslationService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def measure(cells: tuple[str, ...], gates_open: bool, **smaller: int) -> None:
        asked.append((cells, gates_open))

    monkeypatch.setattr("nmt.lab.memory.of_fresh_cells", measure)
    explore.fresh_cells.cache_clear()
    try:
        for of in ("open", "plain", "open"):
            remember(service, of, None)  # type: ignore[arg-type]
    finally:
        explore.fresh_cells.cache_clear()
    assert asked == [(("rnn", "gru", "lstm"), True), (("rnn", "gru", "lstm"), False)]


def test_the_page_is_built_without_torch(tmp_path: Path) -> None:
    program = "import sys, nmt.webui.inside.tab; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


# --- handlers ---------------------------------------------------------------------------------------------


def answer(*sources: str) -> Answer:
    translated = [SentenceTranslation(s, s.upper(), -0.5, ((s.upper(), -0.5),), [], [], None) for s in sources]
    segments = [Segment("\n"), *(Segment(one.text, one) for one in translated), Segment("…", copied("…"))]
    return Answer(ES_EN, tuple(segments))


def test_the_sentences_of_a_translation_are_offered_once() -> None:
    found = answer("uno dos.", "tres.")
    assert sentences(found) == ["uno dos.", "tres."] and sentences(None) == []
    offered = inside_tab.offer(found, None)
    assert offered == (ES_EN, ["uno dos.", "tres."])
    assert inside_tab.offer(found, offered) is None
    assert inside_tab.offer(answer("otra."), offered) == (ES_EN, ["otra."])
    assert inside_tab.offer(None, offered) is None and inside_tab.offer(answer(), offered) is None


def test_the_first_sentence_is_chosen_and_long_ones_are_cut_in_the_menu() -> None:
    menu, direction, text, given = inside_tab.fill_in((ES_EN, ["uno.", "x" * 99]))
    (first, _), (second, place) = menu["choices"]
    assert (first, menu["value"], menu["visible"]) == ("1. uno.", 0, True)
    assert second.endswith("…") and len(second) < 70 and place == 1
    assert (direction, text, given) == ("es-en", "uno.", "")


def test_seeing_fills_every_view(service: TranslationService) -> None:
    seen, updates = inside_tab.see(service, "es-en", SENTENCE, "", 3, "es")
    assert seen is not None and seen.inside.tree.beam == 3
    notice, summary, attention, tokens, tree, layers, gates, memory = updates
    assert notice["visible"] is False
    assert summary == views.summary(seen.inside) and attention == views.attention(seen.inside)
    assert tokens == views.tokens(seen.inside) and tree == beam_tree.tree(seen.inside)
    assert layers["choices"][0] == ("Codificador, capa 1 hacia delante", 0)
    assert gates == inside_tab.gates(seen, None) == views.gates(seen.inside.layers[0])
    assert inside_tab.gates(seen, 2) == views.gates(seen.inside.layers[2])
    assert "Choose what to measure" in memory


def test_a_failed_look_is_a_notice_that_leaves_the_old_views(service: TranslationService) -> None:
    seen, (notice, *others) = inside_tab.see(service, "es-en", "", "", 3, "en")
    assert seen is None and notice["visible"] is True
    assert "Give a sentence" in notice["value"] and "Escriba una frase" in notice["value"]
    assert all("value" not in other for other in others)


def test_nothing_to_measure_is_said_in_place_of_the_curves(service: TranslationService) -> None:
    assert "Translate something" in inside_tab.recall(service, "model", None)
    seen, _ = inside_tab.see(service, "es-en", SENTENCE, "", 3, "en")
    assert "encoder layer 1 backward" in text_of(parsed(inside_tab.recall(service, "model", seen)))
