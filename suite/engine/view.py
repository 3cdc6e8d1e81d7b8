"""What a sweep looks like while it runs: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from suite.engine import events
from suite.engine.drawing import Picture
from suite.engine.snapshot import Fold, Snapshot
from suite.engine.words import clock, summary

# Between lines that only say that it is still alive.
_HEARTBEAT_SECONDS = 10.0
_NAMED = 2


@contextmanager
def live_view(console: Console | None = None) -> Iterator[Callable[[events.Event], None]]:
    """What to hand to ``run`` as ``on_event``. Writes to standard error unless given a ``console``.

    A terminal gets a table that is drawn anew twice a second; anything else a line for each finished cell,
    and a sign of life every ten seconds.
    """
    out = console or Console(stderr=True)
    if not out.is_terminal:
        yield Lines(lambda line: out.print(line, markup=False, highlight=False, soft_wrap=True))
        return
    with Live(console=out, refresh_per_second=4, transient=True) as live:
        yield Screen(live)


class Lines:
    """Events as lines of text."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._fold = Fold()
        self._spoke = clock()

    def __call__(self, event: events.Event) -> None:
        self._fold.take(event)
        line = _line(event, self._fold)
        if line is None and isinstance(event, events.Tick):
            if self._clock() - self._spoke < _HEARTBEAT_SECONDS:
                return
            snapshot = self._fold.snapshot()
            line = f"{summary(snapshot)}{_at_work(snapshot)}"
        if line is not None:
            self._write(line)
            self._spoke = self._clock()


class Screen:
    """A table of how the sweep stands, under lines for what is worth keeping."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._fold = Fold()
        self._lock = Lock()  # rich draws from a thread of its own
        self._picture = Picture(self._snapshot)

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            self._fold.take(event)
        self._live.update(Group() if isinstance(event, events.SweepEnded) else self._picture)
        line = None if isinstance(event, events.CellFinished) else _line(event, self._fold)
        if line is not None:
            style = "red" if isinstance(event, events.CellFailed) else ""
            self._live.console.print(Text(line, style=style), soft_wrap=True)

    def _snapshot(self) -> Snapshot:
        with self._lock:
            return self._fold.snapshot()


def _at_work(snapshot: Snapshot) -> str:
    """What runs, most advanced first, as the end of a sentence."""
    cells = sorted(snapshot.running, key=lambda cell: -cell.share)
    named = [f"{cell.title} {cell.share:.0%}" for cell in cells[:_NAMED]]
    more = [f"{len(cells) - _NAMED} more"] if len(cells) > _NAMED else []
    return ": " + ", ".join([*named, *more]) if named else ""


def _line(event: events.Event, fold: Fold) -> str | None:
    """The line that an event is worth, if any."""
    if isinstance(event, events.SweepPlanned):
        parts = [f"{event.sweep}: {event.total} cells"]
        if event.reused:
            parts.append(f"{event.reused} of them in {event.store} already")
        if event.failed:
            parts.append(f"{event.failed} in quarantine, blocking {event.blocked}")
        return ", ".join(parts)
    if isinstance(event, events.ClusterReady):
        where = event.address or "this machine"
        gpus = f", {event.gpus:g} GPUs" if event.gpus else ""
        return f"Ray on {where}: {event.cpus:g} CPUs{gpus}, {event.slots} cells at once"
    if isinstance(event, events.CellFinished):
        figure = f" {event.figure:.1%}" if event.figure is not None else ""
        return f"[{fold.done}/{fold.total}] {event.cell.title}:{figure} in {event.seconds:.1f} s"
    if isinstance(event, events.CellRetried):
        how = "alone, when the others are done" if event.alone else f"in {event.wait:g} s"
        return f"again {how}: {event.cell.title}: {event.reason}"
    if isinstance(event, events.CellFailed):
        blocks = f" (blocks {event.blocked} more)" if event.blocked else ""
        return f"FAILED {event.cell.title}: {event.reason}{blocks}"
    if isinstance(event, events.Notice):
        return f"note: {event.text}"
    if isinstance(event, events.SweepEnded):
        return _last_line(event)
    return None


def _last_line(event: events.SweepEnded) -> str:
    kept = event.done + event.reused
    if event.interrupted:
        return f"stopped: {kept} of {event.total} cells are kept in {event.store}; the same command goes on"
    if kept == event.total:
        return f"{event.total} cells are in {event.store}: {event.done} computed in {clock(event.seconds)}"
    return (
        f"{kept} of {event.total} cells are in {event.store}; {event.failed} failed, and {event.blocked} "
        "build on those. The same command leaves them out; with retry it tries them again"
    )
