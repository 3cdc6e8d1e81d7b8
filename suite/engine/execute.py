"""The loop that carries a plan out: hands ready cells to Ray, hears them end, and decides what follows."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from leaderboard.records import Failure
from leaderboard.store import Store, StoreError
from suite.config import Tracking
from suite.engine import distributed, events, outcomes, progress
from suite.engine.batch import execute_all
from suite.engine.body import Job
from suite.engine.capacity import gpus, request
from suite.engine.cells import Cell
from suite.engine.cluster import Cluster, connect
from suite.engine.errors import ClusterLost, EngineError
from suite.engine.flight import OWN_START_SECONDS, SHARED_START_SECONDS, Flight
from suite.engine.ledger import Ledger
from suite.engine.meter import Meter
from suite.engine.outcomes import Outcome
from suite.engine.plan import Plan
from suite.engine.room import Room
from suite.isolation import Code

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 0.25
_RESTARTS = 5


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
        # Whose failure may be in the store, from before or from now.
        self._quarantined = _quarantined(store)
        self._tracking: Tracking = plan.terms.tracking
        self._driver = secrets.token_hex(4)
        self._flights: dict[Any, Flight] = {}
        self._room = Room(plan.terms.resources, len(self.ledger.cells), address)
        self._limit = plan.terms.resources.time_limit_seconds
        self._restarts = 0
        self._looked = 0.0
        self._meter = Meter(plan.terms.resources)

    def run(self) -> None:
        """Carry the plan out, or stop where ``stopping`` says so. Raises EngineError or StoreError to give
        up.
        """
        if self.ledger.finished or self._stopping():
            return
        for cell in self.plan.cells:
            distributed.check(cell, self.plan.terms.resources.gpus_per_cell, self._is_walled(cell))
        self._reports.mkdir(parents=True, exist_ok=True)
        self._connect()
        try:
            while not self.ledger.finished and not self._stopping():
                self._submit()
                self._collect()
                self._look()
        finally:
            self._end_all()
            self._room.leave()
            self._cluster.stop()

    # Handing out -----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        import ray

        self._cluster = connect(self._address)
        try:
            self._on_cluster(self._cluster)
            self._tell(self._room.open(self._cluster, self.ledger.ready, time.monotonic()))
        except BaseException:
            self._cluster.stop()
            raise
        # A GPU's memory comes free for certain only with the process that held it.
        fresh = ray.remote(max_retries=0, max_calls=1)
        shares = self.plan.terms.resources.gpus_per_cell > 0
        self._task = (fresh if shares else ray.remote(max_retries=0))(execute_all)

    def _has_room(self, cell: Cell) -> bool:
        return self._room.takes_one_more(cell, self._flights.values())

    def _submit(self) -> None:
        while True:
            chosen = self.ledger.next(time.monotonic(), self._has_room)
            if chosen is None:
                return
            cell, alone = chosen
            mates = [] if alone else self._mates(cell)
            jobs = [self._job(each, self.ledger.start(each.key), alone) for each in (cell, *mates)]
            first = jobs[0]
            options = request(self.plan.terms.resources, first.memory_mib, cell.kind)
            reference = self._hand_over(jobs, {"name": cell.title, **options})
            aboard = tuple((job.cell, job.attempt) for job in jobs)
            self._flights[reference] = Flight(
                cell, first.token, first.attempt, reference, since=time.monotonic(), mates=aboard[1:]
            )
            for each, attempt in aboard:
                self._emit(events.CellStarted(each, attempt))

    def _hand_over(self, jobs: list[Job], options: dict[str, Any]) -> Any:
        """Give jobs to Ray, to run one after the other; returns the reference to their outcomes."""
        return self._task.options(**options).remote(jobs)

    def _mates(self, cell: Cell) -> list[Cell]:
        # A GPU's memory comes free for certain only with the process that held it: one cell, one process.
        if self.plan.terms.resources.gpus_per_cell:
            return []
        return self.ledger.companions(cell, self._room.at_once)

    def _job(self, cell: Cell, attempt: int, alone: bool) -> Job:
        resources = self.plan.terms.resources
        memory = resources.memory_mib_per_cell
        code = self.plan.codes.get(cell.method.name) if cell.method else None
        return Job(
            cell=cell,
            sweep=self.plan.terms.name,
            store=self.store.location.address,
            reports=str(self._reports.resolve()),
            modules=self.plan.modules,
            attempt=attempt,
            token=f"{self._driver}-{attempt}",
            cpus=resources.cpus_per_cell,
            gpus=gpus(resources, cell.kind),
            memory_mib=max(self._room.memory_mib, memory) if alone else memory,
            seconds=self._limit,
            tracking=self._tracking,
            code=code,
            walled=self._is_walled(cell),
        )

    def _is_walled(self, cell: Cell) -> bool:
        code = self.plan.codes.get(cell.method.name) if cell.method else None
        return code is not None and self._walled(code)

    def _walled(self, code: Code) -> bool:
        terms = self.plan.terms
        return not terms.trust if code.submitted else terms.isolate

    # Hearing back ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        import ray

        if not self._flights:
            time.sleep(min(_WAIT_SECONDS, max(0.01, self.ledger.next_wait(time.monotonic()))))
            return
        ready, _ = ray.wait(list(self._flights), num_returns=1, timeout=_WAIT_SECONDS)
        if ready and len(self._flights) > 1:
            ready, _ = ray.wait(list(self._flights), num_returns=len(self._flights), timeout=0)
        for reference in ready:
            flight = self._flights.pop(reference)
            self._land(flight, flight.landed(self._reports, self._limit))

    def _land(self, flight: Flight, outcomes: Sequence[Outcome]) -> None:
        progress.forget(self._reports, flight.cell.key)
        if not outcomes:
            self._emit(events.Notice(f"a batch of {len(flight.aboard)} cells was lost: each runs by itself"))
            for cell, _ in flight.aboard:
                self.ledger.release(cell.key)
            return
        for place, ((cell, attempt), outcome) in enumerate(zip(flight.aboard, outcomes, strict=True)):
            self._meter.land(flight, place, outcome)
            self._settle(cell, attempt, outcome)

    def _settle(self, cell: Cell, attempt: int, outcome: Outcome) -> None:
        if outcome.tracking:
            self._without_network(outcome.tracking)
        if outcome.fault is None:
            self.ledger.finish(cell.key, outcome.seconds)
            if cell.key in self._quarantined:
                self.store.clear_failure(cell.key)
            self._emit(events.CellFinished(cell, outcome.seconds, outcome.figure, attempt))
            return
        decision, blocked = self.ledger.stumble(cell.key, outcome.fault, time.monotonic())
        if decision.action == "stop":
            raise _stopped(outcome)
        if decision.action == "quarantine":
            failure = _failure(cell, self.plan.terms.name, outcome, attempt)
            self.store.put_failure(failure)
            self._quarantined.add(cell.key)
            self._emit(events.CellFailed(cell, failure.reason, len(blocked)))
        else:
            alone = decision.action == "alone"
            self._emit(events.CellRetried(cell, outcome.reason, decision.wait, alone))

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
        self._tell(self._room.watch(self._cluster, self.ledger.ready, self._flights.values(), now))
        for flight in list(self._flights.values()):
            heard = flight.listen(self._reports, now)
            if heard is not None:
                self._emit(heard)
            self._hurry(flight, now)
        self._tick(now)

    def _hurry(self, flight: Flight, now: float) -> None:
        import ray

        start = OWN_START_SECONDS if self._address is None else SHARED_START_SECONDS
        if self.store.location.local is None:
            start += self._limit  # there is no word of cells on hosts that share no folder with this one
        late = flight.lateness(now, self._limit, start)
        if late is None:
            return
        ray.cancel(flight.reference, force=True)
        if late == "end":
            flight.ended = now
            return
        flight.kill(self._reports)
        del self._flights[flight.reference]
        self._land(flight, flight.given_up(now, self._limit))

    def _tick(self, now: float) -> None:
        flights = self._flights.values()
        self._tell(self._meter.read(self.ledger, flights, self._room.at_once, self._cluster, now))

    def _tell(self, told: Iterable[events.Event]) -> None:
        for event in told:
            self._emit(event)

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
        for flight in self._flights.values():
            flight.kill(self._reports)
            progress.forget(self._reports, flight.cell.key)
            for cell, _ in flight.aboard:
                self.ledger.release(cell.key)
        self._flights.clear()
        self._cluster.stop()
        self._connect()

    def _end_all(self) -> None:
        import ray

        if not self._flights:
            return
        # The cluster may be gone already, and the cells with it; what is left is killed below.
        with suppress(Exception):
            for reference in self._flights:
                ray.cancel(reference, force=True)
            ray.wait(list(self._flights), num_returns=len(self._flights), timeout=5)
        for flight in self._flights.values():
            flight.kill(self._reports)
        self._flights.clear()


def _quarantined(store: Store) -> set[str]:
    broken: list[str] = []
    whole = store.failures(on_corrupt=lambda error: broken.append(error.key))
    return {*(failure.key for failure in whole), *broken}


def _failure(cell: Cell, sweep: str, outcome: Outcome, attempt: int) -> Failure:
    return Failure(
        key=cell.key,
        kind=cell.kind,
        sweep=sweep,
        spec=dict(cell.spec),
        method=cell.method,
        benchmark=cell.benchmark,
        protocol=cell.protocol,
        seed=cell.seed,
        reason=_quarantine_sentence(outcome),
        traceback=outcome.traceback,
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
