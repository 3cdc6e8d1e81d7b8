"""A training on two GPUs, on a cluster of two hosts of which one has as many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import engine_descent  # noqa: F401 its import registers it
import pytest
from engine_sweeps import sweep

from leaderboard.store import Store
from suite.config import BenchmarkConfig, MethodConfig, Resources
from suite.engine import events, run

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
DOUBLES = Path(__file__).parent / "doubles"


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """The cluster's address, and Ray's name for its host with two GPUs; the other, its head, has one."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(DOUBLES)]))
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    from ray.cluster_utils import Cluster

    started = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 4, "num_gpus": 1, "memory": 12 * 2**30}
    )
    large = started.add_node(num_cpus=4, num_gpus=2, memory=12 * 2**30)
    started.wait_for_nodes()
    yield started.address, large.node_id
    started.shutdown()


def test_the_workers_of_one_training_are_placed_together(hosts: tuple[str, str], tmp_path: Path) -> None:
    import ray

    address, large = hosts
    groups: dict[str, dict[str, Any]] = {}

    slots: list[int] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.ClusterReady):
            slots.append(event.slots)
        if isinstance(event, events.Tick):
            table = ray.util.placement_group_table()
            groups.update({name: group for name, group in table.items() if group["state"] == "CREATED"})

    given = replace(
        sweep(tmp_path),
        methods=(MethodConfig("engine_descent", {"head": "nearest_centroid"}),),
        benchmarks=(BenchmarkConfig("digits", {"size": 8, "rotated": True}),),
        resources=Resources(2, 2, memory_mib_per_cell=6_000, time_limit_seconds=900),
        seeds=(0, 1),
    )
    report = run(given, address=address, on_event=listen)
    assert report.exit_code == 0, [failure.traceback for failure in Store(tmp_path).failures()]
    # Three GPUs are two and one: one training at a time.
    assert slots == [1]
    assert len(groups) == 2
    for group in groups.values():
        assert [bundle["GPU"] for bundle in group["bundles"].values()] == [1.0, 1.0]
        assert set(group["bundles_to_node_id"].values()) == {large}
