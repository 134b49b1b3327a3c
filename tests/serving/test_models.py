"""nmt.serving.models: which checkpoints are served, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.serving import models
from nmt.translation import translator
from tests.support.fake_translator import FakeTranslator


def test_two_models_of_one_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translator.Translator, "load", lambda folder: FakeTranslator("es", "en"))
    with pytest.raises(UserError, match="both translate es-en"):
        models.load_translators([Path("a"), Path("b")])


def test_the_page_opens_with_spanish_to_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = {("de", "en"): tmp_path / "a", ("en", "es"): tmp_path / "b", ("es", "en"): tmp_path / "c"}
    by_folder = {folder: FakeTranslator(*pair) for pair, folder in folders.items()}
    monkeypatch.setattr(models, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(translator, "find_checkpoints", lambda folder: folders)
    monkeypatch.setattr(translator.Translator, "load", by_folder.__getitem__)
    assert list(models.load_translators([])) == [("es", "en"), ("de", "en"), ("en", "es")]
