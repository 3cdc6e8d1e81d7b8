"""Two drivers on one cluster: they share it, and whoever is left has it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_sweeps import computed

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
SECONDS = 1.5  # of a training
DOUBLES = Path(__file__).parent / "doubles"
SHARED = "shares the cluster with 1 other sweep: 2 of 4 cells at once"
ALONE = "has the cluster to itself again: 4 cells at once"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a cluster of two hosts that take two cells each."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(DOUBLES)]))
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    started.add_node(num_cpus=2)
    yield started.address
    started.shutdown()


class Driver:
    """A sweep's driver in a process of its own; what it says is read from its lines."""

    def __init__(self, store: Path, address: str, trainings: int, weight: float = 1.0) -> None:
        self.store = store
        command = [sys.executable, str(DOUBLES / "engine_driver.py"), str(store), address]
        command += [str(trainings), str(SECONDS), str(weight)]
        self._said = store.with_suffix(".log")
        with self._said.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, start_new_session=True)

    def lines(self) -> list[dict[str, Any]]:
        """Its events so far, each with the machine's monotonic clock as ``at``."""
        return [json.loads(line) for line in self._said.read_text().splitlines() if line.endswith("}")]

    def moments(self, kind: str, text: str = "") -> list[float]:
        return [line["at"] for line in self.lines() if line["event"] == kind and text in line["text"]]

    def wait_for(self, kind: str, text: str = "") -> float:
        """When it said so first."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if found := self.moments(kind, text):
                return found[0]
            assert self.process.poll() is None, f"the driver ended without {kind} {text}"
            time.sleep(0.1)
        raise AssertionError(f"no {kind} {text} within two minutes")

    def in_flight(self, since: float, until: float) -> list[int]:
        """Trainings handed out and not back, after each event between two moments."""
        flying, found = 0, []
        for line in self.lines():
            if line["kind"] == "train":
                flying += (line["event"] == "CellStarted") - (line["event"] == "CellFinished")
            if since < line["at"] < until:
                found.append(flying)
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


@pytest.fixture
def drive(tmp_path: Path, address: str) -> Iterator[Any]:
    drivers: list[Driver] = []

    def start(name: str, trainings: int, weight: float = 1.0) -> Driver:
        drivers.append(Driver(tmp_path / name, address, trainings, weight))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.end()


def test_both_progress_at_once_and_the_last_one_takes_all(drive: Any) -> None:
    first = drive("first", 90)
    first.wait_for("CellFinished")
    second = drive("second", 16)
    met = max(driver.wait_for("Notice", SHARED) for driver in (first, second))
    alone = first.wait_for("Notice", ALONE)
    ended = first.wait_for("SweepEnded")
    assert (first.process.wait(timeout=60), second.process.wait(timeout=60)) == (0, 0)
    assert (len(computed(first.store)), len(computed(second.store))) == (180, 32)

    # While both have more to do than they can; of what was handed out before they met nothing was ended.
    settled = met + 2 * SECONDS
    full = [moment for moment in second.moments("CellStarted") if moment > settled][5]
    assert max(first.in_flight(settled, full)) == max(second.in_flight(settled, full)) == 2
    assert [moment for moment in first.moments("CellFinished") if settled < moment < full]
    assert second.moments("CellFinished")[-1] < alone
    assert max(first.in_flight(alone, ended)) == 4


def test_a_killed_sweep_gives_its_share_back(drive: Any) -> None:
    killed, other = drive("killed", 60), drive("other", 60, 2.0)
    killed.wait_for("Notice", "1 other sweep: 1 of 4")
    other.wait_for("Notice", "1 other sweep: 3 of 4")
    os.killpg(killed.process.pid, signal.SIGKILL)
    struck = time.monotonic()
    assert struck < other.wait_for("Notice", ALONE)
    assert other.process.wait(timeout=180) == 0
    again = drive("killed", 60)
    assert again.process.wait(timeout=180) == 0
    assert not again.moments("Notice", "other sweep")
    assert computed(again.store) == computed(other.store)
