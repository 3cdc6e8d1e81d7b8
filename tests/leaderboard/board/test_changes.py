"""No row goes without a word: what an earlier board in the folder showed and the new one does not."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard import Store
from leaderboard.board import build, write_html
from tests.support.fabricate import COLUMNS, METHODS, SWEEP, Planted, cells, fabricate, failure, sha

SEEDS = [{"seed": 0, "evaluate_key": "k", "train_key": None}]
STRAY = {
    "schema_version": 1,
    "computed": {
        "sweep": None,
        "methods": [],
        "columns": [],
        "entries": [{"method": "m", "column": "c", "seeds": SEEDS}],
    },
}


def said(store: Store, folder: Path, sweep: str | None = None) -> list[str]:
    """What is told when the board is built anew over the one in ``folder``."""
    told: list[str] = []
    write_html(build(store, sweep=sweep), folder, on_loss=told.append)
    return told


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = fabricate(tmp_path / "store", episodes=10)
    assert said(made, tmp_path / "all") == said(made, tmp_path / "sweep", SWEEP) == []
    return made


def drop(store: Store, *keys: str) -> None:
    for key in keys:
        shutil.rmtree(store.folder(key))


def of(store: Store, kind: str, method: str, benchmark: str) -> list[str]:
    return [
        record.key
        for record in store.scan()
        if record.kind == kind
        and record.method is not None
        and record.benchmark is not None
        and (record.method.label, record.benchmark.name) == (method, benchmark)
    ]


def test_the_same_store_loses_nothing(store: Store, tmp_path: Path) -> None:
    fabricate(tmp_path / "store", [Planted("more", 0.5)], episodes=10, plan=False)
    assert said(store, tmp_path / "all") == said(store, tmp_path / "sweep", SWEEP) == []


def test_a_method_whose_records_are_gone_is_told(store: Store, tmp_path: Path) -> None:
    drop(store, *of(store, "evaluate", "middle", "glyphs"), *of(store, "evaluate", "middle", "emoji"))
    sentence = "middle is gone with its 4 cells: the store no longer has their records."
    assert said(store, tmp_path / "all") == [sentence]
    assert said(store, tmp_path / "all") == []  # it is told once


def test_a_seed_that_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    key = of(store, "evaluate", "middle", "glyphs")[0]
    record = store.get(key)
    assert record is not None
    drop(store, key)
    (sentence,) = said(store, tmp_path / "all")
    assert sentence.startswith(f"middle on glyphs 5-way 1-shot lacks seed {record.seed}: the store no longer")


def test_a_column_that_is_gone_is_told_once_for_all_its_methods(store: Store, tmp_path: Path) -> None:
    drop(store, *(key for method in METHODS for key in of(store, "evaluate", method.name, "emoji")))
    (sentence,) = said(store, tmp_path / "all")
    assert sentence.startswith("The column emoji 5-way 1-shot is gone with its 6 cells: the store no longer")


def test_a_method_that_goes_with_its_only_column_is_told_too(store: Store, tmp_path: Path) -> None:
    others = [key for kind in ("train", "evaluate") for key in of(store, kind, "middle", "glyphs")]
    drop(store, *others)
    said(store, tmp_path / "all")
    drop(store, *(key for method in METHODS for key in of(store, "evaluate", method.name, "emoji")))
    told = said(store, tmp_path / "all")
    assert "middle is gone with the only columns that it was in." in told and len(told) == 2


def test_a_cell_that_was_damaged_is_told_with_what_is_wrong(store: Store, tmp_path: Path) -> None:
    key = of(store, "evaluate", "middle", "glyphs")[0]
    (store.folder(key) / "outcomes.parquet").write_bytes(b"PAR1")
    (sentence,) = said(store, tmp_path / "all")
    assert "middle on glyphs 5-way 1-shot lacks seed" in sentence and "corrupt" in sentence


def test_a_cell_that_failed_since_is_told_with_its_reason(store: Store, tmp_path: Path) -> None:
    broken = failure(METHODS[1], COLUMNS[0], sweep=SWEEP)
    keys = [record.key for record in store.scan("evaluate") if broken.key in record.parents]
    drop(store, broken.key, *keys)
    store.put_failure(broken)
    (sentence,) = said(store, tmp_path / "sweep", SWEEP)
    assert sentence == f"middle on glyphs 5-way 1-shot lacks seed 0: {broken.reason}."


def test_a_method_with_another_source_is_told_though_its_label_stays(store: Store, tmp_path: Path) -> None:
    changed = [replace(METHODS[0], source="2"), *METHODS[1:]]
    keys = []
    for record, tables in cells(changed, episodes=10):
        store.put(record, tables)
        keys.append(record.key)
    store.put_plan(SWEEP, keys)
    before, after = (sha("source", "strong", source)[:8] for source in ("1", "2"))
    assert said(store, tmp_path / "sweep", SWEEP) == [
        f"strong no longer rests on its former 4 cells: they were computed with source {before}, "
        f"and its source is {after} now."
    ]
    # All of the store still shows both, under labels that tell them apart.
    (sentence,) = said(store, tmp_path / "all")
    assert sentence.startswith("What was called strong is now called strong #")


def test_what_a_sweep_no_longer_plans_is_told(store: Store, tmp_path: Path) -> None:
    gone = {*of(store, "evaluate", "middle", "glyphs"), *of(store, "evaluate", "middle", "emoji")}
    store.put_plan(SWEEP, set(store.keys()) - gone)
    assert said(store, tmp_path / "sweep", SWEEP) == [
        f"middle is gone with its 4 cells: the store has their records, but {SWEEP} no longer plans them."
    ]


def test_a_longer_evaluation_takes_the_place_of_a_shorter_one(store: Store, tmp_path: Path) -> None:
    for record, tables in cells(METHODS[:1], COLUMNS[:1], episodes=20):
        store.put(record, tables)
    (sentence,) = said(store, tmp_path / "all")
    assert sentence.startswith(
        "strong on glyphs 5-way 1-shot lacks seeds 0 and 1: an evaluation of the same seeds"
    )


def test_the_board_of_another_sweep_is_not_compared_row_by_row(store: Store, tmp_path: Path) -> None:
    assert said(store, tmp_path / "all", SWEEP) == [
        f"The board there was of everything in its store; this one is of the sweep {SWEEP}."
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read, so nothing is compared"),
        (json.dumps({"schema_version": 99}), "its schema version is 99"),
        (json.dumps({"schema_version": 1}), "it has no 'computed'"),
        ("[]", "cannot be read, so nothing is compared"),
        (json.dumps(STRAY), "cells of methods or columns that it does not list"),
    ],
)
def test_an_earlier_board_that_cannot_be_read_is_told(
    store: Store, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "all" / "board.json").write_text(text)
    (sentence,) = said(store, tmp_path / "all")
    assert "board.json, the earlier board, " in sentence and why in sentence


def test_nobody_listening_it_is_logged(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drop(store, *of(store, "evaluate", "middle", "glyphs"))
    with caplog.at_level(logging.WARNING):
        write_html(build(store), tmp_path / "all")
    assert "middle on glyphs 5-way 1-shot lacks seeds 0 and 1" in caplog.text


def test_pages_of_what_is_gone_are_removed_and_nothing_else_is(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    (folder / "methods" / "mine.html").write_text("not the board's")
    before = {path for path in folder.rglob("*") if path.is_file()}
    drop(store, *of(store, "evaluate", "middle", "glyphs"), *of(store, "evaluate", "middle", "emoji"))
    said(store, folder)
    gone = {path.name for path in before - {path for path in folder.rglob("*") if path.is_file()}}
    assert gone == {"middle.html", "control--middle.html", "middle--strong.html"}
    fresh = tmp_path / "fresh"
    said(store, fresh)
    (folder / "methods" / "mine.html").unlink()
    written = {path.relative_to(fresh): path.read_bytes() for path in fresh.rglob("*") if path.is_file()}
    assert written == {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_list_of_files_that_names_others_removes_none_of_them(store: Store, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("x")
    (tmp_path / "all" / "linked").symlink_to(tmp_path / "outside", target_is_directory=True)
    sums = tmp_path / "all" / "SHA256SUMS"
    names = ["../precious", str(tmp_path / "precious"), "linked/precious"]
    sums.write_text(sums.read_text() + "".join(f"{'0' * 64}  {name}\n" for name in names))
    said(store, tmp_path / "all")
    assert (tmp_path / "precious").exists() and (tmp_path / "outside" / "precious").exists()
