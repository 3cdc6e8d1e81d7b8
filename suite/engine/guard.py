"""What surrounds a cell in its process: equal conditions before, limits while it runs, its cost after."""

from __future__ import annotations

import math
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from suite.engine.outcomes import Fault
from suite.isolation import conditions
from suite.isolation.inmate import Used

_MIB = 2**20
_LOOK_SECONDS = 0.25
# The driver ends a cell at its limit; the cell ends itself where no driver is left to do so.
_GRACE_SECONDS = 15.0


def prepare(seed: int, cpus: float, gpus: float) -> None:
    """Bring this process to the state that every cell starts from, whatever ran in it before.

    Seeds every library, sets the thread count to ``cpus``, and hides GPUs from a cell that asked for none.
    """
    threads = thread_count(cpus)
    if gpus == 0:
        # With none requested Ray leaves the variable unset, and a CPU cell would see every GPU.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    conditions.prepare(seed, threads)


def thread_count(cpus: float) -> int:
    """Threads of a cell that asked for ``cpus``."""
    return max(1, int(cpus))


@dataclass(frozen=True)
class Cost:
    """What a cell used: seconds on the clock and of all its threads, and its peak resident memory in MiB."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mib: float

    def beside(self, walled: Used) -> Cost:
        """With what ran behind walls at the same time."""
        return Cost(
            self.wall_seconds,
            self.cpu_seconds + walled.cpu_seconds,
            self.peak_memory_mib + walled.peak_memory_mib,
        )


class Guard:
    """``with Guard(...) as guard``: watches this process from a thread of its own, and measures it.

    Over ``memory_mib`` of resident memory, ``seconds`` of time (and some grace), or once the process that
    started it is gone, the whole process ends at once, after ``condemn`` was told why: nothing gentler stops
    a loop.
    """

    def __init__(self, memory_mib: int, seconds: float, condemn: Callable[[Fault, str], None]) -> None:
        self._memory_mib, self._seconds, self._condemn = memory_mib, seconds, condemn
        self._over = threading.Event()
        self._parent = os.getppid()
        self._process = psutil.Process()
        self._sampled_mib = 0.0

    def __enter__(self) -> Guard:
        _reset_peak()
        self._wall, self._cpu = time.monotonic(), _cpu_seconds()
        self._thread = threading.Thread(target=self._watch, name="cell guard", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def conclude(self) -> Cost:
        """The cell's work is done: what it used. Its time runs no longer; its memory is still watched."""
        self._seconds = math.inf
        peak = max(_peak_mib(), self._sampled_mib)
        return Cost(time.monotonic() - self._wall, _cpu_seconds() - self._cpu, peak)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            used = self._process.memory_info().rss / _MIB
            self._sampled_mib = max(self._sampled_mib, used)
            if used > self._memory_mib:
                self._end("memory", f"it used {used:.0f} MiB of memory and may use {self._memory_mib} MiB")
            if time.monotonic() - self._wall > self._seconds + _GRACE_SECONDS:
                self._end("time", time_sentence(self._seconds))
            if os.getppid() != self._parent:
                self._end("lost", "the Ray node that ran it died")

    def _end(self, fault: Fault, reason: str) -> None:
        if not self._over.is_set():
            self._condemn(fault, reason)
            os._exit(70)


def time_sentence(seconds: float) -> str:
    """What is said of a cell that ran over its limit of ``seconds``."""
    return f"it did not finish within its time limit of {seconds:g} s (resources.time_limit_seconds)"


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _reset_peak() -> None:
    """Start the kernel's peak anew, where it can be: a worker's earlier cells are not this one's cost."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mib() -> float:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        found = None
    if found:
        return int(found[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB
