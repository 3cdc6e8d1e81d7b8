"""Where every cell of a running sweep stands. No Ray, no clock, no disk: it is handed what it needs."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable

from leaderboard.records import CellKind
from suite.engine.cells import Cell
from suite.engine.outcomes import Decision, Fault, decide
from suite.engine.pace import Pace, Workload
from suite.engine.plan import Plan
from suite.engine.schedule import Lane, Line, children, descendants, inherited, order

# A cell that takes this long is worth a task of its own.
_SHORT_SECONDS = 0.25
# What a batch may take, and so what is lost with it, and how many cells it may have.
_BATCH_SECONDS = 1.0
_BATCH_CELLS = 100
# From so much on, a cell's own time tells how long it will take.
_GROUND_SHARE = 0.1


class Ledger:
    """The cells of a plan, from pending over running to done, failed or blocked."""

    def __init__(self, plan: Plan) -> None:
        self.cells = {cell.key: cell for cell in plan.cells}
        self.computed = 0
        self._reused = set(plan.done)
        self.failed: set[str] = set(plan.failed)
        self.blocked: set[str] = set(plan.blocked)
        self.done: set[str] = set(plan.done)
        self.running: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.pace = Pace()
        for key, seconds in plan.done.items():
            self.pace.learn(self.cells[key], seconds)
        self._left = Workload()
        for cell in plan.pending:
            self._left.add(cell)
        self._below = children(plan.cells)
        self._history: dict[str, list[Fault]] = {}
        self._alone: deque[str] = deque()
        self._solo: str | None = None
        self._delayed: list[tuple[float, str]] = []
        self._priorities = inherited(plan.cells, plan.priorities) if plan.priorities else {}
        self._rerank({cell.key for cell in plan.pending if self._unblocked(cell.key)})

    @property
    def finished(self) -> bool:
        """Whether nothing is left to run or to wait for."""
        return len(self.done) + len(self.failed) + len(self.blocked) == len(self.cells)

    @property
    def reused(self) -> int:
        """Cells that were in the store and still are."""
        return len(self._reused)

    @property
    def ready(self) -> Counter[CellKind]:
        """How many cells of each kind may start now."""
        return self._line.kinds

    def next(
        self, now: float, has_room: Callable[[Cell], bool] = lambda cell: True
    ) -> tuple[Cell, bool] | None:
        """The cell to start now, and whether it must run alone; None if there is none at the moment.

        Cells of a kind or priority whose first has no room are passed over.
        """
        if self._solo is not None:
            return None
        while self._delayed and self._delayed[0][0] <= now:
            self._push(heapq.heappop(self._delayed)[1])
        fronts = self._fronts()
        for key in fronts:
            if has_room(self.cells[key]):
                self._line.take(key)
                return self.cells[key], False
        if self._alone and not self.running and not fronts:
            self._solo = self._alone.popleft()
            return self.cells[self._solo], True
        return None

    def _fronts(self) -> list[str]:
        while True:
            fronts = self._line.fronts()
            stale = [key for key in fronts if not (self._unblocked(key) and self._idle(key))]
            if not stale:
                return fronts
            for key in stale:  # its parent was reopened, and brings it back when it is done
                self._line.take(key)

    def companions(self, first: Cell, slots: int) -> list[Cell]:
        """Further cells that may start now, to run in one task after ``first``, where all are short.

        Only those that come next anyway, and no more than leaves each of ``slots`` its part. A cell that was
        handed out before is left to run by itself: it may be what ended its batch.
        """
        most = min(_BATCH_CELLS, -(-(len(self._line) + 1) // slots))
        chosen: list[Cell] = []
        seconds = self.pace.seconds(first)
        if not self._is_short(first):
            return chosen
        while len(chosen) + 1 < most and (fronts := self._fronts()):
            cell = self.cells[fronts[0]]
            seconds += self.pace.seconds(cell)
            if seconds > _BATCH_SECONDS or not self._is_short(cell):
                break
            chosen.append(cell)
            self._line.take(cell.key)
        return chosen

    def _is_short(self, cell: Cell) -> bool:
        never = cell.key not in self.attempts
        return never and self.pace.sure(cell) and self.pace.seconds(cell) <= _SHORT_SECONDS

    def next_wait(self, now: float) -> float:
        """Seconds until a cell that waits for its next attempt may start; 0 where there is none."""
        return max(0.0, self._delayed[0][0] - now) if self._delayed else 0.0

    def start(self, key: str) -> int:
        """Note that a cell was handed out; returns the number of this attempt, from 1."""
        self.running.add(key)
        self.attempts[key] = self.attempts.get(key, 0) + 1
        return self.attempts[key]

    def finish(self, key: str, seconds: float) -> None:
        """Note that a cell's record is in the store; its children may follow."""
        self._leave(key)
        self.done.add(key)
        self._left.remove(self.cells[key])
        self.computed += 1
        if seconds:
            self.pace.learn(self.cells[key], seconds)
        for child in self._below[key]:
            if self._unblocked(child) and self._idle(child):
                self._push(child)
        # What is learned about the pace changes less and less: the order is made anew at 1, 2, 4, 8, … cells.
        if self.computed & (self.computed - 1) == 0:
            self._rerank(self._line.keys)

    def stumble(self, key: str, fault: Fault, now: float) -> tuple[Decision, list[str]]:
        """Note that an attempt did not finish; returns what follows, and the keys that this blocks."""
        history = self._history.setdefault(key, [])
        decision = decide(fault, history)
        if decision.action == "parent" and self.cells.keys().isdisjoint(self.cells[key].parents):
            decision = Decision("stop")  # no cell of this plan could bring it back
        history.append(fault)
        self._leave(key)
        if decision.action == "again":
            # Not in the queue of the ready: it comes there when its wait is over.
            heapq.heappush(self._delayed, (now + decision.wait, key))
        elif decision.action == "alone":
            self._alone.append(key)
        elif decision.action == "parent":
            self._reopen(self.cells[key].parents)
        elif decision.action == "quarantine":
            return decision, self._quarantine(key)
        return decision, []

    def release(self, key: str) -> None:
        """Put a running cell back as it was: the cluster under it went away, which says nothing about the
        cell.
        """
        self._leave(key)
        self._push(key)

    def seconds_left(
        self, shares: dict[str, float], slots: int, ages: dict[str, float] | None = None
    ) -> float | None:
        """Expected seconds to the end, given the running cells' shares done; None where there is nothing to
        go by.

        The work that is left over the slots, but no less than the longest chain of cells that is left: at the
        end of a sweep a few long cells run, and the other slots are empty. ``ages``, the seconds that running
        cells have worked, tell what these take themselves: those that finished first were the quicker ones.
        """
        work = self.work_left(shares)
        return None if work is None else max(work / max(1, slots), self._longest_chain(shares, ages or {}))

    def work_left(self, shares: dict[str, float]) -> float | None:
        """Expected seconds of all that is left, one cell after the other; else as ``seconds_left``."""
        if not self.pace.known:
            return None
        gone = sum(self.pace.seconds(self.cells[key]) * share for key, share in shares.items())
        return max(0.0, self._left.seconds(self.pace) - gone)

    def _longest_chain(self, shares: dict[str, float], ages: dict[str, float]) -> float:
        # Of those that are ready the first of a lane has its longest; and no chain begins anywhere else.
        waiting = [*self._line.fronts(), *(key for _, key in self._delayed)]
        known: dict[str, float] = {}
        longest = 0.0
        for key in (*waiting, *self._alone, *self.running):
            share, expected = shares.get(key, 0.0), self.pace.seconds(self.cells[key])
            own = ages[key] / share if key in ages and share >= _GROUND_SHARE else expected
            longest = max(longest, self._chain(key, known) - expected + own * (1 - share))
        return longest

    def _chain(self, key: str, known: dict[str, float]) -> float:
        """Expected seconds of a cell and of the longest chain that waits behind it."""
        if any(key in over for over in (self.done, self.failed, self.blocked)):
            return 0.0
        if key not in known:
            behind = max((self._chain(child, known) for child in self._below[key]), default=0.0)
            known[key] = self.pace.seconds(self.cells[key]) + behind
        return known[key]

    def _quarantine(self, key: str) -> list[str]:
        self.failed.add(key)
        blocked = [
            child
            for child in descendants(key, self._below)
            if child not in self.done and child not in self.failed and child not in self.blocked
        ]
        self.blocked.update(blocked)
        for gone in (key, *blocked):
            self._left.remove(self.cells[gone])
        return blocked

    def _reopen(self, parents: Iterable[str]) -> None:
        """A parent's record is gone: compute it again; the child follows when it is there."""
        for parent in parents:
            if parent in self.done:
                self.done.discard(parent)
                self._reused.discard(parent)
                self._left.add(self.cells[parent])
                self._push(parent)

    def _leave(self, key: str) -> None:
        self.running.discard(key)
        if self._solo == key:
            self._solo = None

    def _unblocked(self, key: str) -> bool:
        return all(parent in self.done or parent not in self.cells for parent in self.cells[key].parents)

    def _idle(self, key: str) -> bool:
        return not any(key in group for group in (self.done, self.running, self.failed, self.blocked))

    def _push(self, key: str) -> None:
        self._line.push(key)

    def _lane(self, key: str) -> Lane:
        return self._priorities.get(key, 0), self.cells[key].kind

    def _rerank(self, ready: Iterable[str]) -> None:
        ordered = order(list(self.cells.values()), self.pace.seconds, self._priorities, self._below)
        self._line = Line({key: i for i, key in enumerate(ordered)}, self._lane)
        waiting = frozenset(ready)
        for key in ordered:  # one that comes last is put into its place fastest
            if key in waiting:
                self._line.push(key)
