"""A store is the same store wherever it lies: in a folder, behind a URL, compacted or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from leaderboard import Store, StoreError
from leaderboard.board import build, to_json, write_html
from leaderboard.store import merge
from tests.support import fabricate as support
from tests.support.fabricate import COLUMNS, METHODS, cells, fabricate, failure, sha, train_record

ROOT = Path(__file__).parents[3]
CELLS = list(cells(episodes=20))
TRAIN = train_record(METHODS[0], COLUMNS[0], 9)


def with_checkpoint(store: Store, tmp_path: Path) -> None:
    checkpoint = tmp_path / "made" / "checkpoint"
    (checkpoint / "deep").mkdir(parents=True)
    (checkpoint / "weights.safetensors").write_bytes(b"\x00\x01weights")
    (checkpoint / "deep" / "method.json").write_text("{}")
    assert store.put(TRAIN, files={"checkpoint": checkpoint})


def test_what_was_put_is_found_by_another_process_s_store(url: str, tmp_path: Path) -> None:
    store = fabricate(url, episodes=20)
    with_checkpoint(store, tmp_path)
    other = Store(url)
    assert other.exists and other.check() == []
    assert set(other.keys()) == {*(record.key for record, _ in CELLS), TRAIN.key}
    assert [record.key for record in other.scan()] == other.keys()
    assert other.outcomes().equals(fabricate(tmp_path / "plain", episodes=20).outcomes())
    folder = other.folder(TRAIN.key)
    assert (folder / "checkpoint" / "weights.safetensors").read_bytes() == b"\x00\x01weights"
    assert json.loads((folder / "record.json").read_text())["content"]["key"] == TRAIN.key
    with pytest.raises(StoreError, match="has no cell"):
        other.folder(sha("nothing"))


def test_the_first_writer_wins_everywhere(url: str) -> None:
    record, tables = next((r, t) for r, t in CELLS if t)
    later = record.model_copy(update={"measured": record.measured.model_copy(update={"wall_seconds": 99.0})})
    one, two = Store(url), Store(url)
    assert one.put(record, tables)
    assert not two.put(later, tables)
    found = Store(url).get(record.key)
    assert found is not None and found.measured == record.measured


def test_failures_plans_and_cards_go_where_the_store_is(url: str) -> None:
    store = Store(url)
    broken = failure(METHODS[0], COLUMNS[0])
    store.put_failure(broken)
    store.put_plan("sweep/1", [broken.key])
    assert Store(url).failures() == [broken] and Store(url).plans() == ["sweep/1"]
    Store(url).clear_failure(broken.key)
    Store(url).clear_failure(broken.key)
    assert store.failures() == []


def test_a_damaged_file_is_found_set_aside_and_can_be_computed_again(url: str) -> None:
    store = Store(url)
    record, tables = next((r, t) for r, t in CELLS if t)
    store.put(record, tables)
    damage(store, "outcomes.parquet", record.files or store.get(record.key).files)  # type: ignore[union-attr]
    fresh = Store(url)
    [problem] = fresh.check(set_aside=False)
    assert problem.key == record.key and fresh.keys() == [record.key]
    [problem] = fresh.check()
    assert problem.set_aside is not None and fresh.keys() == []
    assert fresh.put(record, tables) and Store(url).check() == []


def damage(store: Store, name: str, files: dict[str, str]) -> None:
    """Overwrite the file wherever it lies, this host's copies included."""
    found = [
        path
        for path in store.location.filesystem.find(store.location.root)
        if path.endswith((name, files[name]))
    ]
    assert len(found) == 1
    store.location.filesystem.pipe_file(found[0], b"PAR1")
    copies = store.location.cache.root / "files"
    for copy in copies.rglob("*") if copies.exists() else ():
        if copy.is_file():
            copy.write_bytes(b"damaged")


def test_a_file_comes_to_a_host_once_and_a_damaged_copy_is_fetched_again(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_checkpoint(Store(s3_url), tmp_path)
    reader = Store(s3_url)
    fetched: list[str] = []
    get_file = reader.location.filesystem.get_file
    monkeypatch.setattr(
        reader.location.filesystem,
        "get_file",
        lambda remote, local: (fetched.append(remote), get_file(remote, local))[1],
    )
    folder = reader.folder(TRAIN.key)
    assert len(fetched) == 2
    assert Store(s3_url).folder(TRAIN.key) == folder and reader.get(TRAIN.key) is not None
    assert len(fetched) == 2
    (folder / "checkpoint" / "weights.safetensors").write_bytes(b"damaged")
    again = reader.folder(TRAIN.key)
    assert (again / "checkpoint" / "weights.safetensors").read_bytes() == b"\x00\x01weights"
    assert len(fetched) == 3


def test_a_service_without_conditions_keeps_one_whole_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"memory:/{tmp_path}/store")
    pipe_file = store.location.filesystem.pipe_file

    def unconditional(path: str, value: bytes, mode: str = "overwrite") -> None:
        if mode == "create":
            raise NotImplementedError
        pipe_file(path, value)

    monkeypatch.setattr(store.location.filesystem, "pipe_file", unconditional)
    record, tables = next((r, t) for r, t in CELLS if t)
    assert store.put(record, tables) and not Store(store.url).put(record, tables)
    assert Store(store.url).check() == []


def test_uploads_that_were_never_committed_go_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"memory:/{tmp_path}/store")
    record, tables = next((r, t) for r, t in CELLS if t)
    store.put(record, tables)
    orphan = f"{store.location.root}/files/{sha('x')[:2]}/{sha('x')}/{sha('y')}"
    store.location.filesystem.pipe_file(orphan, b"half a checkpoint")
    assert store.sweep_clean(older_than=0.0) == []
    monkeypatch.setattr("leaderboard.store.bucket.ORPHAN_AGE_SECONDS", -60.0)
    assert [path.name for path in store.sweep_clean(older_than=-60.0)] == [sha("y")]
    assert Store(store.url).check() == [] and store.keys() == [record.key]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError("Please install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    with pytest.raises(StoreError, match=r"pip install gcsfs"):
        Store("gs://bucket/store")


def test_missing_credentials_and_a_missing_bucket_are_said_in_one_sentence(
    s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=r"bucket does not exist|NoSuchBucket") as caught:
        Store("s3://no-such-bucket-here/store").put(TRAIN)
    assert "\n" not in str(caught.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StoreError, match="no credentials for it were found"):
        Store(s3_url)


def test_stores_of_two_kinds_can_be_merged(s3_url: str, tmp_path: Path) -> None:
    local = fabricate(tmp_path / "store", episodes=20, seeds=(0,))
    there = Store(s3_url)
    assert merge(local, there).taken == len(local.keys())
    assert merge(there, Store(tmp_path / "back")).taken == len(local.keys())
    assert Store(tmp_path / "back").outcomes().equals(local.outcomes())


def board_bytes(store: Store, folder: Path) -> dict[str, bytes]:
    board = build(store)
    write_html(board, folder)
    (folder / "board.json").write_text(to_json(board))
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_board_is_the_same_to_the_byte_wherever_the_store_lies(url: str, tmp_path: Path) -> None:
    expected = board_bytes(fabricate(tmp_path / "plain", episodes=20), tmp_path / "expected")
    store = fabricate(url, episodes=20)
    assert board_bytes(Store(url), tmp_path / "before") == expected
    store.compact()
    assert board_bytes(Store(url), tmp_path / "after") == expected


RACE = f"""
import importlib.util, sys
sys.path.insert(0, {str(ROOT)!r})
specification = importlib.util.spec_from_file_location("fabricate", {support.__file__!r})
support = importlib.util.module_from_spec(specification)
sys.modules["fabricate"] = support
specification.loader.exec_module(support)
store = support.Store(sys.argv[1])
made = list(support.cells(episodes=20, clock=float(sys.argv[2])))
store.location.exists("store.json")
print("ready", flush=True)
sys.stdin.readline()
print(*(r.key for r, t in made if store.put(r, t)))
"""


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_of_racing_processes_one_is_first_for_each_cell(
    place: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path / "store") if place == "folder" else request.getfixturevalue("s3_url")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, url, str(clock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        for clock in (1, 2, 3)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    firsts = [set(writer.communicate()[0].split()) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sum(map(len, firsts)) == len(set.union(*firsts)) == len(CELLS)
    store = Store(url)
    assert store.check() == []
    made = {clock: dict(_by_key(clock)) for clock in (1, 2, 3)}
    for clock, keys in zip((1, 2, 3), firsts, strict=True):
        for key in keys:
            found = store.get(key)
            assert found is not None and found.measured == made[clock][key]


def _by_key(clock: float) -> list[tuple[str, object]]:
    return [(record.key, record.measured) for record, _ in cells(episodes=20, clock=clock)]
