"""Finding one's way: help with examples, nearest names, and a start that loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from suite.cli import league

ROOT = Path(__file__).parents[3]
VERBS = sorted(league.commands)


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_verbs_are_those_that_work() -> None:
    assert set(VERBS) == {
        *("new", "submit", "sweep", "run", "board", "data", "doctor", "methods", "runs"),
        *("submission", "audit", "measure", "paper", "store"),
    }


@pytest.mark.parametrize("words", [[], *[[verb] for verb in VERBS]])
def test_help_has_examples_that_begin_with_the_command(call, words: list[str]) -> None:
    result = call(*words, "--help")
    assert result.exit_code == 0
    examples = result.output.partition("Examples:")[2]
    assert f"league {' '.join(words)}".strip() in examples


@pytest.mark.parametrize(
    "words", [["sweep"], ["run"], ["board"], ["doctor"], ["methods"], ["runs"], ["audit"]]
)
def test_verbs_that_print_a_result_take_json(call, words: list[str]) -> None:
    assert "--json" in call(*words, "--help").output


@pytest.mark.parametrize("words", [["sweep"], ["run"], ["board"], ["doctor"], ["runs"], ["audit"]])
def test_verbs_that_read_a_store_take_its_place(call, words: list[str]) -> None:
    assert "--store" in call(*words, "--help").output


def test_every_help_line_fits_a_terminal(call) -> None:
    for words in ([], *([verb] for verb in VERBS)):
        assert max(map(len, call(*words, "--help").output.splitlines())) <= 80


def test_an_unknown_verb_comes_with_the_nearest(call) -> None:
    result = call("bord")
    assert result.exit_code == 2
    assert result.output == "Error: league has no verb 'bord'; nearest: board.\n"


def test_version_is_the_installed_one(call) -> None:
    result = call("--version")
    assert result.exit_code == 0
    try:
        expected = metadata.version("transfer-league")
    except metadata.PackageNotFoundError:
        expected = "not installed"
    assert expected in result.output


@pytest.mark.parametrize("words", [["--help"], ["sweep", "--help"], ["board", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from suite.cli import league\n"
        "league(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'torch', 'ray', 'wandb', 'numpy', 'duckdb', 'omegaconf', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    result = python(code, *words)
    assert result.returncode == 0, result.stderr
    assert "Usage: " in result.stdout


def test_the_default_store_is_that_of_a_sweep() -> None:
    from suite.cli.shared import DEFAULT_STORE
    from suite.config import SweepConfig

    assert SweepConfig.__dataclass_fields__["store"].default == DEFAULT_STORE


def test_the_entry_point_exists() -> None:
    assert 'league = "suite.cli:main"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    result = python("from suite.cli import main; main()", "sweep", "dmeo")
    assert result.returncode == 2
    assert result.stderr == (
        "Error: no sweep is called 'dmeo'; nearest: demo. A file of your own ends in .yaml.\n"
    )
