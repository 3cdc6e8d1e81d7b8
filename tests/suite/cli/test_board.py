"""``league board``: the ranking of a store, in every form."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fabricate import METHODS, fabricate

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    fabricate(tmp_path / "store")
    return tmp_path / "store"


def test_board_shows_every_method(call, store: Path) -> None:
    result = call("board", "--store", store)
    assert result.exit_code == 0
    for method in METHODS:
        assert method.name in result.stdout
    assert "\x1b" not in result.stdout  # no colour where there is no terminal


def test_board_as_json_is_the_whole_board(call, store: Path) -> None:
    whole = json.loads(call("board", "--store", store, "--json").stdout)
    assert {"schema_version", "computed", "measured"} <= set(whole)
    computed = json.loads(call("board", "--store", store, "--json", "--without-measured").stdout)
    assert "measured" not in computed
    assert computed["computed"] == whole["computed"]


def test_board_as_csv_has_a_row_a_standing(call, store: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call("board", "--store", store, "--csv").stdout)))
    assert {row["method"] for row in rows} == {method.name for method in METHODS}


def test_board_as_pages_names_the_first(call, store: Path, tmp_path: Path) -> None:
    result = call("board", "--store", store, "--html", "pages")
    page = tmp_path / "pages" / "index.html"
    assert page.is_file()
    assert f"Board: {page.as_uri()}" in result.stdout


def test_json_with_pages_stays_json(call, store: Path) -> None:
    result = call("board", "--store", store, "--html", "pages", "--json")
    assert json.loads(result.stdout)["computed"]
    assert "Board: file://" in result.stderr


def test_a_row_that_is_gone_since_the_last_board_is_said(call, store: Path, tmp_path: Path) -> None:
    assert call("board", "--store", store, "--html", "pages").stderr == ""
    for path in (store / "records").glob("*/*/record.json"):
        if '"kind": "evaluate"' in (text := path.read_text()) and f'"label": "{METHODS[1].name}"' in text:
            shutil.rmtree(path.parent)
    result = call("board", "--store", store, "--html", "pages", "--json")
    assert result.stderr.startswith(f"{METHODS[1].name} is gone with its 4 cells: the store no longer has")
    assert json.loads(result.stdout)["computed"]
    assert call("board", "--store", store, "--html", "pages").stderr == ""


def test_the_store_may_come_from_the_environment(call, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAGUE_STORE", str(store))
    assert METHODS[0].name in call("board").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--store", "nowhere"], "there is no store at nowhere"),
        (["--store", "store", "--sweep", "dmeo"], "the store store has no sweep 'dmeo'; it has fabricated"),
        (["--store", "store", "--json", "--csv"], "--json and --csv exclude each other"),
        (["--store", "store", "--margin", "2"], "2.0 is not in the range 0"),
    ],
)
def test_bad_input_ends_with_two_and_a_sentence(call, store: Path, words: list[str], said: str) -> None:
    result = call("board", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_pages_that_cannot_be_written_are_said(call, store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = call("board", "--store", store, "--html", "file/board")
    assert result.exit_code == 1
    assert "the board was not written" in result.stderr
    assert "Choose another folder with --html DIR." in result.stderr


def test_board_loads_neither_torch_nor_ray(store: Path) -> None:
    code = (
        "import sys\n"
        "from suite.cli import league\n"
        "league(['board', '--store', sys.argv[1], '--json'], standalone_mode=False)\n"
        "heavy = {'torch', 'ray', 'wandb'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(store)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr


def test_a_reader_that_leaves_early_is_no_error(store: Path) -> None:
    code = "from suite.cli import main; main()"
    command = [sys.executable, "-c", code, "board", "--store", str(store), "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=120) == 141
    assert stderr == b""
