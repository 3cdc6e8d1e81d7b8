"""A cluster of many GPUs, simulated on this machine: how much of the time the engine keeps them busy.

Driver, ledger and Ray are the real ones, with a scheduler and worker processes for each node. But the GPUs
are only said to be there, and a cell sleeps, some seconds for an hour: that many processes with PyTorch in
them would need the memory and the cores of as many hosts.

``python -m bench.cluster FOLDER full|quick`` carries it out and prints what it found, as one JSON object.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.case import Case, Report, Work

_ROOT = Path(__file__).parents[1]
_EVALUATION_HOURS = 1.0
_SPREAD = 0.2


@dataclass(frozen=True)
class Site:
    """``nodes`` of ``gpus`` each; trainings of ``hours`` for each seed, and an hour's evaluation of each.

    They take up to a fifth more or less than that, by their seed.
    """

    nodes: int
    gpus: int
    hours: tuple[float, ...]
    seeds: int
    seconds_per_hour: float

    @property
    def name(self) -> str:
        """As in the table."""
        cells = 2 * len(self.hours) * self.seeds
        return f"{self.nodes * self.gpus} GPUs on {self.nodes} nodes, simulated, {cells} cells"


FULL = Site(nodes=8, gpus=8, hours=(2, 3, 4, 6), seeds=32, seconds_per_hour=30)
TINY = Site(nodes=2, gpus=1, hours=(1, 2), seeds=2, seconds_per_hour=0.5)


def cases(quick: bool) -> list[Case]:
    """64 GPUs on 8 nodes."""
    return [Case((TINY if quick else FULL).name, partial(_prepare, quick))]


def _prepare(quick: bool) -> Work:
    return Work(partial(_in_its_own_process, quick), report=_report)


def _in_its_own_process(quick: bool) -> dict[str, float]:
    with TemporaryDirectory(prefix="bench-cluster-") as folder:
        command = [sys.executable, "-m", "bench.cluster", folder, "quick" if quick else "full"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the sweep on a simulated cluster failed:\n{done.stderr}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _report(told: Any) -> Report:
    return Report(seconds=told.pop("seconds"), figures=told)


@dataclass(frozen=True)
class Span:
    """From when to when, in seconds, a cell was at work."""

    kind: str
    start: float
    end: float


def busy(spans: Sequence[Span], gpus: int, since: float, until: float) -> float:
    """Share of ``gpus`` that were at work between two moments."""
    worked = sum(max(0.0, min(span.end, until) - max(span.start, since)) for span in spans)
    return worked / (gpus * (until - since))


def summarize(spans: Sequence[Span], gpus: int) -> dict[str, float]:
    """``busy``: share of the GPUs at work while cells remained: from the first cell's start to that of the
    last training. After it there is nothing to hand out but what waits for trainings that run.

    ``full_s``: how long it took until each GPU had had its first cell, for which all the simulated hosts'
    processes start on the cores of this machine; ``busy_once_full``: the share from then on.
    """
    starts = sorted(span.start for span in spans)
    first, full = starts[0], starts[min(gpus, len(starts)) - 1]
    last = max(span.start for span in spans if span.kind == "train")
    return {
        "busy": busy(spans, gpus, first, last),
        "busy_once_full": busy(spans, gpus, full, last),
        "full_s": full - first,
        "remained_s": last - first,
    }


def _asleep(folder: str, seconds_per_hour: float) -> type[Any]:
    """An executor whose workers are handed seconds to sleep, and write down from when to when they did."""
    import ray

    from suite.engine.execute import Executor
    from suite.engine.outcomes import Outcome

    # Within this function, so that Ray sends it whole: by its name, workers would import PyTorch to find it.
    def sleep(name: str, seconds: float, pickled: bytes) -> Any:
        class Told:
            def __reduce__(self) -> Any:
                return pickle.loads, (pickled,)

        start = time.time()
        time.sleep(seconds)
        Path(folder, name).write_text(f"{start} {time.time()}")
        return Told()

    task = ray.remote(max_retries=0, max_calls=1)(sleep)

    class Asleep(Executor):
        def _hand_over(self, jobs: Sequence[Any], options: dict[str, Any]) -> Any:
            (job,) = jobs
            cell = job.cell
            hours = cell.method.arguments["hours"] if cell.kind == "train" else _EVALUATION_HOURS
            factor = 1 + _SPREAD * (2 * random.Random(cell.seed).random() - 1)
            seconds = hours * seconds_per_hour * factor
            told = pickle.dumps((Outcome(seconds=seconds),))
            return task.options(**options).remote(f"{cell.kind} {cell.key}", seconds, told)

    return Asleep


def measure(folder: Path, site: Site) -> dict[str, float]:
    """Carry the sweep out on a simulated cluster. ``seconds`` is all of it, without the cluster's start."""
    os.environ["PYTHONPATH"] = str(_ROOT)  # for the nodes that follow
    from ray.cluster_utils import Cluster

    from bench.idle import long
    from suite import engine

    spans_folder = folder / "spans"
    spans_folder.mkdir()
    asked = long(folder / "store", site.hours, site.seeds)
    memory = site.gpus * asked.resources.memory_mib_per_cell * 2**20
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        for _ in range(site.nodes):
            cluster.add_node(num_cpus=site.gpus, num_gpus=site.gpus, memory=memory)
        cluster.wait_for_nodes()
        began = time.perf_counter()
        with patch.object(
            import_module("suite.engine.run"), "Executor", _asleep(str(spans_folder), site.seconds_per_hour)
        ):
            report = engine.run(asked, address=cluster.address)
        seconds = time.perf_counter() - began
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]
    if report.exit_code:
        raise RuntimeError(f"of {report.total} cells {report.done} were done")
    spans = [_span(path) for path in spans_folder.iterdir()]
    gpus = site.nodes * site.gpus
    return {"seconds": seconds, "cells": len(spans), "gpus": gpus, **summarize(spans, gpus)}


def _span(path: Path) -> Span:
    start, end = path.read_text().split()
    return Span(path.name.split()[0], float(start), float(end))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), TINY if sys.argv[2] == "quick" else FULL)) + "\n")
