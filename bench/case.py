"""What a benchmark module provides: cases, each with our work and a peer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.timing import Clock


@dataclass(frozen=True)
class Report:
    """What a job in processes of its own tells of itself: seconds, and other figures by name."""

    seconds: float
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Work:
    """The same job done by us and by a peer, on data that is already there.

    ``floor`` gives seconds of the given clock that the job's multiplications alone take on this machine, at
    a rate that it measures itself (``bench.timing.product_seconds``). ``agreement`` is handed both results,
    ours first, and says in a few words how near they are; it raises AssertionError where they are not the
    same job's. Where there is no peer its second argument is None. ``report`` reads our result where this is
    a job that times itself: it is called once, whatever the clock, and its memory is not measured.
    """

    ours: Callable[[], object]
    peer: Callable[[], object] | None = None
    floor: Callable[[Clock], float] | None = None
    agreement: Callable[[object, object], str] | None = None
    report: Callable[[object], Report] | None = None


@dataclass(frozen=True)
class Case:
    """One row of the table.

    ``prepare`` makes the data and may be called in another process: it must need nothing but this module.
    ``peer`` names who is compared with, version included; None where nobody is. ``needs`` names the
    distributions that the peer's side imports: where one is not installed, the row says so and ours is timed
    alone. ``target`` is the least ratio of the peer's seconds to ours that the project set itself. ``units``
    are what one call does, as in ``(1_000, "episodes")``: the row then says how many that is a second.
    """

    name: str
    prepare: Callable[[], Work]
    peer: str | None = None
    needs: tuple[str, ...] = ()
    target: float | None = None
    units: tuple[int, str] | None = None
    device: Literal["cpu", "cuda"] = "cpu"
