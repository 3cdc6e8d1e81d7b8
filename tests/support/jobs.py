"""Cells run as a worker runs them, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.config import Tracking
from suite.engine.body import Job
from suite.engine.cells import Cell


def job(cell: Cell, store: str | Path, **changes: Any) -> Job:
    """A job for ``suite.engine.body.execute``: one thread, no GPU, limits that nothing ordinary meets."""
    reports = Path(store) / "driver" / "cells"
    reports.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {
        "sweep": "test",
        "modules": (),
        "attempt": 1,
        "token": "t",
        "cpus": 1,
        "gpus": 0,
        "memory_mib": 100_000,
        "seconds": 60,
        "tracking": Tracking("disabled"),
    }
    return Job(cell=cell, store=str(store), reports=str(reports), **{**given, **changes})
