"""A cluster that was there before, of two nodes, one of which dies."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOUBLES = ROOT / "tests" / "suite" / "engine" / "doubles"
sys.path.insert(0, str(DOUBLES))
from engine_sweeps import computed, sweep  # noqa: E402

from suite.engine import Infeasible, events, run  # noqa: E402

pytestmark = pytest.mark.cluster


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(DOUBLES)]))
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    from ray.cluster_utils import Cluster

    # Ray leaves a socket open where the dashboard's usual port is taken by another cluster.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "dashboard_port": port})
    yield started
    started.shutdown()


def test_cells_of_a_node_that_dies_are_computed_on_another(tmp_path: Path, cluster: Any) -> None:
    import ray

    methods = [{"scale": float(scale), "seconds": 3.0} for scale in range(1, 7)]
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    retried: list[events.CellRetried] = []
    slots: list[int] = []

    def strike(event: events.Event) -> None:
        if isinstance(event, events.ClusterReady):
            slots.append(event.slots)
        if isinstance(event, events.CellRetried):
            retried.append(event)
        running = isinstance(event, events.CellProgress) and event.share > 0.3
        if running and second in cluster.worker_nodes:
            cluster.remove_node(second, allow_graceful=False)

    report = run(sweep(tmp_path / "one", *methods), address=cluster.address, on_event=strike)
    assert (report.done, report.failed, slots) == (12, 0, [2])
    assert retried and all("died" in event.reason for event in retried)
    assert not ray.is_initialized()

    assert run(sweep(tmp_path / "other", *methods)).done == 12
    assert computed(tmp_path / "one") == computed(tmp_path / "other")


def test_what_the_cluster_cannot_give_is_named(tmp_path: Path, cluster: Any) -> None:
    from suite.config import Resources

    with pytest.raises(Infeasible, match="1 CPUs, 0 GPUs"):
        run(sweep(tmp_path, resources=Resources(cpus_per_cell=2)), address=cluster.address)
