"""Where cells run on a cluster of two hosts, one of which says that it has two GPUs, and how many at once."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engine_places  # noqa: F401 registers the double and its benchmark
import pytest
from engine_sweeps import executions, sweep

from leaderboard.store import Store
from suite.config import BenchmarkConfig, MethodConfig, Resources
from suite.engine import events, run
from suite.engine.capacity import request

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
DOUBLES = Path(__file__).parent / "doubles"
GIB = 2**30


@dataclass(frozen=True)
class Hosts:
    """A cluster: its address, Ray's names for its hosts, where each keeps data, and the log of doubles."""

    address: str
    with_gpus: str
    without: str
    caches: tuple[Path, Path]
    log: Path


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """One with 6 CPUs, 2 GPUs and 12 GiB, and one with 2 CPUs and 4 GiB."""
    folder = tmp_path_factory.mktemp("hosts")
    caches = folder / "one", folder / "other"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(DOUBLES)]))
        patched.setenv("PYTHONHASHSEED", "0")
        patched.setenv("ENGINE_DOUBLES_LOG", str(folder / "log"))
        from ray.cluster_utils import Cluster

        started = Cluster()
        large = started.add_node(
            num_cpus=6, num_gpus=2, memory=14 * GIB, env_vars={"LEAGUE_CACHE": str(caches[0])}
        )
        small = started.add_node(num_cpus=2, memory=4 * GIB, env_vars={"LEAGUE_CACHE": str(caches[1])})
        started.wait_for_nodes()
        yield Hosts(started.address, large.node_id, small.node_id, caches, folder / "log")
        started.shutdown()


def trained(
    hosts: Hosts, store: Path, count: int, seconds: float, resources: Resources, **changes: Any
) -> list[dict[str, Any]]:
    """Train ``count`` doubles for so many seconds each; where and when each was."""
    before = len(executions(hosts.log))
    methods = tuple(
        MethodConfig("engine_place", {"scale": float(i), "seconds": seconds}) for i in range(1, count + 1)
    )
    report = run(sweep(store, methods=methods, resources=resources, **changes), address=hosts.address)
    assert report.exit_code == 0, [failure.reason for failure in Store(store).failures()]
    placed = [told for told in executions(hosts.log)[before:] if told["what"] == "placed"]
    assert len(placed) == count
    return placed


def most_at_once(spans: Sequence[dict[str, Any]]) -> int:
    steps = sorted([(span["began"], 1) for span in spans] + [(span["ended"], -1) for span in spans])
    level = highest = 0
    for _, step in steps:
        level += step
        highest = max(highest, level)
    return highest


def wait_until_idle() -> None:
    """Ray keeps a worker for a second for more of its kind, and takes its host for busy meanwhile."""
    import ray

    until = time.monotonic() + 60
    while ray.available_resources().get("CPU") != ray.cluster_resources()["CPU"]:
        assert time.monotonic() < until, "a task of nobody runs on"
        time.sleep(0.2)


def test_several_small_cells_share_a_gpu_and_never_more_than_fit(hosts: Hosts, tmp_path: Path) -> None:
    half = Resources(1, 0.5, memory_mib_per_cell=1_024, time_limit_seconds=300)
    placed = trained(hosts, tmp_path, 8, 6.0, half)
    assert {told["host"] for told in placed} == {hosts.with_gpus}
    for gpu in ("0", "1"):
        assert most_at_once([told for told in placed if told["gpus"] == gpu]) == 2
    assert Counter(told["gpus"] for told in placed).keys() == {"0", "1"}


def test_memory_is_promised_once(hosts: Hosts, tmp_path: Path) -> None:
    large = Resources(1, memory_mib_per_cell=5_000, time_limit_seconds=300)
    placed = trained(hosts, tmp_path, 4, 3.0, large)
    assert {told["host"] for told in placed} == {hosts.with_gpus}
    assert most_at_once(placed) == 2


def test_no_more_cells_are_in_flight_than_is_said(hosts: Hosts, tmp_path: Path) -> None:
    three = Resources(1, memory_mib_per_cell=1_024, time_limit_seconds=300, max_in_flight=3)
    assert most_at_once(trained(hosts, tmp_path, 6, 2.0, three)) == 3


def test_cells_without_gpus_go_to_hosts_without_and_where_these_are_full_elsewhere(hosts: Hosts) -> None:
    import ray

    @ray.remote(max_retries=0)
    def where(seconds: float) -> str:
        time.sleep(seconds)
        return str(ray.get_runtime_context().get_node_id())

    ray.init(address=hosts.address, log_to_driver=False)
    try:
        # The host with GPUs is the head, where the driver is, and the emptier one.
        asked = request(Resources(1, 1, memory_mib_per_cell=100), 100, "measure")
        for _ in range(3):
            wait_until_idle()
            two = [where.options(**asked).remote(1.0) for _ in range(2)]
            assert set(ray.get(two, timeout=120)) == {hosts.without}
        wait_until_idle()
        many = ray.get([where.options(**asked).remote(5.0) for _ in range(5)], timeout=120)
        assert Counter(many) == {hosts.without: 2, hosts.with_gpus: 3}
    finally:
        ray.shutdown()


def test_data_are_fetched_once_a_host_however_many_cells_want_them(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "driver"  # where the sweep is planned
    monkeypatch.setenv("LEAGUE_CACHE", str(driver))
    small = Resources(1, memory_mib_per_cell=1_024, time_limit_seconds=300)
    data = (BenchmarkConfig("engine_fetched"),)
    placed = trained(hosts, tmp_path / "store", 16, 2.0, small, benchmarks=data)
    assert {told["host"] for told in placed} == {hosts.with_gpus, hosts.without}
    fetched = [told["folder"] for told in executions(hosts.log) if told["what"] == "fetch"]
    assert sorted(fetched) == sorted(map(str, (driver, *hosts.caches)))


def test_checkpoints_do_not_pass_through_ray(hosts: Hosts, tmp_path: Path) -> None:
    import ray

    free: list[float] = []

    def look(event: events.Event) -> None:
        if isinstance(event, events.Tick):
            free.append(ray.available_resources().get("object_store_memory", 0.0))

    heavy = (MethodConfig("engine_place", {"scale": 1.0, "mib": 32}),)
    little = Resources(1, memory_mib_per_cell=1_000, time_limit_seconds=300)
    given = sweep(tmp_path, methods=heavy, seeds=(0, 1, 2), resources=little)
    assert run(given, address=hosts.address, on_event=look).exit_code == 0
    [*kept] = Store(tmp_path).scan(kind="train")
    assert len(kept) == 3
    assert max(free) - min(free) < 2**20 < 32 * 2**20

    # What the figure is worth: one object of that size is seen.
    ray.init(address=hosts.address, log_to_driver=False)
    try:
        held = ray.put(bytes(32 * 2**20))
        until = time.monotonic() + 30
        while max(free) - ray.available_resources()["object_store_memory"] < 32 * 2**20:
            assert time.monotonic() < until, "an object in the store was not seen"
            time.sleep(0.2)
        del held
    finally:
        ray.shutdown()
