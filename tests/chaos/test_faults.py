"""Things happen to a cluster of three hosts in the middle of a sweep: in the end nothing tells of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from leaderboard.board import build, to_csv, to_json, write_html
from leaderboard.records import Record
from leaderboard.store import Store
from tests.support.hosts import Host, hosts, why_not

ROOT = Path(__file__).parents[2]
DOUBLES = ROOT / "tests" / "suite" / "engine" / "doubles"
DRIVER = Path(__file__).parent / "drive_sweep.py"
TRAININGS, SECONDS, CELLS = 6, 2.0, 18
PATIENCE = 300.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

sys.path.insert(0, str(DOUBLES))
from engine_sweeps import computed, executions  # noqa: E402

_REASON = why_not()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(_REASON is not None, reason=_REASON or ""),
]


class Site:
    """Three hosts with a Ray cluster, a store that they share, and the sweep that fills it."""

    def __init__(self, made: list[Host], shared: Path) -> None:
        self.hosts, self.head, self.worker = made, made[0], made[1]
        self.store, self.log, self.output = shared / "store", shared / "log.jsonl", shared / "output.txt"
        self.address = f"{self.head.address}:6379"
        self.environment = {
            "ENGINE_DOUBLES_LOG": str(self.log),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(DOUBLES)]),
            "PYTHONHASHSEED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "0" * 64,
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def up(self, **worker_environment: str) -> None:
        """Start the cluster; ``worker_environment`` is for the second host alone."""
        self._ray(self.head, ["--head", "--port=6379", "--include-dashboard=false"])
        for host in self.hosts[1:]:
            extra = worker_environment if host is self.worker else {}
            self._await_port()
            self._ray(host, [f"--address={self.address}"], **extra)
        counting = (
            f"import ray, time; ray.init('{self.address}', log_to_driver=False)\n"
            f"while sum(node['Alive'] for node in ray.nodes()) < {len(self.hosts)}: time.sleep(0.2)"
        )
        counter = self.head.start([sys.executable, "-c", counting], self.environment, self.output)
        assert counter.wait(PATIENCE) == 0, self.told()

    def down(self) -> None:
        """End every process of Ray and of the driver on every host."""
        for host in self.hosts:
            for process in host.processes("ray"):
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def drive(self, **extra: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(DRIVER), str(self.store), str(TRAININGS), str(SECONDS), self.address]
        return self.head.start(command, {**self.environment, **extra}, self.output)

    def finish(self) -> None:
        """The same command again, to the end."""
        assert self.drive().wait(PATIENCE) == 0, self.told()

    def kept(self) -> set[str]:
        return set(Store(self.store).keys()) if self.store.exists() else set()

    def under_way(self, driver: subprocess.Popen[bytes]) -> None:
        """Wait until a few cells are done, and some run on the second host."""

        def happened() -> bool:
            assert driver.poll() is None, self.told()
            return len(self.kept()) >= 3 and bool(self.cells())

        self.wait(happened, "nothing ran on the second host")

    def cells(self) -> list[psutil.Process]:
        """Processes of the second host that are in the middle of a cell."""
        # A task's process has its name; Ray's own agents are called ray::DashboardAgent and the like.
        return [*self.worker.processes("ray::train "), *self.worker.processes("ray::evaluate ")]

    def kill_driver(self) -> None:
        for process in self.head.processes(DRIVER.name):
            process.kill()

    def wait(self, happened: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, f"{otherwise} in {PATIENCE:g} s\n{self.told()}"
            time.sleep(0.1)

    def told(self) -> str:
        return self.output.read_text(errors="replace")[-6_000:] if self.output.exists() else ""

    def _ray(self, host: Host, arguments: list[str], **extra: str) -> None:
        ray = [str(Path(sys.executable).parent / "ray"), "start", "--block", "--disable-usage-stats"]
        limits = ["--num-cpus=1", "--object-store-memory=80000000", f"--node-ip-address={host.address}"]
        host.start([*ray, *arguments, *limits], {**self.environment, **extra}, self.output)

    def _await_port(self) -> None:
        knock = f"import socket; socket.create_connection(('{self.head.address}', 6379), timeout=2)"
        self.wait(lambda: self.head.start([sys.executable, "-c", knock]).wait(30) == 0, "no head")


Quiet = tuple[dict[str, object], dict[str, bytes]]


def _board(store: Path, folder: Path) -> dict[str, bytes]:
    """Every file of the board, less what was measured."""
    board = build(Store(store), sweep="doubles")
    write_html(board, folder, measured=False)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {**files, "json": to_json(board, measured=False).encode(), "csv": to_csv(board).encode()}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """What an undisturbed run computes, on a cluster of its own."""
    folder = tmp_path_factory.mktemp("quiet")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(DRIVER), str(folder / "store"), str(TRAININGS), str(SECONDS)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, env=environment)
    return dict(computed(folder / "store")), _board(folder / "store", folder / "board")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with hosts(3, tmp_path, ROOT) as made:
        yield Site(made, tmp_path)
    assert not [host for host in made if host.processes()]


def _name(record: Record) -> tuple[object, ...]:
    assert record.method is not None
    arguments = record.method.arguments
    return record.kind, arguments["scale"], arguments.get("power"), record.seed


def _assert_no_trace(site: Site, quiet: Quiet, lines: int, kept: set[str]) -> None:
    """As if undisturbed; none of the cells ``kept`` is among the executions after so many ``lines``."""
    site.wait(lambda: not site.cells(), "cells still run")
    assert computed(site.store) == quiet[0]
    assert _board(site.store, site.store.parent / "board") == quiet[1]
    records = {record.key: record for record in Store(site.store).scan()}
    assert len(records) == CELLS
    log = [(line["what"], line["scale"], line.get("power"), line["seed"]) for line in executions(site.log)]
    assert not {_name(records[key]) for key in kept} & set(log[lines:])
    assert set(log) == {_name(record) for record in records.values()}
    assert not (site.store / "driver").exists()
    assert not list((site.store / "tmp").iterdir())


def _now(site: Site) -> tuple[int, set[str]]:
    # In this order: what ends in between counts as neither.
    kept = site.kept()
    return len(executions(site.log)), kept


def _kill_a_cell(site: Site) -> None:
    site.cells()[0].kill()


def _kill_a_raylet(site: Site) -> None:
    next(process for process in site.worker.processes() if process.name() == "raylet").kill()


def _cut_the_power(site: Site) -> None:
    site.worker.kill()


def _cut_the_network(site: Site) -> None:
    site.worker.cut()
    time.sleep(20)
    site.worker.heal()


@pytest.mark.parametrize("strike", [_kill_a_cell, _kill_a_raylet, _cut_the_power, _cut_the_network])
def test_the_sweep_goes_on_without_what_it_lost(
    site: Site, quiet: Quiet, strike: Callable[[Site], None]
) -> None:
    site.up()
    driver = site.drive()
    site.under_way(driver)
    before = _now(site)
    strike(site)
    assert driver.wait(PATIENCE) == 0, site.told()
    _assert_no_trace(site, quiet, *before)


def test_a_killed_driver_is_followed_by_the_same_command(site: Site, quiet: Quiet) -> None:
    site.up()
    driver = site.drive()
    site.under_way(driver)
    site.kill_driver()
    driver.wait(PATIENCE)
    before = _now(site)
    site.finish()
    _assert_no_trace(site, quiet, *before)


def test_a_driver_ends_with_the_head_and_a_new_cluster_goes_on(site: Site, quiet: Quiet) -> None:
    site.up()
    driver = site.drive()
    site.under_way(driver)
    next(process for process in site.head.processes() if process.name() == "gcs_server").kill()
    assert driver.wait(PATIENCE) != 0
    site.down()
    before = _now(site)
    site.up()
    site.finish()
    _assert_no_trace(site, quiet, *before)


def test_a_corrupt_record_is_computed_again_and_no_other(site: Site, quiet: Quiet) -> None:
    site.up()
    driver = site.drive()
    site.under_way(driver)
    site.kill_driver()
    driver.wait(PATIENCE)
    site.wait(lambda: not site.cells(), "cells still run")
    lines, kept = _now(site)
    broken = sorted(kept)[0]
    path = next(path for path in site.store.rglob("record.json") if broken in str(path))
    path.write_bytes(path.read_bytes()[:-20])
    site.finish()
    _assert_no_trace(site, quiet, lines, kept - {broken})


def test_a_full_disk_stops_the_sweep_and_room_lets_it_go_on(tmp_path: Path, quiet: Quiet) -> None:
    shared = tmp_path / "shared"
    (shared / "store").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(shared / "store")], check=True)
    try:
        with hosts(3, shared, shared / "store", ROOT) as made:
            site = Site(made, shared)
            site.up()
            driver = site.drive()
            site.wait(lambda: len(site.kept()) >= 2, "nothing was computed")
            ballast = site.store / "ballast"
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            assert driver.wait(PATIENCE) != 0
            assert re.search("no space (is )?left", site.told(), re.IGNORECASE), site.told()
            ballast.unlink()
            before = _now(site)
            site.finish()
            _assert_no_trace(site, quiet, *before)
    finally:
        subprocess.run(["umount", "-l", str(shared / "store")], check=True)


# A time namespace shifts only the clocks that count from the start of the machine, not the time of day.
@pytest.mark.skipif(not FAKETIME.exists(), reason=f"there is no {FAKETIME}: install Debian's libfaketime")
@pytest.mark.parametrize("shift", ["+1h", "-1h"])
def test_a_driver_whose_clock_is_an_hour_off_dies_and_is_followed(
    site: Site, quiet: Quiet, shift: str
) -> None:
    site.up()
    # Ray's own daemons do not run under libfaketime: the driver's clock alone is off.
    clock = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    driver = site.drive(**clock, NO_FAKE_STAT="1")
    site.wait(lambda: len(site.kept()) >= 2, "nothing was computed")
    site.kill_driver()
    driver.wait(PATIENCE)
    before = _now(site)
    site.finish()
    _assert_no_trace(site, quiet, *before)
