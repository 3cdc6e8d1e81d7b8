"""``league store``: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leaderboard.store import Store
from leaderboard.store.layout import cell
from tests.support.fabricate import COLUMNS, METHODS, fabricate


@pytest.fixture
def made(tmp_path: Path) -> Store:
    return fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1])


def damage(store: Store) -> str:
    record = next(store.scan("evaluate"))
    (store.location.writable() / cell(record.key) / "outcomes.parquet").write_bytes(b"cut")
    return record.key


def test_a_sound_store_is_said_to_be_sound(call: Any, made: Store) -> None:
    result = call("store", "check", "--store", made.url)
    assert result.exit_code == 0
    assert result.output == f"{made.url}: 8 sound cells, 0 damaged\n"


def test_a_damaged_cell_is_named_and_set_aside(call: Any, made: Store) -> None:
    key = damage(made)
    looked = call("store", "check", "--look", "--store", made.url)
    assert looked.exit_code == 1 and key in set(made.keys())
    told = json.loads(call("store", "check", "--store", made.url, "--json").stdout)
    assert (told["sound"], [problem["key"] for problem in told["problems"]]) == (7, [key])
    assert key not in set(made.keys())


def test_merge_says_what_it_took(call: Any, made: Store, tmp_path: Path) -> None:
    result = call("store", "merge", made.url, "--store", str(tmp_path / "new"))
    assert result.exit_code == 0
    assert "8 cells taken, 0 known; 0 failures, 1 plan and 0 benchmark cards" in result.output
    again = json.loads(call("store", "merge", made.url, "--store", str(tmp_path / "new"), "--json").stdout)
    assert (again["taken"], again["known"]) == (0, 8)


def test_merge_leaves_damaged_cells_and_says_so(call: Any, made: Store, tmp_path: Path) -> None:
    key = damage(made)
    result = call("store", "merge", made.url, "--store", str(tmp_path / "new"))
    assert result.exit_code == 1 and f"left there: cell {key[:12]} is corrupt" in result.stderr


@pytest.mark.parametrize("name", ["out.parquet", "out.csv"])
def test_export_holds_every_episode(call: Any, made: Store, tmp_path: Path, name: str) -> None:
    result = call("store", "export", str(tmp_path / name), "--store", made.url)
    assert result.output == f"{tmp_path / name}: 240 episodes of 4 cells\n"
    [(rows, cells)] = duckdb.sql(
        f"select count(*), count(distinct key) from '{tmp_path / name}' where correct <= queries"
    ).fetchall()
    assert (rows, cells) == (240, 4)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "--store", "nowhere"], "there is no store at nowhere"),
        (["merge", "nowhere"], "there is no store at nowhere"),
        (["export", "out.xlsx", "--store", "store"], "out.xlsx must end in .parquet or .csv"),
        (["export", "o.csv", "--store", "store", "--sweep", "x"], "has no sweep 'x'; it has fabricated"),
        (["merge", "store", "--store", "store"], "store is this store itself"),
    ],
)
def test_bad_input_ends_with_two(call: Any, made: Store, words: list[str], said: str) -> None:
    result = call("store", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_compact_says_what_it_folded_and_leaves_the_same_cells(call: Any, made: Store) -> None:
    keys = made.keys()
    result = call("store", "compact", "--store", made.url)
    assert result.exit_code == 0
    assert result.output == f"{made.url}: 8 cells folded, 0 copied; 1 segment now\n"
    told = json.loads(call("store", "compact", "--store", made.url, "--json").stdout)
    assert told == {"folded": 0, "copied": 0, "segments": 1, "corrupt": 0}
    assert Store(made.url).keys() == keys


def test_compact_leaves_damaged_cells_and_says_so(call: Any, made: Store) -> None:
    key = damage(made)
    result = call("store", "compact", "--store", made.url)
    assert result.exit_code == 1 and f"left there: cell {key[:12]} is corrupt" in result.stderr


def test_merge_takes_both_stores_as_arguments(call: Any, made: Store, tmp_path: Path) -> None:
    result = call("store", "merge", made.url, str(tmp_path / "new"))
    assert result.exit_code == 0 and Store(tmp_path / "new").keys() == made.keys()
    assert call("store", "merge", made.url, f"{made.url}/").exit_code == 2
