"""The documents tab without a browser: every format, bad files, stopping, names, what it leaves on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("gradio", reason="the page's extra is not installed")

import docx

from nmt.documents import formats
from nmt.documents.formats import SUFFIXES
from nmt.serving import documents
from nmt.serving.service import MAX_COUNTED, TranslationService
from nmt.webui.documents import tab as documents_tab
from nmt.webui.documents import views as documents_views
from nmt.webui.documents.tab import Shown
from tests.support.fake_translator import SLOW, fake_service

ES_EN = ("es", "en")
T = TypeVar("T")

SAMPLES = {  # a document, and what the fake translator makes of it
    ".txt": ("el tren\n\n  sale\n", "The train\n\n  Leaves\n"),
    ".md": ("# el tren\n\n- sale\n", "# The train\n\n- Leaves\n"),
    ".srt": (
        "1\n00:00:01,000 --> 00:00:02,500\nel tren\n",
        "1\n00:00:01,000 --> 00:00:02,500\nThe train\n",
    ),
    ".vtt": (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nel tren\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\nThe train\n",
    ),
    ".po": (
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "el tren"\nmsgstr ""\n',
        'msgstr "The train"',
    ),
    ".tsv": ("el tren\tsale\n", "The train\tLeaves\n"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), ("<p>el tren</p>", "<p>The train</p>")),
    ".json": ('{"a": "el tren"}', '{"a": "The train"}'),
    **dict.fromkeys((".yaml", ".yml"), ("a: el tren\n", "a: The train\n")),
    ".properties": ("a = el tren\n", "a = The train\n"),
    ".strings": ('"a" = "el tren";\n', '"a" = "The train";\n'),
    **dict.fromkeys(
        (".xlf", ".xliff"),
        (
            '<xliff version="1.2"><trans-unit id="1"><source>el tren</source></trans-unit></xliff>',
            '<target state="needs-review-translation">The train</target>',
        ),
    ),
}
PACKED = {".docx", ".odt", ".pptx", ".xlsx", ".epub"}  # tests/documents has these, and one is below


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


@pytest.fixture
def service() -> Iterator[TranslationService]:
    service = fake_service(max_chars=10)  # which is no limit on documents
    yield service
    service.close()


@pytest.fixture
def slow_service() -> Iterator[TranslationService]:
    service = fake_service(most=1)
    yield service
    service.close()


def saved(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_bytes(content.encode())
    return str(path)


async def shown(
    service: TranslationService, file: str | None, folder: Path, source: str = "auto", target: str = "en"
) -> list[Shown]:
    return [one async for one in documents_tab.translate(service, "me", file, source, target, folder / "results")]


def last(service: TranslationService, file: str | None, folder: Path, *languages: str) -> Shown:
    return run(shown(service, file, folder, *languages))[-1]


def sentences(service: TranslationService) -> list[str]:
    """What the Spanish-English model was given."""
    calls: Any = service.translators[ES_EN]
    return [sentence for call in calls.calls for sentence in call["sentences"]]


# --- formats --------------------------------------------------------------------------------------------


def test_every_format_has_a_sample() -> None:
    assert {*SAMPLES, *PACKED} == set(SUFFIXES)


@pytest.mark.parametrize("suffix", SAMPLES)
def test_the_same_format_comes_back(service: TranslationService, tmp_path: Path, suffix: str) -> None:
    content, expected = SAMPLES[suffix]
    found = last(service, saved(tmp_path, f"viaje{suffix}", content), tmp_path)
    assert found.notice == ""
    assert found.result and found.result.name == f"viaje.en{suffix}"
    written = found.result.read_bytes().decode()
    assert expected in written if suffix in (".po", ".xlf", ".xliff") else written == expected


def test_a_document_holds_to_the_glossary(service: TranslationService, tmp_path: Path) -> None:
    file = saved(tmp_path, "viaje.txt", "el tren")

    async def with_glossary(glossary: str) -> Shown:
        growing = documents_tab.translate(service, "me", file, "es", "en", tmp_path / "results", glossary)
        return [shown async for shown in growing][-1]

    found = run(with_glossary("tren = convoy"))
    assert found.result and found.result.read_text() == "The convoy"
    assert "Glossary, line 1" in run(with_glossary("tren")).notice


def test_a_word_document_comes_back(service: TranslationService, tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("el tren", 1)
    document.save(str(tmp_path / "viaje.docx"))
    found = last(service, str(tmp_path / "viaje.docx"), tmp_path)
    assert found.result and found.result.name == "viaje.en.docx"
    paragraph = docx.Document(str(found.result)).paragraphs[0]
    assert (paragraph.text, paragraph.style and paragraph.style.name) == ("The train", "Heading 1")


def test_the_language_is_found_out_and_the_other_one_taken(service: TranslationService, tmp_path: Path) -> None:
    found = last(service, saved(tmp_path, "a.txt", "the train\n"), tmp_path)
    assert found.target == "es"
    assert found.result and found.result.name == "a.es.txt"
    assert "from English into Spanish" in found.status and "del inglés al español" in found.status


def test_the_visitor_knows_the_language_better(service: TranslationService, tmp_path: Path) -> None:
    found = last(service, saved(tmp_path, "a.txt", "the train\n"), tmp_path, "es", "en")
    assert found.target == "en" and found.result and found.result.name == "a.en.txt"


# --- what is shown --------------------------------------------------------------------------------------


def test_progress_counts_sentences_and_stop_is_there_while_it_runs(
    slow_service: TranslationService, tmp_path: Path
) -> None:
    file = saved(tmp_path, "a.txt", "\n".join(f"slow {i}" for i in range(4)))
    *growing, ended = run(shown(slow_service, file, tmp_path))
    assert all(one.running and one.result is None for one in growing) and not ended.running
    assert any("<progress" in one.status and "of 4 sentences" in one.status for one in growing)
    assert "Sentences: 4." in ended.status and "a.en.txt" in ended.status


def test_the_preview_has_the_first_texts_with_markup_escaped(service: TranslationService, tmp_path: Path) -> None:
    lines = ["el <b>tren</b>", *(f"el tren {i}" for i in range(documents_views.MAX_PAIRS + 5))]
    found = last(service, saved(tmp_path, "a.txt", "\n".join(lines)), tmp_path)
    assert found.preview.count("<tr><td") == documents_views.MAX_PAIRS
    assert "el &lt;b&gt;tren&lt;/b&gt;" in found.preview and "<b>" not in found.preview
    assert '<td lang="en">The train 0</td>' in found.preview


def test_a_stretch_with_markup_is_not_shown_twice(service: TranslationService, tmp_path: Path) -> None:
    found = last(service, saved(tmp_path, "a.md", "el **tren** sale\n"), tmp_path)
    assert found.preview.count("<tr><td") == 1


def test_an_upload_is_looked_at_before_anything_is_translated(service: TranslationService, tmp_path: Path) -> None:
    looked = run(documents_tab.look(service, saved(tmp_path, "a.txt", "the train\n"), "auto", "en"))
    assert "a.txt: 9 characters to translate from English into Spanish" in looked.status
    assert looked.target == "es" and looked.result is None and looked.notice == ""
    assert sentences(service) == []


def test_numbers_are_written_as_each_language_does() -> None:
    assert documents_views.number(1_000_000) == ("1,000,000", "1\u00a0000\u00a0000")
    assert documents_views.number(1234) == ("1,234", "1234")


def test_without_a_file_nothing_happens(service: TranslationService, tmp_path: Path) -> None:
    assert "Choose a document" in last(service, None, tmp_path).status
    assert "Choose a document" in run(documents_tab.look(service, None, "auto", "en")).status


# --- bad files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "english", "spanish"),
    [
        ("a.png", b"\x89PNG", "a.png has no format", "a.png no tiene un formato"),
        ("docx", b"x", "docx has no format", "docx no tiene un formato"),
        ("a.txt", b"", "has no text", "no hay texto"),
        ("a.txt", b"12 + 3\n", "has no text", "no hay texto"),
        ("a.txt", b"uno\ndos \xff\n", "a.txt:2: not UTF-8", "no se puede traducir"),
        ("a.srt", b"no times here\n", "a.srt", "no se puede traducir"),
        ("a.docx", b"PK\x03\x04 damaged", "a.docx", "no se puede traducir"),
    ],
)
def test_a_bad_file_is_one_notice_in_both_languages(
    service: TranslationService, tmp_path: Path, name: str, content: bytes, english: str, spanish: str
) -> None:
    (tmp_path / name).write_bytes(content)
    for found in (
        last(service, str(tmp_path / name), tmp_path),
        run(documents_tab.look(service, str(tmp_path / name), "auto", "en")),
    ):
        assert english in found.notice and spanish in found.notice
        assert str(tmp_path) not in found.notice  # the visitor's name for it, not the server's
        assert (found.status, found.result, found.running) == ("", None, False)
    assert not (tmp_path / "results").exists()


def test_a_file_of_little_text_and_much_markup_is_refused_before_it_is_parsed(
    service: TranslationService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(formats.PASSAGES, ".md")  # to parse it would fail
    most = 4 * documents.LIMITS.characters
    found = last(service, saved(tmp_path, "a.md", "[" * (most + 1)), tmp_path)
    assert f"a.md: has {most + 1:,} characters with its markup, the limit is {most:,}" in found.notice
    assert "no se puede traducir" in found.notice and found.result is None


def test_markup_in_a_name_is_shown_as_text(service: TranslationService, tmp_path: Path) -> None:
    file = saved(tmp_path, "<img src=x>.png", "x")
    assert "<img" not in last(service, file, tmp_path).notice


def test_a_model_that_fails_is_a_notice_and_leaves_nothing(service: TranslationService, tmp_path: Path) -> None:
    found = last(service, saved(tmp_path, "a.txt", "crash\n"), tmp_path)
    assert "Something went wrong" in found.notice and found.result is None
    assert not (tmp_path / "results").exists()


def test_a_document_that_cannot_be_written_is_a_notice_and_leaves_nothing(
    service: TranslationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from nmt.documents.document import TextDocument

    def fail(self: Any, translations: Any, path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left")

    monkeypatch.setattr(TextDocument, "write", fail)
    found = last(service, saved(tmp_path, "a.txt", "el tren\n"), tmp_path)
    assert "Something went wrong" in found.notice and "no space" not in found.notice
    assert "no space left" in caplog.text  # the log has it
    assert list((tmp_path / "results").iterdir()) == []


# --- stopping and sharing -------------------------------------------------------------------------------


def test_stop_ends_a_document_and_writes_nothing(slow_service: TranslationService, tmp_path: Path) -> None:
    file = saved(tmp_path, "a.txt", "\n".join(f"slow {i}" for i in range(30)))

    async def stop_soon() -> Shown:
        task = asyncio.create_task(shown(slow_service, file, tmp_path))
        await asyncio.sleep(2 * SLOW)
        slow_service.stop("me")
        return (await task)[-1]

    found = run(stop_soon())
    assert "Stopped" in found.status and found.result is None and not found.running
    assert len(sentences(slow_service)) < 10
    assert not (tmp_path / "results").exists()


def test_an_event_that_is_cancelled_leaves_nothing_running(slow_service: TranslationService, tmp_path: Path) -> None:
    """As Gradio does it when a visitor leaves: the task that waits for the next update is cancelled."""
    file = saved(tmp_path, "a.txt", "\n".join(f"slow {i}" for i in range(30)))

    async def cancel_soon() -> None:
        task = asyncio.create_task(shown(slow_service, file, tmp_path))
        await asyncio.sleep(2 * SLOW)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    run(cancel_soon())
    slow_service.close()
    assert len(sentences(slow_service)) < 10


def test_a_word_does_not_wait_for_a_document(slow_service: TranslationService, tmp_path: Path) -> None:
    file = saved(tmp_path, "a.txt", "\n".join(f"slow {i}" for i in range(6)))

    async def both() -> tuple[Shown, int]:
        document = asyncio.create_task(shown(slow_service, file, tmp_path))
        await asyncio.sleep(SLOW)
        assert (await slow_service.translate("el tren", ES_EN)).text == "The train"
        before = sentences(slow_service).index("el tren")
        return (await document)[-1], before

    found, before = run(both())
    assert found.result and before < 5


def test_a_document_leaves_room_for_others_in_the_batcher(tmp_path: Path) -> None:
    service = fake_service(most=64)
    service.batcher.max_waiting = MAX_COUNTED + 1  # far fewer than the document has
    count = 2 * MAX_COUNTED + 7
    file = saved(tmp_path, "a.txt", "".join(f"slow {i}.\n" for i in range(count)))

    async def both() -> Shown:
        document = asyncio.create_task(shown(service, file, tmp_path))
        await asyncio.sleep(SLOW)
        assert (await service.translate("el tren", ES_EN)).text == "The train"
        return (await document)[-1]

    found = run(both())
    service.close()
    assert found.result
    assert found.result.read_text() == "".join(f"Slow {i}.\n" for i in range(count))


def test_two_documents_of_the_same_name_do_not_meet(service: TranslationService, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first = last(service, saved(tmp_path / "1", "a.txt", "el tren\n"), tmp_path).result
    second = last(service, saved(tmp_path / "2", "a.txt", "sale\n"), tmp_path).result
    assert first and second and first != second
    assert (first.read_text(), second.read_text()) == ("The train\n", "Leaves\n")
    assert os.stat(first.parent).st_mode & 0o077 == 0  # nobody else on the server reads it
