"""Several short cells in one task: a cell that takes milliseconds waits longer for the disk than it works.

They run one after the other, each as if it were alone; then all their records are committed at once, by many
threads: a journaling file system makes what is flushed at the same time durable in one go. A record counts
as finished only then. Where the process dies in between, nobody of the batch is to blame: those of its cells
that were not recorded run again, each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from leaderboard.records import Record
from leaderboard.store import Store
from suite.engine import body
from suite.engine.body import Job
from suite.engine.guard import Guard
from suite.engine.outcomes import Fault, Outcome
from suite.engine.progress import Phase, Reporter
from suite.engine.work import Work

# Beyond sixteen at once a local disk gains nothing more.
_COMMITS_AT_ONCE = 16


def execute_all(jobs: Sequence[Job]) -> tuple[Outcome, ...]:
    """Run the cells and commit their records; an Outcome each, in their order.

    The jobs are of one sweep. Word of the whole batch is left under the key of its first cell.
    """
    node = body.node()
    return tuple(replace(outcome, node=node) for outcome in _all(jobs))


def _all(jobs: Sequence[Job]) -> tuple[Outcome, ...]:
    first = jobs[0]
    if len(jobs) == 1:
        return (body.execute(first),)
    try:
        with body.presence(first) as (reporter, scratch):
            return _together(jobs, reporter, scratch)
    except OSError as error:
        return (body.unwritable(first, error),) * len(jobs)


@dataclass(frozen=True)
class _Kept:
    """A record that waits for its commit, with the tables and files of the work."""

    store: Store
    record: Record
    work: Work


def _together(jobs: Sequence[Job], reporter: Reporter, scratch: Path) -> tuple[Outcome, ...]:
    reporter.enter("working")
    outcomes: list[Outcome] = []
    kept: dict[int, _Kept] = {}
    for i, job in enumerate(jobs):
        own = scratch / str(i)
        own.mkdir()

        def keep(store: Store, record: Record, work: Work, place: int = i) -> None:
            kept[place] = _Kept(store, record, work)

        outcomes.append(body.attempt(job, _Within(reporter, i, len(jobs)), own, keep))
    reporter.enter("closing")
    with (
        Guard(jobs[0].memory_mib, jobs[0].seconds, reporter.condemn),
        ThreadPoolExecutor(min(_COMMITS_AT_ONCE, max(1, len(kept)))) as pool,
    ):
        refused = dict(pool.map(lambda place: (place, _commit(jobs[place], kept[place])), kept))
    return tuple(refused.get(i) or outcome for i, outcome in enumerate(outcomes))


def _commit(job: Job, kept: _Kept) -> Outcome | None:
    """Put a record into its store; what is to be told where that fails."""
    try:
        body.put(kept.store, kept.record, kept.work)
    except Exception as error:  # noqa: BLE001 whatever it is: it is told, as that of a cell alone
        return body.blamed(error, job)
    return None


@dataclass(frozen=True)
class _Within:
    """What one cell of a batch says, as the batch's own word: its phases last too short to be told."""

    reporter: Reporter
    place: int
    count: int

    def update(self, share: float, images: int) -> None:
        self.reporter.update((self.place + share) / self.count, images)

    def enter(self, phase: Phase) -> None:
        return

    def condemn(self, fault: Fault, reason: str) -> None:
        self.reporter.condemn(fault, reason)
