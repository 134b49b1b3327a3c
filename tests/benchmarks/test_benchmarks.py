"""The clock of the speed benchmarks, on a clock of our own: whole updates, no warm-up, medians; their data; and what
the benchmark of robustness counts."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import paired_peer, timing, train
from benchmarks.common import finish
from benchmarks.robustness import VARIANTS, kept, lone_words, loops
from benchmarks.synthetic_data import write_dataset
from benchmarks.throughput import TokenMeter
from benchmarks.translate import columns, read_peer, times_as_fast
from nmt.errors import UserError
from nmt.text.tokenizer import load_tokenizers
from nmt.training.dataset import Split
from nmt.translation.result import Translation
from nmt.translation.translator import Translator


def test_windows_hold_whole_updates_after_the_warm_up() -> None:
    now = 0.0
    meter = TokenMeter(warmup=5.0, windows=2, seconds=10.0, clock=lambda: now)
    durations = [3, 3, 4, 4, 4, 5, 5, 1, 1]  # seconds of each update; each is on 120 tokens
    updates = 0
    for duration in durations:
        if not meter.start_update():
            break
        meter.count(120)
        now += duration
        updates += 1
    # Warm-up ends with the update that starts at 6 s; the windows are 6..18 s (3 updates) and 18..28 s (2).
    assert meter.rates == [3 * 120 / 12, 2 * 120 / 10]
    assert (meter.updates, meter.tokens, meter.measured, updates) == (5, 600, 22.0, 7)


def test_a_window_begins_and_ends_with_no_work_queued() -> None:
    now, settled = 0.0, []
    meter = TokenMeter(1.0, 1, 10.0, clock=lambda: now, settle=lambda: settled.append(now))
    for start in (0.0, 2.0, 7.0, 13.0):
        now = start
        meter.start_update()
        meter.count(100)
    assert settled == [2.0, 13.0]
    assert meter.rates == [200 / 11]


def test_made_up_sentences_make_a_dataset_that_training_reads(tmp_path: Path) -> None:
    write_dataset(tmp_path, pairs=1500, vocab_size=600, mean=12.0)
    split = Split(tmp_path, "train")
    assert len(split) == 1300 and len(Split(tmp_path, "dev")) == 100
    assert split.highest_ids()[0] < len(load_tokenizers(tmp_path)[0]) == 600
    assert 10 < split.source_lengths.mean()
    assert np.corrcoef(split.source_lengths, split.target_lengths)[0, 1] > 0.6


def test_a_loop_is_what_the_source_has_not() -> None:
    assert loops("El tribunal decidió.", "The court's court's court's decided.")
    assert loops("Sí.", "I don't know I don't know I don't know")
    assert not loops("No, no, no.", "No, no, no.")
    assert not loops("Muy bien.", "Very, very good.")
    assert loops("No, no, no, dijo.", "I don't know I don't know I don't know I don't know")


def test_numbers_and_urls_are_kept_in_either_way_of_writing_them() -> None:
    source = "Pagó 1.250,50 € en 3 días: https://a.es/x?y=1, 3 veces."
    assert kept(source, "He paid €1,250.50 in 3 days: https://a.es/x?y=1, 3 times.") == (4, 4)
    assert kept(source, "He paid €1,250 in three days: https://a.es/x, 3 times.") == (1, 4)

    assert kept("El 12.05.2020 midió 3,5 m.", "On 05/12/2020 it was 35 m.") == (3, 4)


def test_a_word_may_be_answered_with_a_capital_and_a_mark() -> None:
    spanish, english = ({word.word: word for word in lone_words(language)} for language in ("es", "en"))
    assert spanish["hola"].right("Hello!") and english["thanks"].right("¡Gracias!")
    assert not spanish["sí"].right("Yes, sir.")
    assert len(spanish) == 32 and len(english) == 33


def test_the_variants_of_a_sentence_leave_numbers_and_urls() -> None:
    written = {name: careless("¿Qué, Íñigo, 3.50 en https://a.es/?x=1?") for name, careless in VARIANTS.items()}
    assert list(written.values())[1:] == [
        "¿qué, íñigo, 3.50 en https://a.es/?x=1?",
        "¿Que, Inigo, 3.50 en https://a.es/?x=1?",
        "Qué, Íñigo, 3.50 en https://a.es/?x=1",
        "que inigo 3.50 en https://a.es/?x=1",
    ]


def test_the_other_words_are_not_in_the_list_that_training_has() -> None:
    rows = (Path(__file__).parents[2] / "data_prep" / "words" / "es-en.tsv").read_text(encoding="utf-8").splitlines()
    columns = [{row.split("\t")[side].lower() for row in rows} for side in (0, 1)]
    for language, listed in zip(("es", "en"), columns, strict=True):
        for word in lone_words(language):
            assert (word.word.lower().strip(".") in listed) == (word.group == "taught"), word


def test_figures_go_to_a_file_and_a_users_mistake_is_one_line(tmp_path: Path, capsys: Any) -> None:
    assert finish(lambda: {"BLEU": 1.5}, tmp_path / "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text()) == {"BLEU": 1.5} == json.loads(capsys.readouterr().out)

    def never() -> dict[str, Any]:
        raise AssertionError("an hour of work that could not be written")

    for out, wrong in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "x.json", "its folder does not exist"),
    ):
        assert finish(never, out) == 1
        assert capsys.readouterr().err == f"error: {out}: {wrong}\n"


SHIPPED = Path(__file__).parents[2] / "checkpoints" / "es-en"


PEER = """#!{python}
import sys
sys.path.insert(0, {root!r})
from benchmarks.timing import answer
said = " ".join(sys.argv[1:])
wanted = "-m benchmarks.peers.translate_ctranslate2 --in-turns --kind tiny --pieces 5 --sentences 2 --beam 3 --calls 2"
if said != wanted:
    sys.exit(print(said))
turns = iter(range({answers}))
def rate(base):
    turn = next(turns, None)
    return sys.exit() if turn is None else base + turn // 3
bases = {{"greedy": 100, "beam 3": 200, "one sentence": 300}}
answer("Peer 1", {{column: lambda base=base: rate(base) for column, base in bases.items()}})
"""
LINES = [
    "no",
    "El parlamento no apoyó la propuesta de ayer.",
    "Mi hermana quiere aprender a tocar la guitarra.",
]


def _turns(folder: Path, answers: int) -> argparse.Namespace:
    """With a "python" that answers as CTranslate2's script does, so many times, each round a little faster."""
    peer, source = folder / "peer", folder / "source.txt"
    peer.write_text(PEER.format(python=sys.executable, root=str(SHIPPED.parents[1]), answers=answers))
    peer.chmod(0o755)
    source.write_text("\n".join(LINES))
    common = {"model": SHIPPED, "source": source, "kind": "tiny", "beam": 3, "calls": 2}
    return argparse.Namespace(**common, peer=str(peer), pieces=5, length=4, lines=9, rounds=3)


def test_columns_are_clocked_in_turns_with_the_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[str, ...], int | None]] = []
    translate = Translator.translate_batch
    pieces = load_tokenizers(SHIPPED)[0]

    def watched(self: Translator, lines: list[str], beam: int) -> list[Translation]:
        asked.append((tuple(lines), beam))
        done = translate(self, lines, beam=beam)
        assert all(len(pieces.encode(line)) == 5 for line in lines)
        assert all(len(line.tokens) <= 4 for line in done)
        return done

    monkeypatch.setattr(Translator, "translate_batch", watched)
    figures = paired_peer.run(_turns(tmp_path, 12))
    both = asked[0][0]
    assert len(both) == figures["sentences"] == 2
    assert 1 <= figures["mean_pieces_out"] <= 4
    one = [[((both[i % 2],), 3)] * 5 for i in range(4)]  # of each turn's five calls two count
    assert asked == [call for i in range(4) for call in [(both, 1), (both, 3), *one[i]]]
    assert figures["peer"] == "Peer 1, tiny"
    for base, found in zip((100, 200, 300), figures["sentences_per_second"].values(), strict=True):
        ours, theirs = zip(*found["turns"], strict=True)
        assert theirs == (base + 1, base + 2, base + 3)  # the first round, 0, does not count
        assert (found["ours"], found["theirs"]) == (sorted(ours)[1], base + 2)
        ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
        assert found["times_as_fast"] == pytest.approx(ratios[1], abs=0.001)


def test_a_peer_that_does_not_answer_is_said_to_be_missing(tmp_path: Path) -> None:
    given = _turns(tmp_path, 1)
    with pytest.raises(UserError, match="the peer has ended"):
        paired_peer.run(given)
    with pytest.raises(UserError, match="the peer has said .*base"):
        paired_peer.run(argparse.Namespace(**vars(given) | {"kind": "base"}))
    with pytest.raises(UserError, match="no-such-python: No such file"):
        paired_peer.run(argparse.Namespace(**vars(given) | {"peer": "no-such-python"}))


def test_speeds_are_set_beside_a_peers_column_by_column(tmp_path: Path) -> None:
    ours = {
        "greedy": {"sentences_per_second": 300.0},
        "beam 4": {"sentences_per_second": 100.0},
        "one_sentence": {"beam": 4, "median_ms": 10.0},
        "machine": {"python": "3.11"},
    }
    peer = ours | {"system": "P", "beam": 4, "one_sentence": {"beam": 4, "median_ms": 5.0}}
    peer["greedy"] = {"sentences_per_second": 100.0}
    file = tmp_path / "peer.json"
    file.write_text(json.dumps(peer))
    wanted = {"greedy": 3.0, "beam 4": 1.0, "one sentence, beam 4": 0.5}
    assert times_as_fast(columns(ours), read_peer(file)) == wanted
    one_way = {"system": "Q", "beam": 1, "sentences_per_second": 60.0}  # as JoeyNMT's script writes it
    assert times_as_fast(columns(ours), columns(one_way)) == {"greedy": 5.0}
    of_turns = {"system": "R", "beam": 1, "sentences_per_second": {"greedy": {"ours": 1}}}
    cases = [("{", "Expecting"), ("[]", "not what a benchmark"), (json.dumps(of_turns), "no figures")]
    cases += [(json.dumps(one_way | {"sentences_per_second": rate}), "no figures") for rate in (0, "60")]
    for text, cause in cases:
        file.write_text(text)
        for read in (read_peer, train.read_peer):
            with pytest.raises(UserError, match=f"peer.json: .*{cause}"):
                read(file)
    with pytest.raises(UserError, match="No such file"):
        read_peer(tmp_path / "none.json")


def test_a_clock_gives_sentences_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    seconds = {(3, 1): 0.5, (3, 4): 2.0, (1, 4): 0.25}  # for so many sentences, with the beam

    def translate(sentences: list[str], beam: int) -> None:
        nonlocal now
        now += seconds[len(sentences), beam]

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    clocks = timing.clocks(translate, ["a", "b", "c"], beam=4, calls=2)
    found = {name: clock() for name, clock in clocks.items()}
    assert found == {"greedy": 6.0, "beam 4": 1.5, "one sentence": 4.0}
