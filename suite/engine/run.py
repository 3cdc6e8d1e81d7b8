"""The door to the engine: a sweep or a plan in, finished cells in the store, and a short account of them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leaderboard.store import Store
from suite.config import SweepConfig
from suite.engine import events, progress
from suite.engine.benchmarks import keep_benchmarks
from suite.engine.cluster import FOLDER_PREFIX, Cluster
from suite.engine.execute import Executor
from suite.engine.interrupts import Interrupts
from suite.engine.lock import Holder, StoreLock, clear_remains
from suite.engine.plan import Plan, look_up, plan


@dataclass(frozen=True)
class SweepReport:
    """What became of the cells: computed now, found in the store, in quarantine, or waiting on one that
        is.

    ``seconds`` is the time the call took. ``interrupted``: a signal stopped it; what was finished is kept,
    and the same call goes on from there.
    """

    done: int
    reused: int
    failed: int
    blocked: int
    total: int
    seconds: float
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 when every cell is in the store, 130 after an interrupt, else 1."""
        if self.interrupted:
            return 130
        return 0 if self.done + self.reused == self.total else 1


def run(
    sweep: SweepConfig,
    *,
    retry: bool = False,
    address: str | None = None,
    on_event: Callable[[events.Event], None] | None = None,
) -> SweepReport:
    """Compute what the store lacks of ``sweep``: ``carry_out`` of its ``plan``. Raises what either does."""
    return carry_out(plan(sweep), retry=retry, address=address, on_event=on_event)


def carry_out(
    bare: Plan,
    *,
    retry: bool = False,
    address: str | None = None,
    on_event: Callable[[events.Event], None] | None = None,
) -> SweepReport:
    """Compute what the store lacks of a plan's cells; the same call after any crash goes on where it stopped.

    Cells run on a Ray cluster of this machine, or on the one at ``address``, which must see the store's
    folder. ``retry`` tries quarantined cells again. ``on_event`` hears what happens
    (``suite.engine.events``). Ctrl-C stops it within seconds, a second one at once.

    Raises StoreBusy where another driver works on the
    store; StoreError where the store cannot be read or written; Infeasible and other EngineErrors where the
    cluster cannot run it. In every case finished cells are kept.
    """
    began = time.monotonic()
    emit = on_event or _ignore
    terms = bare.terms
    store = Store(terms.store, on_problem=lambda problem: emit(events.Notice(str(problem))))
    root = store.location.writable()
    clusters: list[Cluster] = []

    def kill() -> None:
        for cluster in clusters:
            cluster.kill()

    with StoreLock(root, terms.name) as lock, Interrupts(kill) as interrupts:
        if lock.previous is not None:
            emit(events.Notice(_inherited(lock.previous)))
        _clear(root, store, lock.previous)
        known = look_up(bare, store, retry=retry)
        store.put_plan(
            terms.name,
            [cell.key for cell in known.cells],
            {cell.key: cell.planned for cell in known.cells},
        )
        keep_benchmarks(known.cells, store)
        emit(
            events.SweepPlanned(
                terms.name,
                len(known.cells),
                len(known.done),
                len(known.failed),
                len(known.blocked),
                terms.store,
            )
        )
        for note in known.notes:
            emit(events.Notice(note))

        def on_cluster(cluster: Cluster) -> None:
            clusters[:] = [cluster]
            lock.note(cluster.processes, [str(cluster.folder)] if cluster.folder else [])
            interrupts.listen()

        executor = Executor(known, store, address, emit, interrupts.asked, on_cluster, lock.beat)
        try:
            executor.run()
        finally:
            _clear(root, store, None)
        ledger = executor.ledger
        report = SweepReport(
            done=ledger.computed,
            reused=ledger.reused,
            failed=len(ledger.failed),
            blocked=len(ledger.blocked),
            total=len(ledger.cells),
            seconds=time.monotonic() - began,
            interrupted=not ledger.finished,
        )
    emit(
        events.SweepEnded(
            report.done,
            report.reused,
            report.failed,
            report.blocked,
            report.total,
            report.seconds,
            terms.store,
            report.interrupted,
        )
    )
    return report


def _clear(root: Path, store: Store, dead: Holder | None) -> None:
    """Remove what a killed driver (``dead``) or killed cells left: processes, word of cells, half-made
    commits.
    """
    reports = root / "driver" / "cells"
    if dead is not None:
        clear_remains(dead)
        for folder in map(Path, dead.folders):
            if _is_ours(folder):
                shutil.rmtree(folder, ignore_errors=True)
        for report in progress.everyone(reports):
            progress.end_process(report)
    shutil.rmtree(reports, ignore_errors=True)
    store.sweep_clean(older_than=0.0)


def _is_ours(folder: Path) -> bool:
    """Whether a folder named in a note is one that this user's Ray made: notes lie where others may write."""
    try:
        owner = folder.lstat().st_uid
    except FileNotFoundError:
        return False
    places = {Path("/tmp"), Path(tempfile.gettempdir())}
    known = folder.parent in places and folder.name.startswith(FOLDER_PREFIX)
    return known and owner == os.getuid() and not folder.is_symlink()


def _inherited(dead: Holder) -> str:
    return f"{dead.sweep} (process {dead.pid}, since {dead.since}) was killed; what it left is cleared"


def _ignore(event: events.Event) -> None:
    return None
