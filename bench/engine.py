"""The engine's own cost: a sweep whose cells do nothing, in a process of its own, and then one seed more.

``python -m bench.engine FOLDER CELLS`` carries it out and prints what it took, as one JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.case import Case, Report, Work

_MIB = 2**20
_ROOT = Path(__file__).parents[1]


def cases(quick: bool, cells: int | None = None) -> list[Case]:
    """One sweep of ``cells`` (even; None: 400)."""
    count = cells or (4 if quick else 400)
    return [Case(f"a sweep of {count:,} cells that do nothing", partial(_prepare, count))]


def _prepare(cells: int) -> Work:
    return Work(partial(_in_its_own_process, cells), report=_report)


def _in_its_own_process(cells: int) -> dict[str, float]:
    with TemporaryDirectory(prefix="bench-engine-") as folder:
        command = [sys.executable, "-m", "bench.engine", folder, str(cells)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the sweep of {cells} idle cells failed:\n{done.stderr}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _report(told: Any) -> Report:
    return Report(seconds=told.pop("seconds"), figures=told)


def measure(folder: Path, cells: int) -> dict[str, float]:
    """Carry the sweep out in ``folder``, then once more with another seed.

    ``seconds`` from the call to its return; ``start_s`` to the first cell that is handed out;
    ``ms_per_cell``, between that moment and the end, over cells; ``driver_growth_mib``, by how much the
    driver's resident memory grew in that time; ``resume_s``, from the second call to its first new cell.
    """
    from bench.idle import sweep
    from suite import engine

    driver = psutil.Process()
    first: list[tuple[float, int]] = []

    def listen(event: object) -> None:
        if not first and isinstance(event, engine.events.CellStarted):
            first.append((time.perf_counter(), driver.memory_info().rss))

    began = time.perf_counter()
    report = engine.run(sweep(folder / "store", cells), on_event=listen)
    ended, resident = time.perf_counter(), driver.memory_info().rss
    (started, before), first = first[0], []
    resumed = time.perf_counter()
    again = engine.run(sweep(folder / "store", cells + 2), on_event=listen)
    if (report.done, again.reused, again.done) != (cells, cells, 2):
        raise RuntimeError(
            f"of {cells} cells {report.done} were done, {again.reused} found the second time, "
            f"and of 2 more {again.done} done"
        )
    return {
        "seconds": ended - began,
        "cells": cells,
        "ms_per_cell": 1_000 * (ended - started) / cells,
        "start_s": started - began,
        "driver_growth_mib": (resident - before) / _MIB,
        "resume_s": first[0][0] - resumed,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))) + "\n")
