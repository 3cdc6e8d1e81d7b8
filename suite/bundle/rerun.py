"""A cell computed again, by the same body as in a sweep, in a process of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import psutil

from leaderboard.records import Record
from leaderboard.store import Store
from suite.bundle.check import cell_of
from suite.config import Resources, Tracking
from suite.engine import progress
from suite.engine.body import Job, execute
from suite.engine.outcomes import Outcome
from suite.isolation import Code

_MEMORY_FACTOR = 2  # over what it took before, since another platform's libraries need not be as thrifty


class Bench:
    """Where cells are computed again: a store, and a worker process that a crash of a cell may take away."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._reports = store.location.writable() / "driver" / "cells"
        self._reports.mkdir(parents=True, exist_ok=True)
        self._pool: ProcessPoolExecutor | None = None

    def run(self, record: Record, code: Code, trust: bool) -> Outcome:
        """Compute the cell of ``record`` anew, into the store, with a method that ``code`` holds.

        Submitted code runs behind walls, unless ``trust`` vouches for it.
        """
        job = self._job(record, code, walled=code.submitted and not trust)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            return self._pool.submit(execute, job).result()
        except BrokenProcessPool:
            self.close()
            report = progress.read(self._reports, record.key)
            if report and report.verdict:
                return Outcome(*report.verdict)
            return Outcome("lost", "its process died")

    def close(self) -> None:
        """End the worker."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None

    def _job(self, record: Record, code: Code, *, walled: bool) -> Job:
        usual, told = Resources(), record.measured
        # Told by whoever made the bundle: a wish, within what this machine has.
        threads = min(max(1, told.threads or int(usual.cpus_per_cell)), os.cpu_count() or 1)
        memory = max(usual.memory_mib_per_cell, _MEMORY_FACTOR * told.peak_memory_mib)
        return Job(
            cell=cell_of(record),
            sweep="audit",
            store=self.store.location.address,
            reports=str(self._reports),
            modules=(code.module,) if code.module else (),
            attempt=1,
            token=secrets.token_hex(8),
            cpus=threads,
            gpus=0,
            memory_mib=int(min(memory, psutil.virtual_memory().total / 2**20)),
            seconds=usual.time_limit_seconds,
            tracking=Tracking("disabled"),
            code=code,
            walled=walled,
        )


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A bench whose store is ``folder``."""
    opened = Bench(Store(folder))
    try:
        yield opened
    finally:
        opened.close()
