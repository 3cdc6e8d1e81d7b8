from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from suite.engine.errors import EngineError, StoreBusy
from suite.engine.lock import FOREIGN_SILENCE_SECONDS, Holder, StoreLock, clear_remains

_HOLD = """
import sys, time
from pathlib import Path
from suite.engine.lock import StoreLock
with StoreLock(Path(sys.argv[1]), "other-sweep") as lock:
    lock.note([(1234567, 1.0)], ["/tmp/league-x"])
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    with process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_a_living_holder_is_named_and_a_killed_one_is_not_in_the_way(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    said = rf"'other-sweep' \(process {holder.pid} on {re.escape(socket.gethostname())}, since 20"
    with pytest.raises(StoreBusy, match=said), StoreLock(tmp_path, "mine"):
        pass
    holder.kill()
    holder.wait()
    with StoreLock(tmp_path, "mine") as lock:
        assert lock.previous is not None
        assert (lock.previous.pid, lock.previous.sweep) == (holder.pid, "other-sweep")
        assert lock.previous.processes == ((1234567, 1.0),)
        assert lock.previous.folders == ("/tmp/league-x",)
    with StoreLock(tmp_path, "again") as lock:
        assert lock.previous is None


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with StoreLock(tmp_path, "mine"):
        assert (tmp_path / "driver" / "lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_two_locks_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with StoreLock(tmp_path, "one"), pytest.raises(StoreBusy, match="'one'"), StoreLock(tmp_path, "two"):
        pass


def test_a_holder_on_another_host_counts_while_it_gives_signs_of_life(tmp_path: Path) -> None:
    (tmp_path / "driver").mkdir()
    path = tmp_path / "driver" / "lock"
    note = {"pid": 1, "host": "elsewhere", "since": "s", "sweep": "far", "processes": [], "folders": []}
    path.write_text(json.dumps(note))
    with pytest.raises(StoreBusy, match=r"'far' \(process 1 on elsewhere.*try again in a minute"):
        StoreLock(tmp_path, "mine").__enter__()
    assert json.loads(path.read_text()) == note
    old = time.time() - FOREIGN_SILENCE_SECONDS - 1
    os.utime(path, (old, old))
    with StoreLock(tmp_path, "mine") as lock:
        assert lock.previous is not None and lock.previous.host == "elsewhere"


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_off_makes_no_holder_dead_or_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    (tmp_path / "driver").mkdir()
    path = tmp_path / "driver" / "lock"
    note = {"pid": 1, "host": "elsewhere", "since": "s", "sweep": "far", "processes": [], "folders": []}
    path.write_text(json.dumps(note))
    true = time.time()
    monkeypatch.setattr("suite.engine.lock.time.time", lambda: true + 3_600 * hours)
    with pytest.raises(StoreBusy, match="'far'"):
        StoreLock(tmp_path, "mine").__enter__()
    os.utime(path, (true, true - FOREIGN_SILENCE_SECONDS - 1))
    with StoreLock(tmp_path, "mine") as lock:
        assert lock.previous is not None


@pytest.mark.parametrize("rest", ["", "{", '{"pid": 3}', "[]", "\n\n"])
def test_a_note_that_was_cut_short_is_no_hindrance(tmp_path: Path, rest: str) -> None:
    (tmp_path / "driver").mkdir()
    (tmp_path / "driver" / "lock").write_text(rest)
    with StoreLock(tmp_path, "mine") as lock:
        assert lock.previous is None


def test_a_shorter_note_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    with StoreLock(tmp_path, "mine") as lock:
        lock.note([(i, 1.0) for i in range(99)], ["/tmp/league-long"])
        lock.note([], [])
        text = (tmp_path / "driver" / "lock").read_text()
        assert json.loads(text)["processes"] == [] and text.count("\n") == 1


def test_a_beat_is_seen_by_other_hosts(tmp_path: Path) -> None:
    with StoreLock(tmp_path, "mine") as lock:
        path = tmp_path / "driver" / "lock"
        os.utime(path, (1.0, 1.0))
        lock._touched -= 60.0
        lock.beat()
        assert time.time() - path.stat().st_mtime < 30


def test_where_no_lock_can_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "driver").write_text("a file in the way")
    with pytest.raises(EngineError, match="cannot be locked for this sweep: "), StoreLock(tmp_path, "mine"):
        pass


def test_racing_drivers_never_hold_it_together(tmp_path: Path) -> None:
    # To the kernel, two open files exclude each other alike in one process and in two.
    tally, store = tmp_path / "tally", tmp_path / "store"
    tally.write_text("0")

    def race() -> int:
        left = 100
        while left:
            try:
                with StoreLock(store, "racer"):
                    tally.write_text(str(int(tally.read_text()) + 1))
                left -= 1
            except StoreBusy:
                time.sleep(0)
        return left

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: race(), range(4))) == [0, 0, 0, 0]
    assert tally.read_text() == "400"
    assert not store.exists() or not list(store.iterdir())


def _note(processes: tuple[tuple[int, float], ...], host: str | None = None) -> Holder:
    return Holder(1, host or socket.gethostname(), "s", "dead", processes)


@pytest.fixture
def sleepers() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "600"]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_remains_are_ended_unless_their_number_was_given_away(
    sleepers: Callable[[], subprocess.Popen[bytes]],
) -> None:
    left, stranger = sleepers(), sleepers()
    born = psutil.Process(left.pid).create_time()
    ended = clear_remains(_note(((left.pid, born), (stranger.pid, 1.0), (2**22 + 1, 5.0))))
    assert ended == [left.pid] and not psutil.pid_exists(left.pid)
    assert stranger.poll() is None


def test_remains_on_another_host_are_not_ours_to_end(sleepers: Callable[[], subprocess.Popen[bytes]]) -> None:
    process = sleepers()
    born = psutil.Process(process.pid).create_time()
    assert clear_remains(_note(((process.pid, born),), "elsewhere")) == []
    assert process.poll() is None
