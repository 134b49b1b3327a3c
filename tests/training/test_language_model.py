"""A language model: the decoder alone, trained by the ordinary training, and the text that it writes."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pytest

from nmt.checkpoint.weights import Checkpoint, load_model, save_checkpoint
from nmt.commands.main import main
from nmt.config import Config, DataConfig, TrainingConfig, dump_config, load_config
from nmt.errors import UserError
from nmt.inference.sampling import score_target
from nmt.inference.torch_model import TorchModel
from nmt.lab.sampling import write_texts
from nmt.text.tokenizer import EOS, load_tokenizers
from nmt.training.batches import make_batch, plan_epoch
from nmt.training.dataset import Split
from nmt.training.trainer import train
from nmt.training.validation import Validation, validate
from nmt.translation.translator import Translator, find_checkpoints
from tests.conftest import run_lab, tiny_model_config, write_dataset

SUBJECTS = ["the dog", "a small cat", "my brother", "the old man", "our teacher", "a bird"]
VERBS = ["sees", "likes", "never finds", "wants", "sold", "draws"]
OBJECTS = ["the house", "a red car", "some bread", "the garden", "water", "his letters"]
# Everything that can be said, in random order: what is held out was never seen, only its words were.
SENTENCES = [" ".join(parts) for parts in itertools.product(SUBJECTS, VERBS, OBJECTS)]
random.Random(1).shuffle(SENTENCES)
WORDS = {word for sentence in SENTENCES for word in sentence.split()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Targets to learn; the sources, of which nothing may be used, are one word over and over."""
    pairs = [("nada", sentence) for sentence in SENTENCES]
    splits = {"train": pairs[:160], "dev": pairs[160:190], "test": pairs[190:]}
    return write_dataset(tmp_path_factory.mktemp("data") / "toy", splits)


@pytest.fixture(scope="module")
def recipe() -> Config:
    model = tiny_model_config(cell="gru", attention="none", vocab=0, hidden=48, bidirectional=False)
    return Config(
        model=replace(model, encoder=replace(model.encoder, layers=1, hidden=4)),
        data=DataConfig(language_model=True, batch_tokens=400, max_length=40),
        training=TrainingConfig(
            steps=200,
            lr=1e-2,
            warmup=10,
            label_smoothing=0.0,
            precision="float32",
            valid_metric="loss",
            validate_every=100,
            save_every=200,
        ),
    )


@pytest.fixture(scope="module")
def run(corpus: Path, recipe: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "recipe.yaml").write_text(dump_config(recipe), encoding="utf-8")
    train(folder / "recipe.yaml", corpus, folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> Checkpoint:
    return load_model(run)


# --- learning -------------------------------------------------------------------------------------------


def unigram_perplexity(corpus: Path) -> float:
    """Of the held-out pieces and EOS, guessed from how frequent each is in the training text (add-one smoothed):
    what somebody knows who has the words but no memory."""
    tokenizer, _ = load_tokenizers(corpus)
    learned, held_out = (
        [piece for text in texts for piece in [*tokenizer.encode(text), EOS]]
        for texts in (SENTENCES[:160], SENTENCES[190:])
    )
    count = Counter(learned)
    share = [(count[piece] + 1) / (len(learned) + len(tokenizer)) for piece in held_out]
    return float(np.exp(-np.mean(np.log(share))))


def test_held_out_text_is_far_less_surprising_than_its_pieces_frequencies_make_it(
    corpus: Path, model: Checkpoint
) -> None:
    """What may follow in these sentences is one of six: with the pieces of a word that are certain and those
    choices a perplexity below 2 a piece; unigrams have well over 10."""
    unigram = unigram_perplexity(corpus)
    assert unigram > 10
    assert held_out(corpus, model).perplexity < 2.5 < unigram / 4


def held_out(corpus: Path, model: Checkpoint) -> Validation:
    split = Split(corpus, "test", language_model=True)
    config = replace(model.config, training=replace(model.config.training, valid_sentences=1000))
    return validate(model.model, split, model.target_tokenizer, config)


def test_the_perplexity_is_that_of_each_piece_given_those_before_it(corpus: Path, model: Checkpoint) -> None:
    """Against step-by-step scoring, which uses the decoder in another way."""
    targets = [model.target_tokenizer.encode(sentence) for sentence in SENTENCES[190:]]
    empty = np.full((len(targets), 1), EOS)
    scored = score_target(TorchModel(model.model), empty, None, targets)
    log_p = np.concatenate([hypothesis.token_scores for hypothesis in scored])
    assert len(log_p) == sum(map(len, targets)) + len(targets)  # every piece and EOS
    assert held_out(corpus, model).perplexity == pytest.approx(np.exp(-log_p.mean()), rel=1e-4)


def test_training_tells_the_perplexity_and_no_bleu(run: Path) -> None:
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    dev = [entry for entry in entries if entry["kind"] == "dev"]
    assert len(dev) == 2
    for entry in dev:
        assert entry["perplexity"] == pytest.approx(np.exp(entry["loss"]))
        assert "bleu" not in entry and "chrf" not in entry
    notes = load_model(run).notes
    assert float(notes["dev_perplexity"]) == pytest.approx(dev[-1]["perplexity"], abs=0.01)
    assert "dev_bleu" not in notes


def test_a_language_model_is_resumed_bit_for_bit(corpus: Path, recipe: Config, tmp_path: Path) -> None:
    settings = replace(
        recipe.training, steps=6, schedule="constant", validate_every=3, save_every=3
    )  # a schedule that does not depend on where it ends
    file = tmp_path / "recipe.yaml"
    file.write_text(dump_config(replace(recipe, training=settings)), encoding="utf-8")
    train(file, corpus, tmp_path / "a")
    train(file, corpus, tmp_path / "b", overrides=["training.steps=3"])
    train(file, corpus, tmp_path / "b", resume=True, overrides=["training.steps=6"])
    whole, resumed = (next((tmp_path / name / "state").glob("*/state.safetensors")) for name in "ab")
    assert whole.read_bytes() == resumed.read_bytes()
    with pytest.raises(UserError, match="another model"):
        train(file, corpus, tmp_path / "a", resume=True, overrides=["data.language_model=false"])


# --- data -----------------------------------------------------------------------------------------------


def test_every_target_is_learned_once_and_no_source(corpus: Path) -> None:
    split = Split(corpus, "train", language_model=True)
    plan = plan_epoch(split, DataConfig(batch_tokens=200), seed=1, epoch=0)
    assert sorted(np.concatenate(plan).tolist()) == list(range(160))
    tokenizer, _ = load_tokenizers(corpus)
    for rows in plan:
        batch = make_batch(split.ids(rows))
        assert batch.source.tolist() == [[EOS]] * len(rows) and batch.source_lengths is None
        assert batch.target_in.numel() <= 200
        for row, target in zip(rows, batch.target_out.tolist(), strict=True):
            assert tokenizer.decode(target) == SENTENCES[row] == split.text(row)[1]
            assert split.text(row)[0] == ""


def test_reverse_learns_the_other_language(corpus: Path) -> None:
    split = Split(corpus, "train", reverse=True, language_model=True)
    assert split.text(0) == ("", "nada")


def test_careless_copies_are_not_learned(corpus: Path, tmp_path: Path) -> None:
    """Those with a careless target are bad language; those with a careless source are a target once more."""
    table = datasets.load_from_disk(str(corpus / "train"))
    altered = ["", "source", "target", *[""] * (len(table) - 3)]
    table.add_column("altered", altered).save_to_disk(str(tmp_path / "train"))  # type: ignore[call-arg]
    for reverse in (False, True):
        split = Split(tmp_path, "train", reverse=reverse, language_model=True)
        rows = np.concatenate(plan_epoch(split, DataConfig(), seed=1, epoch=0))
        assert sorted(rows.tolist()) == [0, *range(3, 160)]


def test_its_pieces_are_those_of_the_target_alone(corpus: Path, recipe: Config, tmp_path: Path) -> None:
    """With two vocabularies in the dataset, a language model has the target's."""
    for split in ("train", "dev"):
        (tmp_path / split).symlink_to(corpus / split)
    (tmp_path / "data.yaml").write_text("pair: es-en\n", encoding="utf-8")
    (tmp_path / "target.spm").write_bytes((corpus / "joint.spm").read_bytes())
    other = write_dataset(tmp_path / "other", {"train": [("nada de nada", "nada")]}, vocab=15)
    (tmp_path / "source.spm").write_bytes((other / "joint.spm").read_bytes())
    (tmp_path / "recipe.yaml").write_text(dump_config(recipe), encoding="utf-8")
    steps = ["training.steps=2"]
    train(tmp_path / "recipe.yaml", tmp_path, tmp_path / "run", overrides=steps)
    checkpoint = load_model(tmp_path / "run")
    assert checkpoint.source_tokenizer is checkpoint.target_tokenizer
    assert checkpoint.target_tokenizer.serialized == (corpus / "joint.spm").read_bytes()
    assert (checkpoint.config.source_language, checkpoint.config.target_language) == ("", "en")


# --- settings -------------------------------------------------------------------------------------------


def test_settings_that_make_no_sense_are_refused(recipe: Config) -> None:
    for kind in ("additive", "multihead"):
        model = replace(recipe.model, attention=replace(recipe.model.attention, kind=kind))
        with pytest.raises(UserError, match=f"no source to attend to.*{kind}.*set it to none"):
            replace(recipe, model=model)
    with pytest.raises(UserError, match="valid_metric is 'bleu'.*set it to loss"):
        replace(recipe, training=replace(recipe.training, valid_metric="bleu"))


def test_the_recipe_that_comes_with_nmt_is_a_language_model() -> None:
    config = load_config("language-model")
    assert config.data.language_model
    assert config.training.label_smoothing == 0  # else the loss that chooses is not what the perplexity tells


def test_a_checkpoint_from_before_the_setting_is_a_translation_model(tmp_path: Path) -> None:
    text = dump_config(Config()).replace("  language_model: false\n", "")
    assert text != dump_config(Config())
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert load_config(tmp_path / "config.yaml") == Config()


# --- use ------------------------------------------------------------------------------------------------


def test_what_it_writes_is_made_of_the_words_it_read(model: Checkpoint) -> None:
    texts = write_texts(model, count=40, seed=1)
    words = [word for text in texts for word in text.split()]
    assert len(words) > 150
    assert sum(word in WORDS for word in words) > 0.9 * len(words)
    assert len(set(texts)) > 30  # and does not say one thing over and over
    assert set(texts) - set(SENTENCES[:160])  # nor by rote alone


def test_the_same_seed_gives_the_same_text(model: Checkpoint) -> None:
    once, again, other = (write_texts(model, count=5, seed=seed) for seed in (7, 7, 8))
    assert once == again != other


def test_no_temperature_leaves_no_chance(model: Checkpoint) -> None:
    texts = {text for seed in range(3) for text in write_texts(model, count=2, temperature=0.0, seed=seed)}
    assert len(texts) == 1


def test_every_text_begins_with_the_prompt_and_goes_on(model: Checkpoint) -> None:
    for text in write_texts(model, count=10, prompt="my brother never", temperature=0.3, seed=1):
        assert text.startswith("my brother never finds ")  # after "never" nothing else ever comes


def test_texts_are_cut_at_the_maximum(model: Checkpoint) -> None:
    for text in write_texts(model, count=10, seed=1, max_pieces=4):
        assert len(model.target_tokenizer.encode(text)) <= 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": "日本"}, "characters that the model's texts did not"),
        ({"prompt": "the dog sees the house", "max_pieces": 3}, "nothing is left to write"),
        ({"count": 0}, "count is 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"top_p": 0.0}, "top_p is 0.0"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(model: Checkpoint, options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        write_texts(model, **options)


def test_the_command_writes_one_text_a_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sample", "--model", str(run), "--count", "3", "--seed", "5", "--prompt", "the old man"]
    run_lab(*arguments, "--top-k", "20", "--top-p", "0.95", "--temperature", "0.8")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all(line.startswith("the old man") for line in lines)


def test_nothing_takes_it_for_a_translation_model(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="is a language model.*nmt lab sample --model"):
        Translator.load(run)
    model = str(run)
    for command in (
        ["translate", "--model", model],
        ["export", model],
        ["lab", "inside", "--model", model, "uno dos"],
        ["lab", "memory", "--model", model],
    ):
        assert main(command) == 1
        assert "is a language model" in capsys.readouterr().err
    (tmp_path / "model").symlink_to((run / "best").resolve())
    assert find_checkpoints(tmp_path) == {}


def test_a_translation_model_does_not_write(tmp_path: Path) -> None:
    from nmt.checkpoint.weights import named_weights
    from nmt.network.model import Seq2Seq

    data = write_dataset(tmp_path / "data", {"train": [("uno dos", "one two")]}, vocab=15)
    tokenizers = load_tokenizers(data)
    size = len(tokenizers[0])
    config = Config(model=replace(tiny_model_config(), source_vocab=size, target_vocab=size))
    save_checkpoint(tmp_path / "model", config, named_weights(Seq2Seq(config.model)), tokenizers)
    with pytest.raises(UserError, match="translates.*nmt train language-model"):
        write_texts(load_model(tmp_path / "model"))
