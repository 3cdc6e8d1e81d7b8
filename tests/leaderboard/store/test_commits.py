"""Commits are seen whole or not at all: killed writers, racing writers, disks that refuse."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leaderboard import Store, StoreError
from leaderboard.store import commit
from tests.support import fabricate as support
from tests.support.fabricate import COLUMNS, METHODS, cells, failure, train_record

ROOT = Path(__file__).parents[3]

# Children import the helper by its path: a package called `tests` may be installed in site-packages.
CHILD = f"""
import importlib.util, sys
sys.path.insert(0, {str(ROOT)!r})
specification = importlib.util.spec_from_file_location("fabricate", {support.__file__!r})
support = importlib.util.module_from_spec(specification)
sys.modules["fabricate"] = support
specification.loader.exec_module(support)
store = support.Store(sys.argv[1])
print("ready", flush=True)
"""

WRITE_ALL = (
    CHILD
    + """
sys.stdin.readline()
first = [r.key for r, t in support.cells(episodes=20) if store.put(r, t)]
print(*first)
"""
)


def child(code: str, store: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_writer_leaves_no_half_record(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    expected = {record.key for record, _ in cells(episodes=20)}
    chance = random.Random(0)
    for _ in range(6):
        with child(WRITE_ALL, tmp_path / "store") as writer:
            assert writer.stdout is not None and writer.stdin is not None
            writer.stdout.readline()
            writer.stdin.write("\n")
            writer.stdin.flush()
            deadline = time.monotonic() + chance.uniform(0.0, 0.15)
            while time.monotonic() < deadline:
                visible = store.keys()
                assert all(store.get(key) for key in visible)
            writer.send_signal(signal.SIGKILL)
        assert store.check() == []
    assert set(store.keys()) <= expected
    for record, tables in cells(episodes=20):
        store.put(record, tables)
    assert set(store.keys()) == expected and store.check() == []
    left = list((tmp_path / "store" / "tmp").iterdir())
    assert store.sweep_clean(older_than=3_600) == []
    assert sorted(store.sweep_clean(older_than=0)) == sorted(left)
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_of_two_racing_writers_one_is_first(tmp_path: Path) -> None:
    with child(WRITE_ALL, tmp_path / "store") as one, child(WRITE_ALL, tmp_path / "store") as two:
        for writer in (one, two):
            assert writer.stdout is not None
            writer.stdout.readline()
        firsts = []
        for writer in (one, two):
            assert writer.stdin is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
        for writer in (one, two):
            assert writer.stdout is not None
            firsts.append(set(writer.stdout.read().split()))
    assert one.returncode == two.returncode == 0
    assert not firsts[0] & firsts[1]
    assert firsts[0] | firsts[1] == {record.key for record, _ in cells(episodes=20)}
    store = Store(tmp_path / "store")
    assert store.check() == [] and list((tmp_path / "store" / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "no space is left on its disk"),
        (errno.EROFS, "read-only file system"),
        (errno.EACCES, "permission was denied"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("function", ["fsync", "open", "mkdir", "rename"])
def test_a_disk_that_refuses_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, sentence: str
) -> None:
    store = support.fabricate(tmp_path / "store", seeds=(0,), episodes=5)
    record = train_record(METHODS[0], COLUMNS[0], 7)
    (tmp_path / "weights").write_bytes(b"weights")
    before = sorted(path for path in (tmp_path / "store").rglob("*") if path.is_file())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if function == "fsync":
            patch.setattr(os, "fsync", refuse)
        else:
            patch.setattr(Path, function, refuse)
        with pytest.raises(StoreError, match=sentence) as caught:
            store.put(record, files={"weights": tmp_path / "weights"})
        assert f"cell {record.key[:12]} was not recorded in the store" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert sorted(path for path in (tmp_path / "store").rglob("*") if path.is_file()) == before
    assert list((tmp_path / "store" / "tmp").iterdir()) == []
    assert store.put(record, files={"weights": tmp_path / "weights"})


def test_a_failure_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    old = failure(METHODS[0], COLUMNS[0])
    store.put_failure(old)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(StoreError, match=r"failure of cell .* was not recorded"):
            store.put_failure(old.model_copy(update={"attempt": 2}))
    assert store.failures() == [old] and list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_live_writers_folder_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with commit.temporary_folder(tmp_path / "store" / "tmp", "mine") as mine:
        os.utime(mine, (0, 0))
        assert store.sweep_clean(older_than=0) == [mine]  # born after 1970: it only inherited the number
    with commit.temporary_folder(tmp_path / "store" / "tmp", "mine") as mine:
        assert store.sweep_clean(older_than=0) == []
    assert not mine.exists()


def test_a_foreign_hosts_folder_is_left_for_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    foreign = tmp_path / "store" / "tmp" / "abc@otherhost1234@1@00000000"
    foreign.mkdir(parents=True)
    hour_ago, week_ago = time.time() - 3_700, time.time() - 7 * 86_400
    os.utime(foreign, (hour_ago, hour_ago))
    assert store.sweep_clean() == []
    os.utime(foreign, (week_ago, week_ago))
    assert store.sweep_clean() == [foreign]
