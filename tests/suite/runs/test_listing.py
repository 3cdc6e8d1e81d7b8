"""What became of each cell, as a store tells it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import psutil
import pytest

from leaderboard.records import Origin, PlannedCell, Protocol
from leaderboard.store import Store, StoreError
from suite.engine.progress import Report, Reporter
from suite.runs import NoSuchRun, chosen, listing, resolve, running, shortest
from tests.support.fabricate import COLUMNS, METHODS, SWEEP, fabricate, failure, sha

WAITING, RUNNING = sha("waiting"), sha("running")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Eight finished cells, one that failed, one that waits, one that runs."""
    made = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1])
    failed = failure(METHODS[2], COLUMNS[0])
    made.put_failure(failed)
    protocol = Protocol(way=5, shot=1, query=15, episodes=60)
    cell = PlannedCell(kind="evaluate", method="maml", benchmark="glyphs", protocol=protocol, seed=3)
    keys = [*made.keys(), failed.key, WAITING, RUNNING]
    made.put_plan(SWEEP, keys, {WAITING: cell, RUNNING: cell})
    report(made, RUNNING)
    return made


def report(store: Store, key: str, **changes: object) -> Path:
    """Word of a running cell, as a worker leaves it: this process."""
    folder = store.location.writable() / "driver" / "cells"
    folder.mkdir(parents=True, exist_ok=True)
    word = Report("token", os.getpid(), psutil.Process().create_time(), socket.gethostname(), share=0.25)
    Reporter(folder, key, word)
    path = folder / f"{key}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_every_cell_is_listed_with_what_became_of_it(store: Store) -> None:
    rows = listing(store)
    assert [row.state for row in rows] == ["finished"] * 8 + ["waiting", "running", "failed"]
    waiting, runs, failed = rows[8:]
    assert (waiting.key, waiting.method, waiting.protocol, waiting.seed) == (WAITING, "maml", "5w1s", 3)
    assert (runs.key, runs.share, runs.host) == (RUNNING, 0.25, socket.gethostname())
    assert failed.reason == store.failures()[0].reason
    finished = rows[0]
    record = store.get(finished.key)
    assert record is not None and finished.kind == "train"
    assert finished.accuracy == record.results["curve"][-1][1]
    assert finished.wall_seconds == record.measured.wall_seconds


def test_a_dead_workers_word_counts_for_nothing(store: Store) -> None:
    report(store, RUNNING, born=1.0)
    assert {row.key: row.state for row in listing(store)}[RUNNING] == "waiting"
    path = report(store, RUNNING, host="another")
    assert RUNNING in running(store.location.writable())
    os.utime(path, (1, 1))
    assert RUNNING not in running(store.location.writable())
    path.write_text("{")
    assert running(store.location.writable()) == {}


def test_what_was_imported_says_from_where(store: Store) -> None:
    key = next(iter(store.keys()))
    store.put_origin(Origin(bundle=sha("bundle"), file="theirs.zip", imported="now", keys=(key,)))
    assert {row.key for row in listing(store) if row.bundle == "theirs.zip"} == {key}


def test_a_damaged_record_is_a_row_and_stays_where_it_is(store: Store) -> None:
    key = next(iter(store.keys()))
    path = store.folder(key) / "record.json"
    path.write_text(path.read_text()[:-20])
    row = next(row for row in listing(store) if row.key == key)
    assert row.state == "corrupt" and "record.json" in (row.reason or "")
    assert path.exists()


def test_a_sweep_that_is_not_there_is_told_with_those_that_are(store: Store, tmp_path: Path) -> None:
    assert len(listing(store, SWEEP)) == 11
    with pytest.raises(StoreError, match="has no sweep 'other'; it has fabricated"):
        listing(store, "other")
    with pytest.raises(StoreError, match="there is no store"):
        listing(Store(tmp_path / "nowhere"))


def test_words_choose_rows_that_answer_to_all_of_them(store: Store) -> None:
    rows = listing(store)
    assert {row.method for row in chosen(rows, ["strong"])} == {"strong"}
    assert len(chosen(rows, ["strong", "evaluate", "seed=1"])) == 1
    assert len(chosen(rows, ["FINISHED", "5w1s"])) == 8
    assert [row.key for row in chosen(rows, [WAITING[:6]])] == [WAITING]
    assert {row.method for row in chosen(rows, ["stron"])} == {"strong"}
    with pytest.raises(NoSuchRun, match="no run answers to 'strnog'; nearest: strong"):
        chosen(rows, ["strnog"])


def test_keys_are_told_apart_by_as_few_digits_as_it_takes() -> None:
    alike = ["a" * 64, "a" * 11 + "b" * 53, "c" * 64]
    assert (shortest([]), shortest(alike[1:]), shortest(alike)) == (8, 8, 12)
    assert resolve("C", alike) == "c" * 64
    with pytest.raises(NoSuchRun, match="2 keys begin with 'aa': aaaaaaaaaaaa, aaaaaaaaaaab; give more"):
        resolve("aa", alike)
    for absent in ("d", ""):
        with pytest.raises(NoSuchRun, match="no cell's key begins with"):
            resolve(absent, alike)
