"""The language identifier: the network's equations, what it reads, how it learns, and the one that ships."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch

from nmt.errors import UserError
from nmt.language_id.accuracy import accuracy
from nmt.language_id.identifier import IDENTIFIER_FILE, MAX_CHARACTERS, LanguageIdentifier, normalised
from nmt.language_id.training import CharacterGru, IdentifierConfig, snippet, train_identifier
from nmt.translation.translator import find_checkpoints
from tests.conftest import WORDS, run_lab, toy_pairs, write_dataset

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
SHIPPED = CHECKPOINTS / "language-id-es-en"
ENGLISH = dict(zip(WORDS, "one two three four five six seven eight nine ten".split(), strict=True))
CHARACTERS = "abcdefghijklmnopqrstuvwxyzñ¿'"


@pytest.fixture(scope="module")
def network() -> CharacterGru:
    """With random weights, large enough that the gates are not all half open."""
    torch.manual_seed(1)
    network = CharacterGru(len(CHARACTERS), IdentifierConfig(embedding=6, units=5))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.8)
    return network


@pytest.fixture(scope="module")
def identifier(network: CharacterGru) -> LanguageIdentifier:
    weights = {name: parameter.detach().numpy() for name, parameter in network.named_parameters()}
    return LanguageIdentifier(("es", "en"), CHARACTERS, weights)


# --- the network ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a", "hola", "¿quién es? ñandú", "it's a longer sentence " * 8])
def test_the_equations_are_those_of_torchs_gru(
    network: CharacterGru, identifier: LanguageIdentifier, text: str
) -> None:
    """torch.nn.GRU over the same ids, its states averaged and weighed, here by hand."""
    ids = torch.tensor([identifier.ids(text)])
    with torch.inference_mode():
        states, _ = network.gru(network.embedding(ids))
        expected = states[0].mean(dim=0) @ network.output.weight[0] + network.output.bias[0]
        assert network(ids)[0] == pytest.approx(float(expected), abs=1e-5)
    assert identifier.log_odds([text])[0] == pytest.approx(float(expected), abs=1e-5)


def test_a_text_gets_the_same_beside_others(identifier: LanguageIdentifier) -> None:
    texts = ["hola", "the cat", "", "adiós a todos", "bye!!", "123", "hola"]
    together = identifier.identify_batch(texts)
    for text, found in zip(texts, together, strict=True):
        alone = identifier.identify(text)
        assert alone.language == found.language
        assert alone.probability == pytest.approx(found.probability, abs=1e-6)
    assert identifier.identify_batch([]) == []


def test_probabilities_are_of_the_language_that_is_named(identifier: LanguageIdentifier) -> None:
    draw = random.Random(1)
    texts = ["".join(draw.choices(CHARACTERS, k=draw.randint(1, 4))) for _ in range(60)]
    odds = identifier.log_odds(texts)
    assert (odds > 0).any() and (odds < 0).any()
    for logit, (language, probability) in zip(odds, identifier.identify_batch(texts), strict=True):
        of_second = 1 / (1 + np.exp(-logit))
        assert language == ("en" if of_second > 0.5 else "es")
        assert probability == pytest.approx(max(of_second, 1 - of_second), abs=1e-6)


@pytest.mark.parametrize("text", ["", "  \n", "1234", "¿?", "🙂", "https://example.org/the", "日本語", "_"])
def test_a_text_with_nothing_to_go_by_is_in_either_language(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) == ("es", 0.5)


def test_identifying_needs_no_torch(identifier: LanguageIdentifier, tmp_path: Path) -> None:
    identifier.save(tmp_path)
    program = (
        "import sys; from nmt.language_id.identifier import LanguageIdentifier; "
        f"print(LanguageIdentifier.load({str(tmp_path)!r}).identify('hola').language); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == identifier.identify("hola").language


def test_what_is_saved_is_what_is_loaded_but_for_half_precision(identifier: LanguageIdentifier, tmp_path: Path) -> None:
    identifier.save(tmp_path / "a")
    loaded = LanguageIdentifier.load(tmp_path / "a")
    assert (loaded.languages, loaded.characters) == (identifier.languages, identifier.characters)
    for name, weight in identifier.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], weight.astype(np.float16).astype(np.float32))
    loaded.save(tmp_path / "b")
    assert (tmp_path / "a" / IDENTIFIER_FILE).read_bytes() == (tmp_path / "b" / IDENTIFIER_FILE).read_bytes()


def test_a_folder_that_is_no_identifier_is_named(identifier: LanguageIdentifier, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no language identifier.*identifier.safetensors"):
        LanguageIdentifier.load(tmp_path)
    identifier.save(tmp_path)
    file = tmp_path / IDENTIFIER_FILE
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(UserError, match="identifier.safetensors: not a whole language identifier"):
        LanguageIdentifier.load(tmp_path)


# --- what it reads --------------------------------------------------------------------------------------


def test_case_numbers_addresses_and_punctuation_are_not_read() -> None:
    assert normalised("¿DÓNDE está, el tren 25?") == " ¿dónde está el tren "
    assert normalised("I don’t  know (yet): ana@example.org www.example.org") == " i don't know yet "
    assert normalised(unicodedata.normalize("NFD", "mañana")) == " mañana "
    assert normalised("¡'! 12") == ""


def test_a_long_text_is_judged_by_its_beginning() -> None:
    assert len(normalised("hola " * 10_000)) == MAX_CHARACTERS
    assert normalised("hola " * 10_000) == normalised("hola " * 20_000)


# --- learning -------------------------------------------------------------------------------------------


def test_snippets_are_words_in_a_row_with_less_care() -> None:
    sentence, other = "¿Quién cantó mañana en Madrid con ella?", "Who's singing with her in Madrid tomorrow?"
    draw = random.Random(1)
    texts = [snippet(sentence, other, draw) for _ in range(500)]
    plain = {character for text in texts for character in text}
    assert plain >= set("¿óñé") and plain >= set("one")
    words = normalised("quien canto manana en madrid con ella").split()
    for text in filter(None, texts):
        bare = "".join(c for c in unicodedata.normalize("NFD", text.replace("¿", "")) if c.isalpha() or c == " ")
        assert f" {bare.strip()} " in f" {' '.join(words)} "
        assert text == normalised(text)
    lengths = {len(text.split()) for text in texts}
    assert {1, 2, 3, len(words)} <= lengths


def test_no_snippet_is_of_words_that_the_translation_has_too() -> None:
    draw = random.Random(1)
    texts = {snippet("Tom vive en Boston", "Tom lives in Boston", draw) for _ in range(300)}
    assert "" in texts and not texts & {" tom ", " boston "}
    assert snippet("Tom Jackson", "tom jackson!", draw) == ""


def test_accuracy_counts_short_and_long_texts_apart_and_no_equal_ones() -> None:
    class Believer:  # in marks
        languages = ("es", "en")

        def identify_batch(self, texts: list[str]) -> list[tuple[str, float]]:
            return [LanguageIdentifierResult("es" if "¿" in text else "en") for text in texts]

    class LanguageIdentifierResult:
        def __init__(self, language: str) -> None:
            self.language = language

    spanish = ["¿qué?", "no lo sé", "¿no lo sabes tú?", "Tom Jackson.", "12"]
    english = ["what?", "I do not know", "don't you?", "TOM JACKSON", "twelve"]
    result = accuracy(Believer(), spanish, english)  # type: ignore[arg-type]
    assert result.short == (4, 5)  # ¿qué?, what?, don't you?, twelve; not "no lo sé"; "12" is no text
    assert result.long == (2, 2)
    assert (result.equal, result.wrong) == (1, ["no lo sé"])


@pytest.fixture(scope="module")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = toy_pairs(lambda words: [ENGLISH[word] for word in words], 500)
    splits = {"train": pairs[:400], "dev": pairs[400:]}
    return write_dataset(tmp_path_factory.mktemp("data") / "numbers", splits)


def test_it_learns_two_toy_languages(toy_data: Path, tmp_path: Path) -> None:
    config = IdentifierConfig(embedding=8, units=8, steps=120, lr=2e-2, warmup=5, pool=256, batch=32)
    lines: list[str] = []
    identifier = train_identifier(toy_data, tmp_path / "toy", config, lines.append)
    assert identifier.languages == ("es", "en")
    held_out = toy_pairs(lambda words: [ENGLISH[word] for word in words], 200, seed=5)
    spanish, english = zip(*held_out, strict=True)
    result = accuracy(identifier, spanish, english)
    (short, of_short), (long, of_long) = result.short, result.long
    assert short >= 0.95 * of_short and long >= 0.98 * of_long and of_short > 100 < of_long
    assert identifier.identify("SEIS TRÉS").language == "es"
    assert lines == [lines[-1]] and lines[0].startswith("step 120 of 120: loss ")


def test_the_same_seed_trains_the_same_identifier(toy_data: Path, tmp_path: Path) -> None:
    config = IdentifierConfig(embedding=4, units=4, steps=3, pool=64)
    files = []
    for name in "ab":
        train_identifier(toy_data, tmp_path / name, config, lambda text: None)
        files.append((tmp_path / name / IDENTIFIER_FILE).read_bytes())
    assert files[0] == files[1]


def test_data_and_folders_that_will_not_do_are_refused(toy_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        train_identifier(toy_data, tmp_path)
    with pytest.raises(UserError, match="data.yaml: missing"):
        train_identifier(tmp_path, tmp_path / "out")
    same = write_dataset(tmp_path / "same", {"train": [("uno dos tres", "uno dos tres")] * 3}, vocab=15)
    with pytest.raises(UserError, match="two sides do not differ"):
        train_identifier(same, tmp_path / "out")
    with pytest.raises(UserError, match="units is 0"):
        IdentifierConfig(units=0)


def test_the_commands_train_identify_and_score(
    toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "toy")
    run_lab("train-identifier", "--data", str(toy_data), "--out", folder, "--steps", "2", "--units", "4")
    assert capsys.readouterr().out.startswith("dev, 1-3 words: ")
    run_lab("identify", "--model", folder, "uno", "two")
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[2] for row in rows] == ["uno", "two"]
    for language, probability, _ in rows:
        assert language in ("es", "en") and 0.5 <= float(probability) <= 1
    monkeypatch.setattr("sys.stdin", io.StringIO("uno\ntwo\n"))
    run_lab("identify", "--model", folder)
    assert [line.split("\t") for line in capsys.readouterr().out.splitlines()] == rows
    (tmp_path / "a").write_text("uno dos\ntres cuatro cinco seis\n", encoding="utf-8")
    (tmp_path / "b").write_text("one two\nthree four five six\n", encoding="utf-8")
    run_lab("identify", "--model", folder, "--score", str(tmp_path / "a"), str(tmp_path / "b"))
    assert " of 2 = " in capsys.readouterr().out


# --- the one that ships ---------------------------------------------------------------------------------

# Written for this test, as people type: tidy and careless, whole sentences and single words.
SPANISH = """
¿Dónde está la biblioteca?
donde esta la biblioteca
DONDE ESTA LA BIBLIOTECA
Mi hermano vive en una casa pequeña cerca del mar.
no tengo tiempo para ver la tele
manana vamos a la playa con los ninos
me llamo Peter y vivo en New York
Tom y Mary viven en Boston
que hora es
cuanto cuesta
te quiero mucho
buenos dias
hasta luego
por favor
sí
hola
gracias
adios
quizás
¡Cuidado!
perro
lluvia
ayer
corazon
ventana
necesito un medico
"""
ENGLISH_TEXTS = """
Where is the library?
where is the library
WHERE IS THE LIBRARY
My brother lives in a small house near the sea.
i dont have time to watch tv
tomorrow we are going to the beach with the kids
my name is Pedro and I live in Buenos Aires
Please go to San Francisco.
Juan and María live in Sevilla
what time is it
how much is it
i love you so much
good morning
see you later
please
yes
hello
thank you
goodbye
maybe
Watch out!
dog
rain
yesterday
heart
window
i need a doctor
"""
# Full of names of the other language; the card says that such are often taken for it.
HARD = {"Juan and María live in Sevilla"}


@pytest.fixture(scope="module")
def shipped() -> LanguageIdentifier:
    return LanguageIdentifier.load(SHIPPED)


@pytest.mark.parametrize(("language", "texts"), [("es", SPANISH), ("en", ENGLISH_TEXTS)])
def test_what_people_type_is_told_right(shipped: LanguageIdentifier, language: str, texts: str) -> None:
    lines = texts.strip().splitlines()
    assert len(lines) >= 20
    found = shipped.identify_batch(lines)
    wrong = [line for line, result in zip(lines, found, strict=True) if result.language != language]
    assert set(wrong) <= HARD


def test_the_shipped_one_is_small_and_described(shipped: LanguageIdentifier) -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 300_000
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for heading in ("## Scores", "## Data", "## How it was made"):
        assert heading in card


def test_it_is_not_taken_for_a_translation_model() -> None:
    assert SHIPPED not in find_checkpoints(CHECKPOINTS).values()
    assert set(find_checkpoints(CHECKPOINTS)) == {("es", "en"), ("en", "es")}
