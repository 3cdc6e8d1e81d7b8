"""How a sweep stands, put together from its events: what every view draws, and nothing about drawing."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from suite.engine import events
from suite.engine.hosts import Host

# Throughput is of the last minutes, told at most once a second.
_RECENT_SECONDS = 180.0
_SAMPLE_SECONDS = 1.0
# Before so much time has gone, a throughput is chance.
_GROUND_SECONDS = 5.0
_FAILURES = 20
_SAMPLES = int(_RECENT_SECONDS / _SAMPLE_SECONDS) + 2

Phase = Literal["planning", "starting", "running", "done", "incomplete", "stopped"]


@dataclass(frozen=True)
class Running:
    """A running cell: share done in 0..1; images a second, 0 while not known."""

    key: str
    title: str
    share: float
    images_per_second: float


@dataclass(frozen=True)
class Failed:
    """A cell in quarantine, and why."""

    key: str
    title: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """A sweep at one moment. None is what is not known; ``dataclasses.asdict`` of it can be written as JSON.

    ``waiting`` are cells that can or will run and do not yet. Cells a minute and images a second are means
    over the last three minutes. ``gpus_busy`` in 0..1 is the mean over the ``gpus_measured`` GPUs that cells
    hold and that could be measured; ``failures`` are the latest twenty. ``running`` names the cells that
    gave word, and may be fewer than ``running_cells``.
    """

    sweep: str
    store: str
    phase: Phase
    total: int
    done: int
    reused: int
    running_cells: int
    waiting: int
    failed: int
    blocked: int
    seconds: float
    seconds_left: float | None
    cells_a_minute: float | None
    images_per_second: float | None
    gpus: float
    gpus_held: float
    gpus_busy: float | None
    gpus_measured: int
    spent: float | None
    spent_at_end: float | None
    currency: str
    running: tuple[Running, ...]
    hosts: tuple[Host, ...]
    failures: tuple[Failed, ...]


@dataclass(frozen=True)
class _Sample:
    seconds: float
    done: int
    images: int


class Fold:
    """Events in, by ``take``; out, by ``snapshot``, what they amount to.

    It reads no clock: time is that of the driver, as its ticks tell it, so a sweep that is watched late or
    replayed shows the same. What it keeps is bounded by the cells that run at once and the hosts.
    """

    def __init__(self) -> None:
        self._planned: events.SweepPlanned | None = None
        self._ended: events.SweepEnded | None = None
        self._tick: events.Tick | None = None
        self._hosts: tuple[Host, ...] = ()
        self._running: dict[str, Running] = {}
        self._failures: deque[Failed] = deque(maxlen=_FAILURES)
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self._ready = False
        self.done = 0
        """Cells in the store; unlike a snapshot's, counted with each event and not with each tick."""

    def take(self, event: events.Event) -> None:
        """Take the next event in."""
        if isinstance(event, events.SweepPlanned):
            self._planned, self.done = event, event.reused
        elif isinstance(event, events.ClusterReady):
            # The first of them, or a cluster that was started again: nothing runs on it yet.
            self._ready = True
            self._running.clear()
        elif isinstance(event, events.CellStarted):
            self._running[event.cell.key] = Running(event.cell.key, event.cell.title, 0.0, 0.0)
        elif isinstance(event, events.CellProgress):
            cell, speed = event.cell, event.images_per_second
            self._running[cell.key] = Running(cell.key, cell.title, event.share, speed)
        elif isinstance(event, events.CellFinished | events.CellFailed | events.CellRetried):
            self._running.pop(event.cell.key, None)
            self.done += isinstance(event, events.CellFinished)
            if isinstance(event, events.CellFailed):
                self._failures.append(Failed(event.cell.key, event.cell.title, event.reason))
        elif isinstance(event, events.HostsTold):
            self._hosts = event.hosts
        elif isinstance(event, events.Tick):
            self._tick = event
            self._sample(_Sample(event.seconds, event.done, event.images))
        elif isinstance(event, events.SweepEnded):
            self._ended = event
            self._running.clear()

    def _sample(self, sample: _Sample) -> None:
        samples = self._samples
        if samples and sample.seconds < samples[-1].seconds:
            samples.clear()  # a driver that was started again, in one and the same log
        if samples and sample.seconds - samples[-1].seconds < _SAMPLE_SECONDS:
            return
        samples.append(sample)
        while len(samples) > 2 and sample.seconds - samples[0].seconds > _RECENT_SECONDS:
            samples.popleft()

    @property
    def total(self) -> int:
        """Cells of the plan; 0 before it stands."""
        return self._planned.total if self._planned else 0

    @property
    def _rates(self) -> tuple[float | None, float | None]:
        """Cells a minute and images a second."""
        if not self._samples:
            return None, None
        first, last = self._samples[0], self._samples[-1]
        passed = last.seconds - first.seconds
        if passed < _GROUND_SECONDS:
            return None, None
        cells, images = last.done - first.done, last.images - first.images
        return (cells / passed * 60 if cells > 0 else None, images / passed if images > 0 else None)

    @property
    def _phase(self) -> Phase:
        if self._ended is not None:
            if self._ended.interrupted:
                return "stopped"
            return "done" if self._ended.done + self._ended.reused == self._ended.total else "incomplete"
        if self._tick is not None or self._ready:
            return "running"
        return "planning" if self._planned is None else "starting"

    def snapshot(self) -> Snapshot:
        """The sweep as the events so far tell it."""
        planned, ended, tick = self._planned, self._ended, self._tick
        latest = ended or tick or planned
        total = latest.total if latest else 0
        # Counts of one moment, so that they add up.
        done = ended.done + ended.reused if ended else tick.done if tick else self.done
        failed, blocked = (latest.failed, latest.blocked) if latest else (0, 0)
        running = tick.running if tick and not ended else len(self._running)
        uses = [host for host in self._hosts if host.busy is not None]
        measured = sum(host.measured_gpus for host in uses)
        busy = sum((host.busy or 0.0) * host.measured_gpus for host in uses)
        cells_a_minute, images_per_second = self._rates
        return Snapshot(
            sweep=planned.sweep if planned else "",
            store=planned.store if planned else "",
            phase=self._phase,
            total=total,
            done=done,
            reused=planned.reused if planned else 0,
            running_cells=running,
            waiting=max(0, total - done - failed - blocked - running),
            failed=failed,
            blocked=blocked,
            seconds=ended.seconds if ended else tick.seconds if tick else 0.0,
            seconds_left=None if ended or tick is None else tick.seconds_left,
            cells_a_minute=cells_a_minute,
            images_per_second=images_per_second,
            gpus=sum(host.gpus for host in self._hosts),
            gpus_held=sum(host.gpus_held for host in self._hosts),
            gpus_busy=busy / measured if measured else None,
            gpus_measured=measured,
            spent=tick.spent if tick else None,
            spent_at_end=tick.spent_at_end if tick and not ended else None,
            currency=tick.currency if tick else "",
            running=tuple(self._running.values()),
            hosts=self._hosts,
            failures=tuple(self._failures),
        )
