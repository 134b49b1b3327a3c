"""nmt.serving.models: which checkpoints are served, in which order, where they lie, and how one is added."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from nmt.commands.main import main
from nmt.errors import UserError
from nmt.serving import models
from nmt.translation import translator
from tests.support.fake_translator import FakeTranslator
from tests.support.random_model import save_random_checkpoint

IDENTIFIER = Path(__file__).resolve().parents[2] / "checkpoints" / "language-id-es-en"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No models but those of the test."""
    monkeypatch.setattr(models, "CHECKPOINTS", tmp_path / "beside")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NMT_MODELS", str(tmp_path / "named"))
    monkeypatch.setattr(models.sys, "platform", "linux")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_checkpoint(tmp_path_factory.mktemp("trained") / "some-run", "es", "en")


def test_two_models_of_one_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translator.Translator, "load", lambda folder: FakeTranslator("es", "en"))
    with pytest.raises(UserError, match="both translate es-en"):
        models.load_translators([Path("a"), Path("b")])


def test_the_page_opens_with_spanish_to_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = {("de", "en"): tmp_path / "a", ("en", "es"): tmp_path / "b", ("es", "en"): tmp_path / "c"}
    by_folder = {folder: FakeTranslator(*pair) for pair, folder in folders.items()}
    (tmp_path / "beside").mkdir()
    monkeypatch.setattr(translator, "find_checkpoints", lambda folder: folders)
    monkeypatch.setattr(translator.Translator, "load", by_folder.__getitem__)
    assert list(models.load_translators([])) == [("es", "en"), ("de", "en"), ("en", "es")]


def test_an_earlier_place_goes_before_a_later_one(checkpoint: Path, tmp_path: Path) -> None:
    for place in ("beside", "data/recurrent-nmt/models", "named"):  # from the last one to the first
        shutil.copytree(checkpoint, tmp_path / place / "es-en")
        assert models.find_models() == {("es", "en"): tmp_path / place / "es-en"}
        assert models.find_model("es", "en") == tmp_path / place / "es-en"
    with pytest.raises(UserError, match="no model translates fr-en; there are: es-en"):
        models.find_model("fr", "en")


def packed(checkpoint: Path, kind: str, tmp_path: Path) -> Path:
    if kind in ("zip", "gztar"):
        return Path(shutil.make_archive(str(tmp_path / "packed"), kind, checkpoint.parent))
    if kind == "run":
        shutil.copytree(checkpoint, tmp_path / "run" / "best")
        shutil.copy(checkpoint / "config.yaml", tmp_path / "run")
        return tmp_path / "run"
    return checkpoint


@pytest.mark.parametrize("kind", ["folder", "run", "zip", "gztar"])
def test_a_model_is_installed_where_it_is_found(
    checkpoint: Path, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = packed(checkpoint, kind, tmp_path)
    assert main(["models", "add", str(given)]) == 0
    installed = tmp_path / "data" / "recurrent-nmt" / "models" / "es-en"
    assert capsys.readouterr().out == f"{installed}\n"
    assert translator.Translator.load(installed, "cpu").translate("hola")
    assert main(["models"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split("\t")[::2] == ["es-en", str(installed)]
    assert main(["models", "add", str(given)]) == 1
    assert "--replace" in capsys.readouterr().err
    assert main(["models", "add", str(given), "--replace"]) == 0


def test_a_machine_without_models_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "nmt models add" in capsys.readouterr().err


def test_what_tells_languages_apart_can_be_installed_too() -> None:
    assert models.load_identifier() is None
    (folder,) = models.install(IDENTIFIER, replace=False)
    assert folder.name == "language-id-es-en"
    identifier = models.load_identifier()
    assert identifier is not None and identifier.languages == ("es", "en")


def hostile(tmp_path: Path, name: str) -> Path:
    """An archive, or a folder, that must not be installed."""
    file = tmp_path / name
    if name == "links.tar":
        with tarfile.open(file, "w") as archive:
            link = tarfile.TarInfo("model")
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            archive.addfile(link)
            member = tarfile.TarInfo("model/config.yaml")
            archive.addfile(member, io.BytesIO(b""))
    elif name == "upwards.tar":
        with tarfile.open(file, "w") as archive:
            archive.addfile(tarfile.TarInfo("../outside/config.yaml"), io.BytesIO(b""))
    elif name == "many.zip":
        with zipfile.ZipFile(file, "w") as packed:
            for i in range(models.MAX_FILES + 1):
                packed.writestr(f"m/{i}", b"")
    elif name == "huge.tar":
        with open(file, "wb") as sparse:
            member = tarfile.TarInfo("model/config.yaml")
            member.size = models.MAX_UNPACKED_BYTES + 1
            sparse.write(member.tobuf())
    elif name == "empty":
        file.mkdir()
    elif name == "text.zip":
        file.write_bytes(b"no archive")
    return file


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("links.tar", "not a whole archive"),
        ("upwards.tar", "not a whole archive"),
        ("many.zip", "holds more than"),
        ("huge.tar", "holds more than"),
        ("text.zip", "not a whole archive"),
        ("empty", "no model in it"),
        ("nowhere.zip", "no such file or folder"),
    ],
)
def test_what_is_no_model_is_refused_and_nothing_is_left(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        models.install(hostile(tmp_path, name), replace=False)
    assert not (tmp_path / "data").exists() and not (tmp_path.parent / "outside").exists()


def test_a_checkpoint_without_weights_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "copy")
    for weights in (tmp_path / "copy").glob("model*.safetensors"):
        weights.unlink()
    with pytest.raises(UserError, match="has neither weights"):
        models.install(tmp_path / "copy", replace=False)


def test_a_direction_can_be_named_instead_of_a_folder(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(checkpoint, tmp_path / "named" / "es-en")
    (tmp_path / "in.txt").write_text("hola", encoding="utf-8")
    arguments = ["translate-file", str(tmp_path / "in.txt"), str(tmp_path / "out.txt")]
    assert main([*arguments, "--from", "es", "--to", "en"]) == 0
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").strip()
    assert main([*arguments, "--from", "fr", "--to", "en"]) == 1
    assert "no model translates fr-en" in capsys.readouterr().err
    for wrong in ([], ["--from", "es"], ["--model", "x", "--to", "en"]):
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, *wrong])
        assert stopped.value.code == 2
