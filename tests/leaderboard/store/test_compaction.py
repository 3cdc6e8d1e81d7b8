"""Compaction changes where cells lie and nothing else, whenever it is killed and whoever reads or writes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from leaderboard import Store
from leaderboard.store import segments
from leaderboard.store.layout import cell
from tests.support.fabricate import COLUMNS, METHODS, cells, fabricate, train_record

ROOT = Path(__file__).parents[3]
CELLS = {record.key: (record, tables) for record, tables in cells(episodes=5)}
TRAIN = train_record(METHODS[0], COLUMNS[0], 9)


def with_checkpoint(store: Store, folder: Path) -> None:
    (folder / "weights").write_bytes(b"\x00weights")
    assert store.put(TRAIN, files={"checkpoint/weights": folder / "weights"})


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_compacted_is_the_same_store_in_few_files(url: str, tmp_path: Path) -> None:
    plain = fabricate(tmp_path / "plain", episodes=5)
    store = fabricate(url, episodes=5)
    with_checkpoint(plain, tmp_path)
    with_checkpoint(store, tmp_path)
    opened_before = Store(url)
    opened_before.keys()
    done = store.compact()
    assert (done.folded, done.copied, done.segments, done.corrupt) == (len(CELLS), 1, 1, 0)
    for reader in (store, opened_before, Store(url)):
        assert reader.keys() == plain.keys() and reader.check() == []
        assert [r.model_dump() for r in reader.scan()] == [r.model_dump() for r in plain.scan()]
        assert reader.outcomes().equals(plain.outcomes())
        for key in sorted({TRAIN.key, *CELLS}):
            assert reader.get(key) == plain.get(key)
            assert files(reader.folder(key)) == files(plain.folder(key))
    alone = store.location.filesystem.find(f"{store.location.root}/records")
    assert {Path(path).parts[-2 if path.endswith(".json") else -3] for path in alone} == {TRAIN.key}
    assert store.compact().folded == 0 and len(store.location.names("segments")) == 1


def test_a_folded_cell_is_not_recorded_again(url: str) -> None:
    store = fabricate(url, episodes=5)
    early = Store(url)
    early.keys()
    store.compact()
    for record, tables in CELLS.values():
        assert not early.put(record, tables) and not Store(url).put(record, tables)
    assert early.keys() == sorted(CELLS)


def test_a_second_compaction_brings_segments_together(tmp_path: Path) -> None:
    store = fabricate(tmp_path, episodes=5, seeds=(0,))
    store.compact()
    more = fabricate(tmp_path, episodes=5, seeds=(0, 1))
    assert more.compact().segments == 1
    assert store.keys() == sorted(CELLS) and Store(tmp_path).check() == []


def test_a_segment_can_be_read_without_this_project(tmp_path: Path) -> None:
    import duckdb

    fabricate(tmp_path, episodes=5).compact()
    rows = duckdb.sql(
        f"SELECT key, kind, record FROM '{tmp_path}/segments/*.parquet' ORDER BY key"
    ).fetchall()
    assert [row[0] for row in rows] == sorted(CELLS)
    assert all(json.loads(row[2])["content"]["kind"] == row[1] for row in rows)


def test_a_damaged_segment_loses_no_more_than_what_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "_GROUP", 4)
    store = fabricate(tmp_path, episodes=5)
    store.compact()
    [path] = (tmp_path / "segments").iterdir()
    group = pq.ParquetFile(path).metadata.row_group(1).column(3)  # `record` of the second four cells
    data = bytearray(path.read_bytes())
    start = group.dictionary_page_offset or group.data_page_offset
    data[start : start + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    path.write_bytes(bytes(data))
    lost = sorted(CELLS)[4:8]
    reader = Store(tmp_path)
    assert {problem.key for problem in reader.check(set_aside=False)} == set(lost)
    assert len(reader.check()) == len(lost)
    assert reader.keys() == [key for key in sorted(CELLS) if key not in lost]
    assert Store(tmp_path).check() == [] and list((tmp_path / "aside").iterdir())
    for key in lost:
        assert Store(tmp_path).get(key) is None
        assert reader.put(*CELLS[key])


def test_a_segment_that_is_cut_is_told_and_set_aside(tmp_path: Path) -> None:
    store = fabricate(tmp_path, episodes=5)
    store.compact()
    [path] = (tmp_path / "segments").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    told: list[object] = []
    assert list(Store(tmp_path).scan(on_corrupt=told.append)) == [] and len(told) == 1
    [problem] = Store(tmp_path).check()
    assert problem.path == f"segments/{path.name}" and problem.set_aside is not None
    assert Store(tmp_path).check() == [] and not list((tmp_path / "segments").iterdir())


def test_a_damaged_checkpoint_of_a_copied_record_is_set_aside_whole(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", episodes=5)
    with_checkpoint(store, tmp_path)
    store.compact()
    (store.folder(TRAIN.key) / "checkpoint" / "weights").write_bytes(b"cut")
    assert Store(tmp_path / "store").get(TRAIN.key) is None
    assert Store(tmp_path / "store").keys() == sorted(CELLS)
    with_checkpoint(Store(tmp_path / "store"), tmp_path)
    assert Store(tmp_path / "store").check() == []


def test_a_corrupt_cell_is_not_folded(tmp_path: Path) -> None:
    store = fabricate(tmp_path, episodes=5)
    key = next(key for key, (_, tables) in CELLS.items() if tables)
    (tmp_path / cell(key) / "outcomes.parquet").write_bytes(b"cut")
    told: list[str] = []
    done = store.compact(on_corrupt=lambda error: told.append(error.key))
    assert told == [key] and (done.folded, done.corrupt) == (len(CELLS) - 1, 1)
    assert [problem.key for problem in store.check()] == [key]


COMPACT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from leaderboard import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.compact()
"""


@pytest.mark.parametrize("place", ["folder", pytest.param("s3", marks=pytest.mark.slow)])
def test_a_compaction_that_is_killed_loses_nothing(
    place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path / "store") if place == "folder" else request.getfixturevalue("s3_url")
    plain = fabricate(tmp_path / "plain", episodes=5)
    fabricate(url, episodes=5)
    chance = random.Random(0)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", COMPACT, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ},
        ) as child:
            assert child.stdin is not None and child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            child.stdin.write("\n")
            child.stdin.flush()
            deadline = time.monotonic() + chance.uniform(0.0, 0.4)
            while time.monotonic() < deadline:
                assert Store(url).keys() == plain.keys()
            child.send_signal(signal.SIGKILL)
        assert Store(url).keys() == plain.keys() and Store(url).check() == []
    Store(url).compact()
    reader = Store(url)
    assert reader.outcomes().equals(plain.outcomes()) and len(reader.location.names("segments")) == 1
    assert list(reader.location.filesystem.find(f"{reader.location.root}/records")) == []


class Killed(BaseException):
    """A power cut, where the test wants it."""


def test_a_compaction_can_be_cut_short_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = fabricate(tmp_path / "plain", episodes=5, seeds=(0, 1))
    for step in range(100):
        place = tmp_path / str(step)
        fabricate(place, episodes=5, seeds=(0,)).compact()
        store = fabricate(place, episodes=5, seeds=(0, 1))
        remaining = iter(range(step))
        with monkeypatch.context() as patch:
            for name in ("create", "remove", "remove_cell"):
                patch.setattr(store._medium, name, _until_killed(getattr(store._medium, name), remaining))
            try:
                store.compact()
            except Killed:
                finished = False
            else:
                finished = True
        assert Store(place).keys() == plain.keys() and Store(place).check() == []
        assert Store(place).outcomes().equals(plain.outcomes())
        Store(place).compact()
        assert len(list((place / "segments").iterdir())) == 1 and Store(place).check() == []
        if finished:
            assert step > len(CELLS) / 2
            return
    raise AssertionError("a compaction of few cells has few steps")


def _until_killed(function: object, remaining: Iterator[int]) -> object:
    def call(*arguments: object) -> object:
        if next(remaining, None) is None:
            raise Killed
        return function(*arguments)  # type: ignore[operator]

    return call


class Life(RuleBasedStateMachine):
    """Two stores on one folder, one that knows all and one that just came, against a dictionary."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.old, self.model = Store(self.folder.name), set[str]()

    @rule(key=st.sampled_from(sorted(CELLS)), fresh=st.booleans())
    def put(self, key: str, fresh: bool) -> None:
        store = Store(self.folder.name) if fresh else self.old
        assert store.put(*CELLS[key]) == (key not in self.model)
        self.model.add(key)

    @rule(fresh=st.booleans())
    def compact(self, fresh: bool) -> None:
        (Store(self.folder.name) if fresh else self.old).compact()

    @rule(fresh=st.booleans())
    def damage_one_alone(self, fresh: bool) -> None:
        found = sorted(Path(self.folder.name).glob("records/*/*/record.json"))
        if found:
            found[0].write_text("{")
            store = Store(self.folder.name) if fresh else self.old
            assert store.get(found[0].parent.name) is None
            self.model.discard(found[0].parent.name)

    @invariant()
    def every_reader_sees_the_same(self) -> None:
        for store in (self.old, Store(self.folder.name)):
            assert store.keys() == sorted(self.model)
            assert {record.key for record in store.scan()} == self.model

    def teardown(self) -> None:
        self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=8, stateful_step_count=8, deadline=None)
