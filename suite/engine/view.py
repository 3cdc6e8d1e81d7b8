"""What a sweep looks like while it runs: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from suite.engine import events

# Between lines that only say that it is still alive.
_HEARTBEAT_SECONDS = 10.0
_ROWS = 16
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
        self._state = _State()
        self._spoke = clock()

    def __call__(self, event: events.Event) -> None:
        self._state.take(event)
        line = _line(event, self._state)
        if line is None and isinstance(event, events.Tick):
            if self._clock() - self._spoke < _HEARTBEAT_SECONDS:
                return
            line = f"{self._state.summary(event)}{self._state.at_work()}"
        if line is not None:
            self._write(line)
            self._spoke = self._clock()


class Screen:
    """Events as a table of what runs, under lines for what is worth keeping."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._state = _State()

    def __call__(self, event: events.Event) -> None:
        self._state.take(event)
        self._live.update(Group() if isinstance(event, events.SweepEnded) else self._drawn())
        line = None if isinstance(event, events.CellFinished) else _line(event, self._state)
        if line is not None:
            style = "red" if isinstance(event, events.CellFailed) else ""
            self._live.console.print(Text(line, style=style), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        state = self._state
        running = Table.grid(padding=(0, 2))
        for row in list(state.running.values())[:_ROWS]:
            speed = f"{row.images_per_second:,.0f} images/s" if row.images_per_second else ""
            bar = ProgressBar(total=1.0, completed=row.share, width=24)
            running.add_row(Text(row.cell.title), bar, f"{row.share:4.0%}", Text(speed, style="dim"))
        more = len(state.running) - _ROWS
        parts: list[RenderableType] = [running]
        if more > 0:
            parts.append(Text(f"and {more} more", style="dim"))
        if state.tick is not None:
            total = Table.grid(padding=(0, 2))
            whole = ProgressBar(total=max(1, state.tick.total), completed=state.tick.done, width=24)
            total.add_row(whole, Text(state.summary(state.tick), style="bold"))
            parts.append(total)
        elif state.waiting:
            parts.append(Text(state.waiting, style="dim"))
        return Group(*parts)


class _State:
    """What both views remember of the events."""

    def __init__(self) -> None:
        self.running: dict[str, events.CellProgress] = {}
        self.tick: events.Tick | None = None
        self.waiting = ""
        self.done = 0
        self.total = 0

    def take(self, event: events.Event) -> None:
        if isinstance(event, events.SweepPlanned):
            self.done, self.total = event.reused, event.total
            self.waiting = "starting Ray" if event.reused + event.failed + event.blocked < event.total else ""
        elif isinstance(event, events.CellStarted):
            self.running[event.cell.key] = events.CellProgress(event.cell, 0.0, 0, 0.0)
        elif isinstance(event, events.CellProgress):
            self.running[event.cell.key] = event
        elif isinstance(event, events.CellFinished | events.CellFailed | events.CellRetried):
            self.running.pop(event.cell.key, None)
            self.done += isinstance(event, events.CellFinished)
        elif isinstance(event, events.Tick):
            self.tick = event

    def at_work(self) -> str:
        """What runs, most advanced first, as the end of a sentence."""
        rows = sorted(self.running.values(), key=lambda row: -row.share)
        named = [f"{row.cell.title} {row.share:.0%}" for row in rows[:_NAMED]]
        more = [f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
        return ": " + ", ".join([*named, *more]) if named else ""

    def summary(self, tick: events.Tick) -> str:
        parts = [f"{tick.done} of {tick.total} cells"]
        if tick.failed:
            parts.append(f"{tick.failed} failed")
        if tick.blocked:
            parts.append(f"{tick.blocked} blocked")
        parts.append(f"{tick.running} running")
        parts.append(f"{_clock(tick.seconds)} gone")
        if tick.seconds_left is not None:
            parts.append(f"about {_clock(tick.seconds_left)} left")
        return ", ".join(parts)


def _line(event: events.Event, state: _State) -> str | None:
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
        return f"[{state.done}/{state.total}] {event.cell.title}:{figure} in {event.seconds:.1f} s"
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
        return f"{event.total} cells are in {event.store}: {event.done} computed in {_clock(event.seconds)}"
    return (
        f"{kept} of {event.total} cells are in {event.store}; {event.failed} failed, and {event.blocked} "
        "build on those. The same command leaves them out; with retry it tries them again"
    )


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
