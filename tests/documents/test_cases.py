"""Documents that were once translated wrongly, with the shipped models: tests/data/cases/NAME/input.*, and here what
must hold of the translation."""

from __future__ import annotations

import json
import re
import zipfile
from functools import cache
from pathlib import Path

import polib

from nmt import Translator
from nmt.documents import html
from nmt.documents.document import Encoding, TextDocument
from nmt.documents.formats import open_document
from nmt.text.marks import mark

REPOSITORY = Path(__file__).parents[2]
CASES = REPOSITORY / "tests" / "data" / "cases"


@cache
def translator(direction: str) -> Translator:
    return Translator.load(REPOSITORY / "checkpoints" / direction)


def both(case: str, folder: Path, direction: str = "es-en") -> tuple[str, str]:
    """The text of a case's input (of a .docx, its body's XML), and what it became."""
    path = next((CASES / case).glob("input.*"))
    document = open_document(path)
    out = folder / f"out{path.suffix}"
    document.write([done.text for done in translator(direction).stream(document.texts, labels=True)], out)
    return _content(path), _content(out)


def _content(path: Path) -> str:
    if path.suffix != ".docx":
        return path.read_bytes().decode()
    with zipfile.ZipFile(path) as archive:
        return archive.read("word/document.xml").decode()


def test_labels_and_headings_get_no_full_stop() -> None:
    """A model adds one to each of these."""
    texts = [
        "You can't do it",
        f"You can't {mark('open', 0)}do it{mark('close', 0)}",
        "{n, select, other {He said yes}}",
    ]
    plain = [done.text for done in translator("en-es").stream(["You can't do it", "He said yes"])]
    assert all(text.endswith(".") for text in plain)
    assert not any("." in done.text for done in translator("en-es").stream(texts, labels=True))


# Markdown


def test_md_containers(tmp_path: Path) -> None:
    _, result = both("md-containers", tmp_path)
    warning, body, *rest = result.split("\n")
    assert re.fullmatch(r'!!! warning "[A-Z][a-z]+"', warning)
    assert body.startswith("    ") and "wire" in body
    assert [rest[1], rest[3], rest[6][:2]] == [":::tip", ":::", ": "]
    assert "button" in rest[2] and rest[5].isalpha() and "fruit" in rest[6]


def test_md_link_row(tmp_path: Path) -> None:
    _, result = both("md-link-row", tmp_path)
    texts = re.fullmatch(r"\[(\w+)\]\(i\.md\) \| \[(\w+)\]\(g\.md\) \| \[(\w+)\]\(c\.md\)\n", result)
    assert texts and texts.groups()[1:] == ("Guide", "Contact")


def test_md_math(tmp_path: Path) -> None:
    _, result = both("md-math", tmp_path)
    for formula in (r"$F = m \cdot a$", "\n\n$$\na^2 + b^2 = c^2\n$$\n\n", "$x_1 < y$", "$z^2 > 0$"):
        assert result.count(formula) == 1
    assert "formula" in result and "Newton" in result and "La fórmula" not in result


def test_md_sup_sub(tmp_path: Path) -> None:
    _, result = both("md-sup-sub", tmp_path)
    assert "H<sub>2</sub>O" in result and "40 m<sup>2</sup>" in result and "note<sup>1</sup> and" in result


def test_md_table_pipe(tmp_path: Path) -> None:
    _, result = both("md-table-pipe", tmp_path)
    cells = re.split(r"(?<!\\)\|", result.splitlines()[-1])
    assert len(cells) == 4
    assert [len(re.findall(r"\w \\\| \w", cell)) for cell in cells] == [0, 1, 1, 0]


def test_md_templates(tmp_path: Path) -> None:
    source, result = both("md-templates", tmp_path)
    before, after = source.splitlines(), result.splitlines()
    for line in (0, 2, 6):
        assert after[line] == before[line]
    assert "{{ page.price }}" in after[4] and "price is" in after[4]
    assert re.search(r"See \[\[Otra página\|this page\]\]\.", after[8])


# Subtitles


def test_srt_hard_break(tmp_path: Path) -> None:
    _, result = both("srt-hard-break", tmp_path)
    first, second = result.split("\n\n")
    assert re.search(r"Hello,[^\\]*\\N[^\\]*friend", first) and first.count("\\N") == 1
    assert re.search(r"\n\{\\i1\}I [^{\\]+\{\\i0\}\\NLet[^\\]+\n", second)


def test_srt_speaker_chevrons(tmp_path: Path) -> None:
    _, result = both("srt-speaker-chevrons", tmp_path)
    said = [line for line in result.splitlines() if not re.match(r"\d|$", line)]
    assert said[0] == ">> Good morning." and said[1].startswith(">> Thank")
    assert said[2].startswith(">>> ") and "news" in said[2]


def test_srt_times(tmp_path: Path) -> None:
    source, result = both("srt-times", tmp_path)
    assert re.findall(".*-->.*", result) == re.findall(".*-->.*", source)
    assert "Hello" in result and "Thank" in result


def test_two_speakers_in_a_line(tmp_path: Path) -> None:
    _, result = both("two-speakers-in-a-line", tmp_path)
    assert re.search(r"^- Hello\. - (Goodbye|Bye)\.$", result, re.MULTILINE)


def test_vtt_blank_with_spaces(tmp_path: Path) -> None:
    source, result = both("vtt-blank-with-spaces", tmp_path)
    before, after = source.splitlines(), result.splitlines()
    changed = [number for number, line in enumerate(before) if line != after[number]]
    assert len(before) == len(after) and [before[n] for n in changed] == ["<i>Hola, amigo.</i>", "Gracias."]


def test_vtt_rolling_captions(tmp_path: Path) -> None:
    source, result = both("vtt-rolling-captions", tmp_path)
    first, second, third = [cue.split("\n") for cue in result.rstrip("\n").split("\n\n")[1:]]
    alone = translator("es-en").translate("hola a todos")
    assert second[1] == third[1] == alone
    assert re.sub(r"<[^>]*>", "", third[2]) == translator("es-en").translate("hoy vamos a casa").rstrip(".")
    assert re.findall(".*-->.*", result) == re.findall(".*-->.*", source)


# HTML, as the REST API gets it


def fragment(case: str) -> str:
    content = json.loads((CASES / case / "input.json").read_text())["q"]
    document = TextDocument(content, Encoding(b"", "utf-8"), html.passages(content, "q"))
    return document.rendered([done.text for done in translator("es-en").translate_batch(document.texts)])


def test_html_attribute_with_gt() -> None:
    alone = translator("es-en").translate("Hola, amigo")
    assert fragment("html-attribute-with-gt") == f'<a href="#" title="a > b">{alone}</a>'


def test_html_inline_fragments() -> None:
    result = fragment("html-inline-fragments")
    whole = translator("es-en").translate("Mi perro vive en la casa azul.")
    assert re.sub("<[^>]*>", "", result) == whole and "dog" in whole
    for tag in ("<b>", "</b>", '<a href="/c">', "</a>"):
        assert result.count(tag) == 1


def test_html_nbsp_entities() -> None:
    result = re.sub("<[^>]*>", " ", fragment("html-nbsp-entities"))
    assert re.findall(r"\d+", result) == ["20", "15"] and result.count("€") == 1


def test_html_notranslate() -> None:
    result = fragment("html-notranslate")
    for kept in ("Banco Perro", "La Casa", "gato"):
        assert f">{kept}</span>" in result
    assert "<code>let casa = 1;</code>" in result and " and " in result


# Word


def test_docx_tracked_insertion(tmp_path: Path) -> None:
    _, result = both("docx-tracked-insertion", tmp_path)
    inserted = re.search(r"<w:del .*</w:del><w:ins .*?<w:t[^>]*>(.*?)</w:t>.*?</w:ins>(.*)", result)
    assert inserted and inserted[1].strip() == "four" and "dogs" in inserted[2]
    assert result.count("four") == 1


def test_docx_no_break_space_price(tmp_path: Path) -> None:
    _, result = both("docx-no-break-space-price", tmp_path)
    assert re.findall(r"[\d€]+", re.sub("<[^>]*>", "", result)) in (
        ["20", "€"],
        ["€", "20"],
        ["€20"],
        ["20€"],
    )


# gettext


def messages(case: str, folder: Path) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(both(case, folder, "en-es")[1])}


def test_po_accelerators(tmp_path: Path) -> None:
    for text, said in messages("po-accelerators", tmp_path).items():
        alone = translator("en-es").translate(text.replace("&", ""))
        assert re.search(r"&[^\W\d_]", said) and said.replace("&", "", 1) == alone


def test_po_markdown_link(tmp_path: Path) -> None:
    link, pipe, bold = messages("po-markdown-link", tmp_path).values()
    assert re.search(r"\[[\w ]+\]\(https://example\.org/a\)", link)
    assert re.fullmatch(r"\w+\|\w+", pipe)
    assert re.search(r"\*\*[\w ]+\*\*", bold) and bold.count("**") == 2


def test_po_tags_emptied(tmp_path: Path) -> None:
    button, link, greeting = messages("po-tags-emptied", tmp_path).values()
    assert re.search(r"<b>\w+</b>", button) and re.search(r'<a href="/t">[\w ]+</a>', link)
    assert re.fullmatch(r"[\w ]+<br>[\w ]+", greeting)
