from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from suite.engine.progress import Report, Reporter, end_process, everyone, forget, read

KEY = "ab" * 32
REPORT = Report("driver-1", 17, 5.0, "host")


def test_word_is_read_as_it_was_given(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path, KEY, REPORT)
    assert read(tmp_path, KEY) == REPORT
    reporter.condemn("memory", "too much")
    assert read(tmp_path, KEY) == replace(REPORT, verdict=("memory", "too much"))
    reporter.close()
    assert read(tmp_path, KEY) is None and not list(tmp_path.iterdir())


def test_frequent_updates_are_cheap_and_the_last_state_goes_with_the_verdict(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path, KEY, REPORT)
    written = (tmp_path / f"{KEY}.json").stat().st_mtime_ns
    for images in range(100):
        reporter.update(images / 100, images)
    assert (tmp_path / f"{KEY}.json").stat().st_mtime_ns == written
    reporter.condemn("time", "too long")
    found = read(tmp_path, KEY)
    assert found and (found.share, found.images) == (0.99, 99)


def test_a_first_word_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Reporter(tmp_path / "nowhere", KEY, REPORT)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_half_a_word_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{KEY}.json").write_text(text)
    assert read(tmp_path, KEY) is None
    assert everyone(tmp_path) == []


def test_what_an_ended_cell_left_is_removed_and_that_of_others_is_not(tmp_path: Path) -> None:
    other = "cd" * 32
    for key in (KEY, other):
        Reporter(tmp_path, key, REPORT)
        (tmp_path / f"{key}.17.tmp").touch()
        (tmp_path / f"{key}.scratch").mkdir()
        (tmp_path / f"{key}.scratch" / "weights").touch()
    forget(tmp_path, KEY)
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {other}
    assert len(everyone(tmp_path)) == 1


def test_only_the_very_process_that_is_named_is_ended() -> None:
    process = subprocess.Popen(["sleep", "600"])
    try:
        born = psutil.Process(process.pid).create_time()
        here = Report("t", process.pid, born, socket.gethostname())
        end_process(replace(here, host="elsewhere"))
        end_process(replace(here, born=born - 100))
        end_process(replace(here, pid=os.getpid()))
        assert process.poll() is None
        end_process(here)
        assert process.wait(10) == -9
        end_process(here)  # and gone is gone
    finally:
        process.kill()
        process.wait()
