"""nmt.documents.subtitles: sentences are translated whole and shared out to their cues; times and tags stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.documents.formats import open_document
from nmt.errors import UserError
from tests.documents.test_documents import SRT
from tests.support.documents import by_glossary, save, texts_of, translated, written


def test_a_sentence_over_several_cues_is_one_text_and_is_shared_out(tmp_path: Path) -> None:
    path = save(tmp_path, ".srt", SRT)
    glossary = {
        "Había una vez un hombre que vivía en el bosque.": "Once upon a time a man lived in the forest.",
        "Hola, <0>amigo</0> mío.": "Hello, my <0>friend</0>.", "Adiós.": "Bye.", "La canción": "The song",
    }  # fmt: skip
    assert texts_of(path) == list(glossary)
    written(path, by_glossary(glossary))
    expected = SRT
    for old, new in (
        ("Había una vez", "Once upon a"),
        ("un hombre que", "time a man"),
        ("vivía en el bosque", "lived in the forest"),
        ("Hola, <b>amigo</b> mío", "Hello, my <b>friend</b>"),
        ("Adiós", "Bye"),
        ("La canción", "The song"),
    ):
        expected = expected.replace(old, new)
    assert (tmp_path / "out.srt").read_text() == expected


def test_no_cue_is_left_empty_and_no_line_blank(tmp_path: Path) -> None:
    result = translated(tmp_path, ".srt", SRT, lambda text: "Yes.")
    cues = [block.splitlines() for block in result.strip().split("\n\n")]
    assert [len(cue) > 2 for cue in cues] == [True, True, False, True]
    assert "<i>Yes.</i>" in result and result.count("-->") == 4


def test_a_line_broken_by_a_backslash_is_one_text_and_is_broken_there_again(tmp_path: Path) -> None:
    source = "1\n00:00:01,000 --> 00:00:02,000\nuna casa\\Nmuy verde\\nque corre\n"
    assert open_document(save(tmp_path, ".srt", source)).texts == ["una casa muy verde que corre"]
    result = translated(tmp_path, ".srt", source, lambda text: "one two three four five six")
    assert result.splitlines()[2] == "one two\\Nthree four\\nfive six"
    assert translated(tmp_path, ".srt", source, lambda text: "one").splitlines()[2] == "one\\N\\n"


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("- ¿Vienes? – No.", ["¿Vienes?", "No."]),
        ("Espera. - ¡Ya voy!", ["Espera.", "¡Ya voy!"]),
        (">> Hola. >>> Adiós.", ["Hola.", "Adiós."]),
        ("El uno - el dos.", ["El uno - el dos."]),
        ("Son las 3. - 4 de mayo", ["Son las 3. - 4 de mayo"]),
    ],
)
def test_each_speaker_in_a_line_has_a_text(tmp_path: Path, line: str, texts: list[str]) -> None:
    source = f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n"
    assert open_document(save(tmp_path, ".srt", source)).texts == texts
    assert translated(tmp_path, ".srt", source) == source.upper()


def test_chevrons_may_be_escaped_in_vtt(tmp_path: Path) -> None:
    source = "WEBVTT\n\n00:01.000 --> 00:02.000\n&gt;&gt; Hola &amp; adiós.\n"
    assert open_document(save(tmp_path, ".vtt", source)).texts == ["Hola & adiós."]
    assert "\n&gt;&gt; HOLA &amp; ADIÓS.\n" in translated(tmp_path, ".vtt", source)


def test_subtitles_in_windows_1252_come_back_in_it(tmp_path: Path) -> None:
    source = "1\n00:00:01,000 --> 00:00:02,000\n¿Está «aquí»?\n"
    path = save(tmp_path, ".srt", source, "cp1252")
    assert written(path, str) == path.read_bytes()
    assert written(path, str.upper).decode("cp1252") == source.upper()
    path.write_bytes(path.read_bytes() + b"\x81")
    with pytest.raises(UserError, match="in.srt:3: not UTF-8"):
        open_document(path)


def test_a_line_that_rolls_on_through_captions_is_translated_by_itself(tmp_path: Path) -> None:
    cues = ["uno", "uno\ndos", "dos\ntres"]
    source = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n\n" for n, cue in enumerate(cues))
    assert open_document(save(tmp_path, ".srt", source)).texts == ["uno", "uno", "dos", "dos", "tres"]
