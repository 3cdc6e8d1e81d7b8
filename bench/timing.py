"""Two jobs timed in turn in one process, so that what else the machine does hits both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

_SHORTEST = 0.02  # seconds of one timing: a quicker job is repeated within it
_LEAST_ROUNDS, _MOST_ROUNDS = 3, 25

Job = Callable[[], object]
Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
"""``cpu`` counts the seconds of this process's threads: on a busy machine only these can be compared. It does
not see a GPU, nor other processes."""


@dataclass(frozen=True)
class Paired:
    """Seconds of one call in each round. ``peer`` is empty where there is none."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """The peer's seconds over ours, round by round."""
        return tuple(theirs / own for own, theirs in zip(self.ours, self.peer, strict=False))


def in_turn(ours: Job, peer: Job | None, seconds: float, clock: Clock = time.perf_counter) -> Paired:
    """Time both jobs in turn for about ``seconds``, at least 3 and at most 25 rounds.

    Who goes first changes with each round. Each job must have been called before: first calls compile,
    allocate and import. ``seconds`` of 0 asks for one round.
    """
    jobs = [job for job in (ours, peer) if job is not None]
    calls = [_calls(job, clock) for job in jobs]
    found: list[list[float]] = [[] for _ in jobs]
    least, most = (_LEAST_ROUNDS, _MOST_ROUNDS) if seconds else (1, 1)
    began = time.perf_counter()
    for done in range(most):
        if done >= least and time.perf_counter() - began > seconds:
            break
        for i in sorted(range(len(jobs)), reverse=bool(done % 2)):
            found[i].append(_seconds(jobs[i], calls[i], clock))
    return Paired(tuple(found[0]), tuple(found[1]) if peer is not None else ())


def product_seconds(
    operations: float, clock: Clock, dtype: torch.dtype = torch.float32, side: int = 768
) -> float:
    """Seconds of so many multiply-adds times two in this machine's matrix products, with torch's threads.

    The rate is the best of ten products of ``side`` x ``side`` matrices, measured now.
    """
    matrix = torch.ones(side, side, dtype=dtype)
    best = min(_seconds(lambda: matrix @ matrix, 1, clock) for _ in range(10))
    return operations / (2 * side**3 / best)


def median(values: tuple[float, ...]) -> float | None:
    """The middle value; None of nothing."""
    return statistics.median(values) if values else None


def _calls(job: Job, clock: Clock) -> int:
    once = _seconds(job, 1, clock)
    return max(1, round(_SHORTEST / max(once, 1e-7)))


def _seconds(job: Job, calls: int, clock: Clock) -> float:
    began = clock()
    for _ in range(calls):
        job()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
    return (clock() - began) / calls
