from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from suite.engine.cells import Cell
from suite.engine.flight import Flight
from suite.engine.outcomes import Outcome
from suite.engine.progress import Phase, Report, Reporter

CELL = Cell("train", {"seed": 0})
REPORT = Report("driver-2", 1, 1.0, "elsewhere")
LIMIT, START = 60.0, 300.0


def flight() -> Flight:
    return Flight(CELL, "driver-2", 2, None, since=0.0)


def heard(phase: Phase, now: float = 0.0) -> Flight:
    waiting = flight()
    waiting.report, waiting.since = replace(REPORT, phase=phase), now
    return waiting


@pytest.mark.parametrize(
    ("waiting", "now", "expected"),
    [
        (flight(), 299, None),
        (flight(), 301, "give up"),
        (heard("starting"), 299, None),
        (heard("starting"), 301, "give up"),
        (heard("working"), 59, None),
        (heard("working"), 61, "end"),
        (heard("closing"), 299, None),
        (heard("closing"), 301, "give up"),
    ],
)
def test_each_phase_has_its_own_patience(waiting: Flight, now: float, expected: str | None) -> None:
    assert waiting.lateness(now, LIMIT, START) == expected


def test_a_cell_that_does_not_end_when_told_is_given_up() -> None:
    waiting = heard("working")
    waiting.ended = 61.0
    assert waiting.lateness(70.0, LIMIT, START) is None
    assert waiting.lateness(77.0, LIMIT, START) == "give up"
    [given_up] = waiting.given_up(77.0, LIMIT)
    assert given_up.fault == "time"


def test_what_never_began_counts_as_lost() -> None:
    assert flight().given_up(301.0, LIMIT) == (Outcome("lost", "no worker began it for 301 s"),)
    assert heard("closing").given_up(301.0, LIMIT) == (Outcome("lost", "it was closing for 301 s"),)


def test_only_word_of_its_own_attempt_counts(tmp_path: Path) -> None:
    waiting = flight()
    assert waiting.listen(tmp_path, 1.0) is None
    Reporter(tmp_path, CELL.key, replace(REPORT, attempt="driver-1"))
    assert waiting.listen(tmp_path, 2.0) is None
    Reporter(tmp_path, CELL.key, REPORT)
    assert waiting.listen(tmp_path, 3.0) is not None
    assert waiting.since == 3.0


def test_the_clock_of_a_limit_begins_with_the_work(tmp_path: Path) -> None:
    waiting = flight()
    reporter = Reporter(tmp_path, CELL.key, REPORT)
    waiting.listen(tmp_path, 50.0)
    reporter.enter("working")
    waiting.listen(tmp_path, 100.0)
    assert waiting.lateness(159.0, LIMIT, START) is None
    assert waiting.lateness(161.0, LIMIT, START) == "end"


def test_pace_is_what_was_seen_over_the_time_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.engine.progress._EVERY_SECONDS", 0.0)
    waiting = flight()
    reporter = Reporter(tmp_path, CELL.key, REPORT)
    waiting.listen(tmp_path, 10.0)
    reporter.update(0.5, 100)
    told = waiting.listen(tmp_path, 12.0)
    assert told is not None
    assert (told.share, told.images, told.images_per_second) == (0.5, 100, 50.0)
    told = waiting.listen(tmp_path, 14.0)
    assert told is not None and told.images_per_second == 50.0
