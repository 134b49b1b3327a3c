"""The guide in both languages: its pictures are ones that a command makes, its commands are ones that there are."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from benchmarks import guide_figures
from nmt.commands.main import build_parser

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "docs" / name for name in ("guide.md", "guide.es.md")]
PROGRAMS = ("nmt ", "python -m ")  # what a line of a command begins with


def text(guide: Path) -> str:
    return guide.read_text(encoding="utf-8")


def pictures_of(guide: Path) -> list[str]:
    return re.findall(r"!\[[^]]*\]\(([^)]+)\)", text(guide))


def commands_of(guide: Path) -> list[str]:
    lines = [line for block in re.findall(r"^```\n(.*?)^```", text(guide), re.M | re.S) for line in block.splitlines()]
    return [line for line in lines if line.startswith(PROGRAMS)]


def sections_of(guide: Path) -> list[str]:
    return re.split(r"^## ", text(guide), flags=re.M)[1:]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_picture_of_a_guide_is_made_by_a_command(guide: Path) -> None:
    assert set(pictures_of(guide)) == guide_figures.made()


def test_both_guides_show_the_same_pictures_and_commands_in_the_same_order() -> None:
    english, spanish = GUIDES
    assert pictures_of(english) == pictures_of(spanish)
    assert commands_of(english) == commands_of(spanish)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_of_a_guide_is_understood(guide: Path) -> None:
    commands = commands_of(guide)
    assert commands
    for command in commands:
        program, *arguments = shlex.split(command)
        if program == "nmt":
            build_parser().parse_args(arguments)  # leaves with status 2 for what it does not know
        else:
            module = ROOT / f"{arguments[1].replace('.', '/')}.py"
            assert module.is_file(), f"{command}: there is no {module}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_section_ends_in_a_command_that_makes_its_pictures(guide: Path) -> None:
    made_by = {
        picture: shlex.join(["nmt", *experiment.command(Path("docs"))])
        for experiment in guide_figures.EXPERIMENTS
        for picture in experiment.pictures
    }
    for section in sections_of(guide):
        *_, last = re.findall(r"^```\n(.*?)^```", section, re.M | re.S)
        assert section.rstrip().endswith(f"{last}```")
        commands = [shlex.join(shlex.split(line)) for line in last.splitlines()]
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", section):
            if picture in guide_figures.FAMILY:
                assert any("benchmarks.family" in command for command in commands)
            else:
                assert made_by[picture] in commands, picture


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_file_that_a_guide_names_is_there(guide: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^]]*\]\(([^)]+)\)", text(guide)):
        assert (guide.parent / target).exists(), target
    for picture in pictures_of(guide):
        size = (guide.parent / picture).stat().st_size
        assert size <= 150_000, f"{picture}: {size} bytes are too many to keep beside the code"


def test_the_command_draws_every_picture_and_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(guide_figures, "nmt", lambda arguments: ran.append(arguments) or 0)
    monkeypatch.setattr(sys, "argv", ["pictures", "--out", str(tmp_path / "new")])
    assert guide_figures.main() == 0
    assert (tmp_path / "new").is_dir()
    printed = [line[2:] for line in capsys.readouterr().out.splitlines() if line.startswith("$ ")]
    assert [shlex.split(line) for line in printed] == [["nmt", *arguments] for arguments in ran]
    assert len(ran) == len(guide_figures.EXPERIMENTS)
    for arguments in ran:
        parsed = build_parser().parse_args(arguments)
        assert Path(parsed.plot).parent == tmp_path / "new"


def test_the_command_stops_where_an_experiment_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(guide_figures, "nmt", lambda arguments: ran.append(arguments) or 1)
    monkeypatch.setattr(sys, "argv", ["pictures", "--out", str(tmp_path), "--family", "pairs.tsv"])
    assert guide_figures.main() == 1
    assert len(ran) == 1


def test_an_experiment_draws_the_pictures_that_are_listed(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (inside,) = [e for e in guide_figures.EXPERIMENTS if e.arguments[0] == "inside"]
    assert guide_figures.nmt(inside.command(tmp_path)) == 0
    assert {file.name for file in tmp_path.iterdir()} == set(inside.pictures)
