"""Drivers, workers and Ray itself are killed at random moments; in the end nothing may tell of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from leaderboard.board import build, to_csv, to_json, write_html
from leaderboard.records import Record
from leaderboard.store import Store

DRIVER = Path(__file__).parent / "drive_sweep.py"
ROOT = Path(__file__).parents[2]
PATIENCE = 600.0

sys.path.insert(0, str(ROOT / "tests" / "suite" / "engine" / "doubles"))
from engine_sweeps import computed, executions  # noqa: E402


@dataclass
class Chaos:
    """A store, the sweep that fills it, and the memory of what was killed."""

    folder: Path
    trainings: int
    seconds: float
    chance: random.Random
    seen: list[psutil.Process] = field(default_factory=list)
    ray_folders: set[str] = field(default_factory=set)
    drivers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    finished: list[tuple[int, set[str]]] = field(default_factory=list)
    """After each kill of a driver: lines of the execution log, and cells that were in the store."""

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "ENGINE_DOUBLES_LOG": str(self.log), "PYTHONPATH": str(ROOT)}
        output = (self.folder / "output.txt").open("ab")
        arguments = [str(self.store), str(self.trainings), str(self.seconds)]
        with output:
            driver = subprocess.Popen(
                [sys.executable, str(DRIVER), *arguments], stdout=output, stderr=output, env=environment
            )
        self.drivers.append(driver)
        return driver

    def end(self) -> None:
        """Leave nothing running, also where a test failed half-way."""
        for driver in self.drivers:
            driver.kill()
            driver.wait()
        for process in self.alive():
            process.kill()
        for folder in self.ray_folders:
            shutil.rmtree(folder, ignore_errors=True)

    def finish(self) -> None:
        """Run to the end."""
        driver = self.start()
        self.watch(driver, lambda: driver.poll() is not None)
        assert driver.returncode == 0, self.output()

    def kill_driver(self, signal_number: int = signal.SIGKILL) -> float:
        """Let a driver get somewhere, then kill it; returns the seconds until it was gone."""
        driver = self.start()
        target = len(executions(self.log)) + self.chance.randint(1, 3)
        self.watch(driver, lambda: len(executions(self.log)) >= target)
        self.linger(driver)
        began = time.monotonic()
        driver.send_signal(signal_number)
        driver.wait(PATIENCE)
        took = time.monotonic() - began
        # Ray's agents take a minute to notice; cells must not, or they would run beside the next driver's.
        self.wait(lambda: not [p for p in self.alive() if "Agent" not in p.name()], "orphans still live")
        self.finished.append((len(executions(self.log)), set(Store(self.store).keys())))
        return took

    def kill_workers(self, driver: subprocess.Popen[bytes], count: int) -> None:
        """Kill workers in the middle of their cells."""
        for _ in range(count):
            pids: list[int] = []

            def working(found: list[int] = pids) -> bool:
                found[:] = self.working()
                return bool(found)

            self.watch(driver, working)
            self.linger(driver)
            for pid in pids[:1]:
                if psutil.pid_exists(pid):
                    os.kill(pid, signal.SIGKILL)

    def kill_ray(self, driver: subprocess.Popen[bytes], name: str) -> None:
        """Kill one of Ray's own processes."""
        self.watch(driver, lambda: bool(self.working()))
        for process in psutil.Process(driver.pid).children():
            if process.name() == name:
                process.kill()

    def working(self) -> list[int]:
        found = []
        for path in (self.store / "driver" / "cells").glob("*.json"):
            try:
                found.append(int(json.loads(path.read_text())["pid"]))
            except (OSError, ValueError):
                continue  # just gone
        return found

    def linger(self, driver: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + self.chance.uniform(0, 2 * self.seconds)
        self.watch(driver, lambda: time.monotonic() > until)

    def watch(self, driver: subprocess.Popen[bytes], happened: Callable[[], bool]) -> None:
        """Wait for something, noting all processes and folders that appear meanwhile."""

        def look() -> bool:
            if driver.poll() is None:
                self.note(driver)
            return happened() or driver.poll() is not None

        self.wait(look, "nothing happened")

    def note(self, driver: subprocess.Popen[bytes]) -> None:
        try:
            self.seen += [
                p for p in psutil.Process(driver.pid).children(recursive=True) if p not in self.seen
            ]
            holder = json.loads((self.store / "driver" / "lock").read_text().splitlines()[0])
            self.ray_folders.update(holder["folders"])
        except (psutil.NoSuchProcess, OSError, ValueError, IndexError):
            return  # not there yet, or no longer

    def alive(self) -> list[psutil.Process]:
        return [p for p in self.seen if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def wait(self, happened: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, f"{otherwise} after {PATIENCE} s\n{self.output()}"
            time.sleep(0.05)

    def output(self) -> str:
        path = self.folder / "output.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    # What must be true in the end ------------------------------------------------------------------------

    def assert_nothing_left(self) -> None:
        self.wait(lambda: not self.alive(), "processes still live")
        assert self.ray_folders and not [folder for folder in self.ray_folders if Path(folder).exists()]
        assert not (self.store / "driver").exists()
        assert not list((self.store / "tmp").iterdir())
        assert not (self.store / "aside").exists()

    def assert_finished_cells_ran_once(self) -> None:
        records = {record.key: record for record in Store(self.store).scan()}
        lines = executions(self.log)
        for count, finished in self.finished:
            again = {_named(line) for line in lines[count:]}
            for key in finished:
                assert _name(records[key]) not in again
        assert {_named(line) for line in lines} == {_name(record) for record in records.values()}


def _name(record: Record) -> tuple[object, ...]:
    assert record.method is not None
    arguments = record.method.arguments
    return record.kind, arguments["scale"], arguments.get("power"), record.seed


def _named(line: dict[str, object]) -> tuple[object, ...]:
    return line["what"], line["scale"], line.get("power"), line["seed"]


def board_bytes(store: Path, folder: Path) -> dict[str, bytes]:
    """Every file of the board, less what was measured."""
    board = build(Store(store), sweep="doubles")
    write_html(board, folder, measured=False)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {**files, "json": to_json(board, measured=False).encode(), "csv": to_csv(board).encode()}


def assert_equal_to_undisturbed(chaos: Chaos, quiet: Chaos, tmp_path: Path) -> None:
    assert computed(chaos.store) == computed(quiet.store)
    disturbed = board_bytes(chaos.store, tmp_path / "board-chaos")
    assert disturbed == board_bytes(quiet.store, tmp_path / "board-quiet")
    assert len(disturbed) > 2


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., Chaos]]:
    """Make a store to be disturbed, or not; nothing of it is left running."""
    made: list[Chaos] = []

    def make(name: str, trainings: int, seconds: float, seed: int = 0) -> Chaos:
        (tmp_path / name).mkdir()
        made.append(Chaos(tmp_path / name, trainings, seconds, random.Random(seed)))
        return made[-1]

    yield make
    for chaos in made:
        chaos.end()


def test_ctrl_c_a_killed_driver_and_a_killed_worker_leave_no_trace(
    tmp_path: Path, world: Callable[..., Chaos]
) -> None:
    chaos, quiet = (world(name, trainings=6, seconds=0.5, seed=1) for name in ("chaos", "quiet"))
    assert chaos.kill_driver(signal.SIGINT) < 60
    kept = len(list(Store(chaos.store).scan()))
    assert f"stopped: {kept} of 18 cells are kept in {chaos.store}" in chaos.output()
    chaos.assert_nothing_left()
    chaos.kill_driver(signal.SIGKILL)
    driver = chaos.start()
    chaos.kill_workers(driver, count=1)
    chaos.watch(driver, lambda: driver.poll() is not None)
    assert driver.returncode == 0, chaos.output()
    quiet.finish()
    assert_equal_to_undisturbed(chaos, quiet, tmp_path)
    chaos.assert_finished_cells_ran_once()
    chaos.assert_nothing_left()
    quiet.assert_nothing_left()


@pytest.mark.slow
def test_what_a_killed_driver_leaves_ends_by_itself(world: Callable[..., Chaos]) -> None:
    chaos = world("killed", trainings=2, seconds=30.0)
    chaos.kill_driver()
    chaos.wait(lambda: not chaos.alive(), "orphans still live")


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once(world: Callable[..., Chaos]) -> None:
    chaos = world("impatient", trainings=2, seconds=30.0)
    driver = chaos.start()
    chaos.watch(driver, lambda: bool(chaos.working()))
    driver.send_signal(signal.SIGINT)
    time.sleep(0.05)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(PATIENCE) in (130, -signal.SIGINT)
    chaos.wait(lambda: not chaos.alive(), "orphans still live")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_many_kills_leave_no_trace(tmp_path: Path, world: Callable[..., Chaos], seed: int) -> None:
    chaos, quiet = (world(name, trainings=12, seconds=1.0, seed=seed) for name in ("chaos", "quiet"))
    for _ in range(4):
        chaos.kill_driver(chaos.chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
    driver = chaos.start()
    chaos.kill_workers(driver, count=4)
    chaos.kill_ray(driver, chaos.chance.choice(["raylet", "gcs_server"]))
    chaos.kill_workers(driver, count=1)
    chaos.watch(driver, lambda: driver.poll() is not None)
    assert driver.returncode == 0, chaos.output()
    quiet.finish()
    assert_equal_to_undisturbed(chaos, quiet, tmp_path)
    chaos.assert_finished_cells_ran_once()
    chaos.assert_nothing_left()
