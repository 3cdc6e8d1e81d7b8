"""The loop that carries a plan out: hands ready cells to Ray, hears them end, and decides what follows."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from leaderboard.records import Failure
from leaderboard.store import Store, StoreError
from suite.config import Tracking
from suite.engine import events, outcomes, progress
from suite.engine.body import Job, execute
from suite.engine.cells import Cell
from suite.engine.cluster import Cluster, connect, largest_memory, request, slots
from suite.engine.errors import ClusterLost, EngineError
from suite.engine.guard import time_sentence
from suite.engine.ledger import Ledger
from suite.engine.outcomes import Fault, Outcome
from suite.engine.plan import Plan

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 0.25
# A worker of a loaded machine starts within half a minute; a shared cluster may be full for longer.
_START_SECONDS = {True: 300.0, False: 3_600.0}
# For what surrounds a cell's work: imports and W&B before it, W&B and the commit after it.
_AROUND_SECONDS = 300.0
_CANCEL_SECONDS = 15.0
_RESTARTS = 5


@dataclass
class _Running:
    """A cell that was handed to Ray. Times are of the driver's monotonic clock."""

    cell: Cell
    token: str
    attempt: int
    since: float
    """When it was handed out, or when its phase was first seen."""
    report: progress.Report | None = None
    speed: float = 0.0
    seen: float = 0.0
    ended: float | None = None
    """When it was told to end, over its time."""


class Executor:
    """One run of a plan on one cluster.

    ``stopping`` is asked often; once it is true, nothing new starts and what runs is ended.
    ``on_alive`` is called about twice a second.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        address: str | None,
        emit: Callable[[events.Event], None],
        stopping: Callable[[], bool],
        on_cluster: Callable[[Cluster], None],
        on_alive: Callable[[], None],
    ) -> None:
        self.plan, self.store, self.ledger = plan, store, Ledger(plan)
        self._address, self._emit, self._stopping = address, emit, stopping
        self._on_cluster, self._on_alive = on_cluster, on_alive
        self._root = store.location.writable()
        self._reports = self._root / "driver" / "cells"
        self._tracking: Tracking = plan.sweep.tracking
        self._driver = secrets.token_hex(4)
        self._running: dict[Any, _Running] = {}
        self._restarts = 0
        self._looked = 0.0
        self._began = time.monotonic()

    def run(self) -> None:
        """Carry the plan out, or stop where ``stopping`` says so. Raises EngineError or StoreError to give
        up.
        """
        if self.ledger.finished or self._stopping():
            return
        self._reports.mkdir(parents=True, exist_ok=True)
        self._connect()
        try:
            while not self.ledger.finished and not self._stopping():
                self._submit()
                self._collect()
                self._look()
        finally:
            self._end_all()
            self._cluster.stop()

    # Handing out -----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        import ray

        self._cluster = connect(self._address)
        try:
            self._on_cluster(self._cluster)
            nodes = self._cluster.nodes()
            resources = self.plan.sweep.resources
            self._slots = slots(nodes, resources, len(self.ledger.cells))
            self._all_memory = largest_memory(nodes, resources)
        except BaseException:
            self._cluster.stop()
            raise
        # A GPU's memory comes free for certain only with the process that held it.
        fresh = ray.remote(max_retries=0, max_calls=1)
        self._task = (fresh if resources.gpus_per_cell else ray.remote(max_retries=0))(execute)
        cpus, gpus = (sum(node.get(name, 0.0) for node in nodes) for name in ("CPU", "GPU"))
        self._emit(events.ClusterReady(self._slots, cpus, gpus, self._address))

    def _submit(self) -> None:
        while len(self._running) < self._slots:
            chosen = self.ledger.next(time.monotonic())
            if chosen is None:
                return
            cell, alone = chosen
            resources = self.plan.sweep.resources
            memory = (
                max(self._all_memory, resources.memory_mib_per_cell)
                if alone
                else resources.memory_mib_per_cell
            )
            attempt = self.ledger.start(cell.key)
            token = f"{self._driver}-{attempt}-{self._restarts}"
            job = Job(
                cell=cell,
                sweep=self.plan.sweep.name,
                store=str(self._root.resolve()),
                reports=str(self._reports.resolve()),
                modules=self.plan.modules,
                attempt=attempt,
                token=token,
                cpus=resources.cpus_per_cell,
                gpus=resources.gpus_per_cell,
                memory_mib=memory,
                seconds=resources.time_limit_seconds,
                tracking=self._tracking,
            )
            reference = self._task.options(name=cell.title, **request(resources, memory)).remote(job)
            self._running[reference] = _Running(cell, token, attempt, since=time.monotonic())
            self._emit(events.CellStarted(cell, attempt))

    # Hearing back ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        import ray

        if not self._running:
            time.sleep(_WAIT_SECONDS if self.ledger.next_wait(time.monotonic()) > _WAIT_SECONDS else 0.01)
            return
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=_WAIT_SECONDS)
        if ready and len(self._running) > 1:
            ready, _ = ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for reference in ready:
            running = self._running.pop(reference)
            self._settle(running, self._outcome(reference, running))

    def _outcome(self, reference: Any, running: _Running) -> Outcome:
        """What came back, or what can be told of a cell whose worker did not live to say."""
        import ray

        try:
            outcome: Outcome = ray.get(reference, timeout=60)
            return outcome
        except ray.exceptions.OutOfMemoryError as error:
            fault, reason = "memory", f"Ray ended it for lack of memory on its node: {_first_line(error)}"
        except ray.exceptions.RayTaskError as error:
            return Outcome("host", f"a worker cannot run {running.cell.title}: {_first_line(error.cause)}")
        except ray.exceptions.RayError as error:
            fault, reason = "lost", f"its worker died ({type(error).__name__})"
        report = self._report(running)
        if running.ended is not None:
            return Outcome("time", time_sentence(self.plan.sweep.resources.time_limit_seconds))
        if report and report.verdict:
            return Outcome(*report.verdict)
        return Outcome(_fault(fault), reason)

    def _settle(self, running: _Running, outcome: Outcome) -> None:
        cell = running.cell
        progress.forget(self._reports, cell.key)
        if outcome.tracking:
            self._without_network(outcome.tracking)
        if outcome.fault is None:
            self.ledger.finish(cell.key, outcome.seconds)
            self.store.clear_failure(cell.key)
            self._emit(events.CellFinished(cell, outcome.seconds, outcome.figure, running.attempt))
            return
        decision, blocked = self.ledger.stumble(cell.key, outcome.fault, time.monotonic())
        if decision.action == "stop":
            raise _stopped(outcome)
        if decision.action == "quarantine":
            reason = _quarantine_sentence(outcome)
            self.store.put_failure(
                _failure(cell, self.plan.sweep.name, reason, outcome.traceback, running.attempt)
            )
            self._emit(events.CellFailed(cell, reason, len(blocked)))
        else:
            self._emit(events.CellRetried(cell, outcome.reason, decision.wait, decision.action == "alone"))

    def _without_network(self, problem: str) -> None:
        self._emit(events.Notice(problem))
        if self._tracking.mode in ("auto", "online"):
            # One cell's wait for W&B is enough: the others keep their runs on disk, to be synced later.
            self._tracking = replace(self._tracking, mode="offline")

    # Watching --------------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        self._on_alive()
        if not self._cluster.lives():
            self._restart()
        for reference, running in list(self._running.items()):
            self._observe(running, now)
            self._limit(reference, running, now)
        self._tick(now)

    def _observe(self, running: _Running, now: float) -> None:
        report = self._report(running)
        if report is None:
            return
        if running.report is None or running.report.phase != report.phase:
            running.since = running.seen = now
        elif report.images > running.report.images:
            recent = (report.images - running.report.images) / max(now - running.seen, 1e-3)
            running.speed = recent if running.speed == 0 else 0.7 * running.speed + 0.3 * recent
            running.seen = now
        running.report = report
        self._emit(events.CellProgress(running.cell, report.share, report.images, running.speed))

    def _limit(self, reference: Any, running: _Running, now: float) -> None:
        """End a cell over its time; one that does not even end when told is killed, or given up."""
        import ray

        if running.ended is not None:
            if now - running.ended > _CANCEL_SECONDS:
                self._kill(running)
                del self._running[reference]
                self._settle(
                    running, Outcome("time", time_sentence(self.plan.sweep.resources.time_limit_seconds))
                )
            return
        if running.report is not None and running.report.phase == "working":
            if now - running.since > self.plan.sweep.resources.time_limit_seconds:
                running.ended = now
                ray.cancel(reference, force=True)
            return
        patience = _AROUND_SECONDS if running.report else _START_SECONDS[self._address is None]
        if now - running.since > patience:
            what = f"it was {running.report.phase}" if running.report else "no worker began it"
            ray.cancel(reference, force=True)
            self._kill(running)
            del self._running[reference]
            self._settle(running, Outcome("lost", f"{what} for {patience:.0f} s"))

    def _report(self, running: _Running) -> progress.Report | None:
        """The cell's word, if this attempt left one. A cell that runs unheard left none only for a moment."""
        report = progress.read(self._reports, running.cell.key)
        return report if report and report.attempt == running.token else running.report

    def _tick(self, now: float) -> None:
        ledger = self.ledger
        shares = {run.cell.key: run.report.share for run in self._running.values() if run.report}
        tick = events.Tick(
            done=len(ledger.done),
            total=len(ledger.cells),
            failed=len(ledger.failed),
            blocked=len(ledger.blocked),
            running=len(self._running),
            seconds=now - self._began,
            seconds_left=ledger.seconds_left(shares, self._slots),
        )
        self._emit(tick)

    # Ending ----------------------------------------------------------------------------------------------

    def _restart(self) -> None:
        """Bring our own cluster back; its cells were not at fault."""
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise ClusterLost(
                f"Ray died {self._restarts} times on this machine; what was finished is kept. "
                "Look for a lack of memory (`dmesg`), then run the same command again"
            )
        self._emit(events.Notice("Ray died on this machine; it is started again, and its cells with it"))
        for running in self._running.values():
            self._kill(running)
            progress.forget(self._reports, running.cell.key)
            self.ledger.release(running.cell.key)
        self._running.clear()
        self._cluster.stop()
        self._connect()

    def _end_all(self) -> None:
        import ray

        if not self._running:
            return
        for reference in self._running:
            with suppress(Exception):  # the cluster may be gone already, and the cell with it
                ray.cancel(reference, force=True)
        with suppress(Exception):
            ray.wait(list(self._running), num_returns=len(self._running), timeout=5)
        for running in self._running.values():
            self._kill(running)
        self._running.clear()

    def _kill(self, running: _Running) -> None:
        """End a cell's process, where it is one of this host and still the same."""
        report = self._report(running)
        if report is not None:
            progress.end_process(report)


def _fault(name: str) -> Fault:
    return "memory" if name == "memory" else "lost"


def _failure(cell: Cell, sweep: str, reason: str, trace: str, attempt: int) -> Failure:
    return Failure(
        key=cell.key,
        kind=cell.kind,
        sweep=sweep,
        spec=dict(cell.spec),
        method=cell.method,
        benchmark=cell.benchmark,
        protocol=cell.protocol,
        seed=cell.seed,
        reason=reason,
        traceback=trace,
        attempt=attempt,
    )


def _quarantine_sentence(outcome: Outcome) -> str:
    if outcome.fault == "lost":
        times = f"its worker died {outcomes.LOSSES} times under it, which tells of a crash"
        return f"{times}; the last time {outcome.reason}"
    if outcome.fault == "memory":
        return f"{outcome.reason}, also when it ran alone"
    return outcome.reason


def _stopped(outcome: Outcome) -> Exception:
    return StoreError(outcome.reason) if outcome.fault in ("store", "parent") else EngineError(outcome.reason)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
