"""What a sweep tells while it runs. Each event is small, immutable and complete in itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from suite.engine.hosts import Host


class Named(Protocol):
    """What is told of a cell; a ``Cell`` has it, and so has word of a cell that runs elsewhere."""

    @property
    def key(self) -> str:
        """The cell's key."""
        ...

    @property
    def kind(self) -> str:
        """Such as ``train``."""
        ...

    @property
    def title(self) -> str:
        """How it is called in a live view."""
        ...


@dataclass(frozen=True)
class SweepPlanned:
    """The plan stands: ``total`` cells, of which ``reused`` are in the store and ``failed`` in quarantine."""

    sweep: str
    total: int
    reused: int
    failed: int
    blocked: int
    store: str


@dataclass(frozen=True)
class ClusterReady:
    """Cells can start: ``slots`` of them at once. ``address`` is None for one on this machine."""

    slots: int
    cpus: float
    gpus: float
    address: str | None


@dataclass(frozen=True)
class CellStarted:
    """A cell was handed to the cluster, for the ``attempt``-th time."""

    cell: Named
    attempt: int


@dataclass(frozen=True)
class CellProgress:
    """A running cell: share done in 0..1, and training images seen so far (or query images, in an
    evaluation).
    """

    cell: Named
    share: float
    images: int
    images_per_second: float


@dataclass(frozen=True)
class CellFinished:
    """A cell's record is in the store. ``figure`` is its accuracy in 0..1, where it has one."""

    cell: Named
    seconds: float
    figure: float | None
    attempt: int


@dataclass(frozen=True)
class CellRetried:
    """A cell is to be tried again, after ``wait`` seconds and, after lack of memory, ``alone``."""

    cell: Named
    reason: str
    wait: float
    alone: bool


@dataclass(frozen=True)
class CellFailed:
    """A cell is in quarantine; ``blocked`` cells that build on it will not run."""

    cell: Named
    reason: str
    blocked: int


@dataclass(frozen=True)
class Tick:
    """The sweep goes on: sent twice a second. ``seconds_left`` is None until there is ground to guess.

    ``images`` counts those that cells pushed through a network since the driver began, one way or another.
    ``spent`` and ``spent_at_end`` are in ``currency``, None without prices, or ground to guess.
    """

    done: int
    total: int
    failed: int
    blocked: int
    running: int
    seconds: float
    seconds_left: float | None
    images: int = 0
    spent: float | None = None
    spent_at_end: float | None = None
    currency: str = "$"


@dataclass(frozen=True)
class HostsTold:
    """Every host of the cluster as it stands."""

    hosts: tuple[Host, ...]


@dataclass(frozen=True)
class Notice:
    """Something that the user should know and that stops nothing."""

    text: str


@dataclass(frozen=True)
class SweepEnded:
    """The last event. ``interrupted``: stopped by a signal, with everything that was finished kept."""

    done: int
    reused: int
    failed: int
    blocked: int
    total: int
    seconds: float
    store: str
    interrupted: bool


Event = (
    SweepPlanned
    | ClusterReady
    | CellStarted
    | CellProgress
    | CellFinished
    | CellRetried
    | CellFailed
    | Tick
    | HostsTold
    | Notice
    | SweepEnded
)
