"""One cell in flight, handed to Ray and not yet back: what it says, whether it is late, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from suite.engine import events, progress
from suite.engine.cells import Cell
from suite.engine.guard import time_sentence
from suite.engine.outcomes import Outcome

# A worker of a loaded machine starts within half a minute.
OWN_START_SECONDS = 300.0
# A cluster that was there before may be full with others' work.
SHARED_START_SECONDS = 3_600.0
# For what surrounds a cell's work: imports and W&B before it, W&B and the commit after it.
_AROUND_SECONDS = 300.0
_CANCEL_SECONDS = 15.0
# Many times what a batch is expected to take: ending one early costs little.
_BATCH_SECONDS = 120.0


@dataclass
class Flight:
    """A cell, its attempt, and the Ray reference to its outcome. Times are of the driver's monotonic clock.

    ``mates`` are short cells that run after it in the same task, and their attempts.
    ``since`` is when it was handed out, or when its present phase was first seen; ``ended`` when it was told
    to end, over its time. ``token`` tells its word from that of other attempts.
    """

    cell: Cell
    token: str
    attempt: int
    reference: Any
    since: float
    mates: tuple[tuple[Cell, int], ...] = ()
    report: progress.Report | None = None
    ended: float | None = None
    _speed: float = 0.0
    _heard: float = 0.0

    @property
    def aboard(self) -> tuple[tuple[Cell, int], ...]:
        """All cells of the task, in the order in which they run, with their attempts."""
        return ((self.cell, self.attempt), *self.mates)

    def listen(self, reports: Path, now: float) -> events.CellProgress | None:
        """Read the latest word; None while there is none, and for a batch, whose cells say nothing singly."""
        report = self._latest(reports)
        if report is None:
            return None
        if self.report is None or self.report.phase != report.phase:
            self.since = self._heard = now
        elif report.images > self.report.images:
            recent = (report.images - self.report.images) / max(now - self._heard, 1e-3)
            self._speed = recent if self._speed == 0 else 0.7 * self._speed + 0.3 * recent
            self._heard = now
        self.report = report
        if self.mates:
            return None
        return events.CellProgress(self.cell, report.share, report.images, self._speed)

    def lateness(self, now: float, limit: float, start: float) -> Literal["end", "give up"] | None:
        """Whether the cell is over its time (``limit`` for its work, ``start`` to begin), and what to do
        then.

        "end": tell Ray to end it; "give up": it does not even end when told, or never began.
        """
        waited = now - self.since
        if self.ended is not None:
            return "give up" if now - self.ended > _CANCEL_SECONDS else None
        if self.report is None:
            return "give up" if waited > start else None
        if self.report.phase == "working":
            return "end" if waited > (min(limit, _BATCH_SECONDS) if self.mates else limit) else None
        return "give up" if waited > _AROUND_SECONDS else None

    def given_up(self, now: float, limit: float) -> tuple[Outcome, ...]:
        """As ``landed``, where nothing more is expected."""
        if self.mates:
            return ()
        if self.ended is not None:
            return (Outcome("time", time_sentence(limit)),)
        what = "no worker began it" if self.report is None else f"it was {self.report.phase}"
        return (Outcome("lost", f"{what} for {now - self.since:.0f} s"),)

    def landed(self, reports: Path, limit: float) -> tuple[Outcome, ...]:
        """What came back of each cell aboard, or what can be told of one whose worker did not live to say.

        Nothing of a batch: which of its cells ended it, and which were done, nobody can tell.
        """
        import ray

        try:
            outcomes: tuple[Outcome, ...] = ray.get(self.reference, timeout=60)
            return outcomes
        except ray.exceptions.RayTaskError as error:
            # What happens inside a body comes back as an Outcome: the body itself could not be loaded.
            told = f"a worker cannot run {self.cell.title}: {_first_line(error.cause)}"
            return (Outcome("host", told),) * len(self.aboard)
        except ray.exceptions.OutOfMemoryError:
            ended = Outcome("memory", "Ray ended it, since its node ran out of memory")
        except ray.exceptions.RayError as error:
            ended = Outcome("lost", f"its worker died ({type(error).__name__})")
        if self.mates:
            return ()
        if self.ended is not None:
            return (Outcome("time", time_sentence(limit)),)
        report = self._latest(reports)
        return (Outcome(*report.verdict) if report and report.verdict else ended,)

    def kill(self, reports: Path) -> None:
        """End the cell's process, where it is one of this host."""
        report = self._latest(reports)
        if report is not None:
            progress.end_process(report)

    def _latest(self, reports: Path) -> progress.Report | None:
        report = progress.read(reports, self.cell.key)
        return report if report and report.attempt == self.token else self.report


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
