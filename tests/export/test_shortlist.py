"""Graphs with a shortlist: nothing else changes but that other pieces are never chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmt.commands.main import main
from nmt.config import DecodingConfig
from nmt.inference.batched_search import BatchLimits, start_search
from nmt.inference.beam_search import beam_search
from nmt.text.tokenizer import EOS, SPECIAL_IDS
from nmt.training.dataset import Split
from tests.export.test_onnx_export import checkpoint, sources

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from nmt.export import shortlist  # noqa: E402
from nmt.export.onnx_export import export  # noqa: E402
from nmt.inference.onnx_model import OnnxModel  # noqa: E402

DECODING = DecodingConfig(beam=3, length_penalty=1.0, max_length_ratio=1.0, max_length_extra=3)


@pytest.fixture(scope="module")
def plain(reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    folder = checkpoint(tmp_path_factory.mktemp("plain") / "es-en", reversal_data, hidden=32)
    export(folder)
    return OnnxModel(folder)


def table(vocab: int) -> np.ndarray:
    """Piece i may bring itself and the next two; the last pieces bring fewer."""
    rows = np.arange(vocab)[:, None] + np.arange(3)
    return np.where(rows < vocab, rows, -1)


def always(vocab: int) -> np.ndarray:
    return np.arange(vocab) == EOS


@pytest.fixture(scope="module")
def listed(plain: OnnxModel, reversal_data: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    folder = checkpoint(tmp_path_factory.mktemp("listed") / "es-en", reversal_data, hidden=32)
    export(folder, shortlist=(table(plain.vocab), always(plain.vocab)))
    return OnnxModel(folder)


def test_over_the_whole_vocabulary_a_step_is_the_same(plain: OnnxModel, listed: OnnxModel) -> None:
    steps = []
    for model in (plain, listed):
        encoded = model.encode(*sources())
        steps.append(model.step(np.full((4, 1), 2), model.initial_state(encoded), encoded, 5, True))
    everywhere = np.arange(4), np.zeros(4, np.int64)
    expected, found = steps
    assert (found.ids == expected.ids).all()
    assert (found.top == expected.top).all()
    np.testing.assert_allclose(found.log_z, expected.log_z, atol=1e-5)
    assert (found.logits(*everywhere) == expected.logits(*everywhere)).all()


def test_a_step_with_a_shortlist_has_the_logits_of_its_pieces(plain: OnnxModel, listed: OnnxModel) -> None:
    """Of some rows of a batch, in the order in which they are selected; padding brings nothing."""
    rows = np.array([2, 0])
    source, lengths = sources()
    steps = []
    for model in (plain, listed.shortlisted):
        encoded = model.encode(source, lengths).select(rows)
        steps.append(model.step(np.full((2, 1), 2), model.initial_state(encoded), encoded, 4, True))
    expected, found = (step.logits(np.arange(2), np.zeros(2, np.int64)) for step in steps)
    for row, ids, step_row in zip(rows, found, range(2), strict=True):
        pieces = {EOS, *(p for p in table(plain.vocab)[source[row, : lengths[row]]].ravel() if p >= 0)}
        assert set(np.flatnonzero(np.isfinite(ids))) == pieces
        of_list = sorted(pieces)
        np.testing.assert_array_equal(ids[of_list], expected[step_row, of_list])
        best = sorted(of_list, key=lambda piece: -expected[step_row, piece])[:4]
        assert steps[1].ids[step_row, 0].tolist() == best
        log_z = np.log(np.exp(expected[step_row, of_list]).sum())
        assert steps[1].log_z[step_row, 0] == pytest.approx(log_z, abs=1e-5)


def test_a_search_is_the_same_alone_and_in_a_batch(listed: OnnxModel) -> None:
    source, lengths = sources()
    together = beam_search(listed.shortlisted, source, lengths, DECODING, n_best=2)
    for row, length, expected in zip(source, lengths, together, strict=True):
        (alone,) = beam_search(listed.shortlisted, row[None, :length], None, DECODING, n_best=2)
        assert [h.tokens for h in alone] == [h.tokens for h in expected]
        assert [h.score for h in alone] == pytest.approx([h.score for h in expected], abs=1e-5)


def test_with_every_piece_on_the_list_nothing_changes(plain: OnnxModel, reversal_data: Path, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "es-en", reversal_data, hidden=32)
    export(folder, shortlist=(table(plain.vocab), np.ones(plain.vocab, bool)))
    expected = beam_search(plain, *sources(), DECODING)
    found = beam_search(OnnxModel(folder).shortlisted, *sources(), DECODING)
    assert [h[0].tokens for h in found] == [h[0].tokens for h in expected]


def test_the_command_learns_a_shortlist_from_a_dataset(
    reversal_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target is its source backwards, so a piece of the source is on the list, and others of its sentences."""
    monkeypatch.setattr(shortlist, "FREQUENT", 0)
    monkeypatch.setattr(shortlist, "TRANSLATIONS", 2)
    folder = checkpoint(tmp_path / "es-en", reversal_data, hidden=32)
    assert main(["export", str(folder), "--shortlist", str(reversal_data)]) == 0
    model = OnnxModel(folder)
    piece = int(Split(reversal_data, "train").ids([0])[0][0][0])
    candidates = set(model.shortlisted.encode(np.array([[piece, EOS]])).parts["candidates"].tolist())
    assert {piece, EOS} <= candidates and 2 < len(candidates) <= 6 < model.vocab

    (other := tmp_path / "other").mkdir()
    for file in reversal_data.glob("*.spm"):
        (other / file.name).write_bytes(Path("checkpoints/es-en/joint.spm").read_bytes())
    capsys.readouterr()
    assert main(["export", str(folder), "--shortlist", str(other)]) == 1
    assert "its pieces are not those of" in capsys.readouterr().err


def test_a_model_without_a_shortlist_searches_as_it_is(plain: OnnxModel) -> None:
    assert plain.shortlisted is plain


def test_translations_keep_to_the_list_unless_a_prefix_is_forced(listed: OnnxModel) -> None:
    limits, source = BatchLimits(1000, 100, False), [5, 6, EOS]
    of_list = {EOS, *table(listed.vocab)[source].ravel().tolist()}
    other = next(i for i in range(len(SPECIAL_IDS), listed.vocab) if i not in of_list)

    def tokens(prefix: list[int]) -> set[int]:
        (found,) = start_search(listed, [source], [prefix], DECODING, 3, False, limits).results()
        return {token for hypothesis in found for token in hypothesis.tokens}

    assert tokens([]) <= of_list
    assert other in tokens([other])
