"""Texts, documents, requests and settings that nobody would write: nothing but a UserError comes of them.

`FUZZ=20000 make test ARGS=tests/security/test_fuzz.py` tries so many more of each, other ones at every run.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

hypothesis = pytest.importorskip("hypothesis")
from fastapi.testclient import TestClient  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from nmt.config import Config  # noqa: E402
from nmt.documents.formats import PACKAGES, PASSAGES, XLIFF, open_document  # noqa: E402
from nmt.errors import UserError  # noqa: E402
from nmt.text.segmentation import split_text  # noqa: E402
from nmt.yaml_config import YamlMapping  # noqa: E402
from tests.support.fake_translator import api_client, fake_service  # noqa: E402
from tests.support.uppercase_model import uppercase_translator  # noqa: E402

MANY = int(os.environ.get("FUZZ", 0))
PIECES = """<b> </b> <p> <!-- --> <![CDATA[ ]]> &amp; &#0; {0} {name} %s ${x} %(n)d https://a.example/?b=1 a@b.example
1,234.56 -->  00:00:01,000 1 1234 msgid msgstr "" \\n \\u0000 : - # * ` ``` [x](y) | = ; { } [ ] 🙂 ﷽ ‮ EE. UU. ¿
? ¡ ! . ... á ñ’s WEBVTT --- key: "value" 'it' \t \r\n \n\n \x00 \ufeff \u2028 &a *a << !!int""".split(" ")
# Any characters, and the pieces that the grammars of formats are made of.
words = st.one_of(st.text(max_size=20), st.sampled_from(PIECES))
texts = st.lists(words, max_size=30).map(" ".join) | st.lists(words, max_size=30).map("".join)


def tried(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same examples at every run, unless many are asked for; `benchmarks.attack` reads how many."""
    fixed = settings(
        derandomize=not MANY,
        database=None,
        deadline=None,
        max_examples=MANY or examples,
        suppress_health_check=list(HealthCheck),
    )

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        fuzzed = fixed(test)
        fuzzed.attempts = fixed.max_examples  # type: ignore[attr-defined]
        return fuzzed

    return decorated


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    service = fake_service(max_chars=500)
    yield api_client(service)
    service.close()


@tried(150)
@given(text=texts, language=st.sampled_from(["es", "en"]))
def test_any_text_is_cut_without_loss(text: str, language: str) -> None:
    """The parts of any text, put together, are the text."""
    assert "".join(part.text for part in split_text(text, language)) == text


TRANSLATOR = uppercase_translator()[0]


@tried(25)
@given(text=texts)
def test_any_text_is_translated(text: str) -> None:
    """Any text is translated, and keeps its lines."""
    assert TRANSLATOR.translate(text).count("\n") == text.count("\n")


def rewritten(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "in" + suffix)
        file.write_bytes(content)
        try:
            document = open_document(file)
            document.write([text.upper() for text in document.texts], file.with_name("out" + suffix))
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000


@tried(200)
@given(suffix=st.sampled_from([*PASSAGES, *XLIFF]), content=texts.map(str.encode) | st.binary(max_size=200))
def test_any_file_of_text_is_taken_or_refused(suffix: str, content: bytes) -> None:
    """A file of text with anything in it is read and written again, or refused in one sentence."""
    rewritten(suffix, content)


NAMES = """[Content_Types].xml word/document.xml ppt/slides/slide1.xml ppt/presentation.xml xl/workbook.xml content.xml
xl/sharedStrings.xml META-INF/container.xml mimetype ../../evil.xml /etc/evil
word/_rels/document.xml.rels a.opf""".split()
XML = [
    "<?xml version='1.0'?><w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>",
    "<w:p>",
]
XML += [
    "<w:r><w:t>",
    "a",
    "</w:t></w:r>",
    "</w:p>",
    "</w:document>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "<a>",
    "</a>",
]
entries = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(XML), max_size=12).map("".join), max_size=6)


@tried(100)
@given(suffix=st.sampled_from(list(PACKAGES)), found=entries, cut=st.integers(0, 60))
def test_any_package_is_taken_or_refused(suffix: str, found: dict[str, str], cut: int) -> None:
    """An Office file, a book or an archive with anything in it is written again, or refused in one sentence."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    whole = packed.getvalue()
    rewritten(suffix, whole[: len(whole) - cut])


# Without subnormal numbers: training, in a test before, has this process compute zeros in their place.
numbers = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
asked = st.dictionaries(
    st.sampled_from("q source target format alternatives stream api_key s".split()),
    values | st.sampled_from(["es", "en", "auto", "text", "html", ["el tren"], 3]),
)


@tried(200)
@given(path=st.sampled_from(["/translate", "/detect", "/suggest", "/languages", "/translate_file"]), fields=asked)
def test_any_request_is_answered(client: TestClient, path: str, fields: dict[str, object]) -> None:
    """A request with anything in it is answered in JSON, with a status below 500."""
    answer = client.request("GET" if path == "/languages" else "POST", path, json=fields)
    assert answer.status_code < 500, answer.text
    if "event-stream" not in answer.headers["content-type"]:
        said = answer.json()
        assert answer.status_code == 200 or len(said["error"]) < 500


KEYS = "model encoder decoder layers hidden decoding beam training lr betas data source_language".split()
documents = st.recursive(
    values | st.sampled_from(["&a", "*a", "!!bool x", "!!float ''", "0x1f", "1:2:3", "2024-13-45", ".nan"]),
    lambda inner: st.dictionaries(st.sampled_from(KEYS) | words, inner, max_size=4),
    max_leaves=12,
)


@tried(200)
@given(text=texts | documents.map(str))
def test_any_settings_are_taken_or_refused(text: str) -> None:
    """A configuration with anything in it is taken, or refused in one sentence that names the file."""
    try:
        YamlMapping.parse(text, "config.yaml").build(Config)
    except UserError as error:
        assert str(error).startswith("config.yaml") and "\n" not in str(error) and len(str(error)) < 1000
