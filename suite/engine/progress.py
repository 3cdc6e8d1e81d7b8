"""How a running cell is seen from outside: one small file a cell, in the store, written whole or not at all.

The driver and its cells share nothing but the store for certain (Ray may lie between hosts, or die), so that
is where a cell leaves word: that it runs, how far it is, and, if it must end itself, why.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import psutil

from suite.engine.gpus import Gauge, GpuUse, nothing
from suite.engine.outcomes import Fault
from suite.process import process_born

_EVERY_SECONDS = 0.5

Phase = Literal["starting", "working", "closing"]


@dataclass(frozen=True)
class Report:
    """Word of a running cell. ``attempt`` tells a new report from a dead worker's old one.

    ``pid`` and ``born`` (its start, in seconds of the epoch) name the process on ``host``. Only the time of
    the phase "working" counts towards its limit. ``share`` is in 0..1; ``images`` counts those seen so far.
    ``verdict`` is set by a cell that ends itself: what went wrong, and a sentence. ``node`` is Ray's name for
    the host, ``gpus`` how busy those are that the process holds.
    """

    attempt: str
    pid: int
    born: float
    host: str
    phase: Phase = "starting"
    share: float = 0.0
    images: int = 0
    verdict: tuple[Fault, str] | None = None
    node: str = ""
    gpus: tuple[GpuUse, ...] = ()


class Voice(Protocol):
    """How a cell says where it is."""

    def update(self, share: float, images: int) -> None:
        """Say how far the cell is."""
        ...

    def enter(self, phase: Phase) -> None:
        """Say what the cell is about to do."""
        ...

    def condemn(self, fault: Fault, reason: str) -> None:
        """Say why the cell is about to end itself."""
        ...


class Reporter:
    """The cell's side: ``update`` reaches the disk at most twice a second; ``condemn`` always does.

    Raises OSError where the first word cannot be written: the record could not be either. Later word is
    dropped then, since the commit will say so.
    """

    def __init__(self, folder: Path, key: str, report: Report, gauge: Gauge = nothing) -> None:
        self._path = folder / f"{key}.json"
        self._temporary = folder / f"{key}.{report.pid}.tmp"
        self._report, self._gauge = report, gauge
        self._put()

    def update(self, share: float, images: int) -> None:
        """Say how far the cell is."""
        self._report = replace(self._report, share=share, images=images)
        if time.monotonic() - self._written >= _EVERY_SECONDS:
            self._write()

    def enter(self, phase: Phase) -> None:
        """Say what the cell is about to do."""
        self._report = replace(self._report, phase=phase)
        self._write()

    def condemn(self, fault: Fault, reason: str) -> None:
        """Say why the cell is about to end itself."""
        self._report = replace(self._report, verdict=(fault, reason))
        self._write()

    def close(self) -> None:
        """Take the word back: the cell ended in the ordinary way."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        with suppress(OSError):
            self._put()

    def _put(self) -> None:
        self._written = time.monotonic()
        self._temporary.write_text(json.dumps(asdict(replace(self._report, gpus=self._gauge()))))
        self._temporary.replace(self._path)


def read(folder: Path, key: str) -> Report | None:
    """The last word of a cell, or None while there is none."""
    try:
        values = json.loads((folder / f"{key}.json").read_bytes())
        verdict = values["verdict"]
        values["verdict"] = (verdict[0], verdict[1]) if verdict else None
        values["gpus"] = tuple(GpuUse(**use) for use in values["gpus"])
        return Report(**values)
    except (OSError, ValueError, KeyError, TypeError):
        # None yet, or written by another version of the suite; either way there is nothing to show.
        return None


def forget(folder: Path, key: str) -> None:
    """Remove what a cell that was ended left in ``folder``: its word, and files it was about to commit."""
    for left in folder.iterdir():
        if not left.name.startswith(key):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink(missing_ok=True)


def everyone(folder: Path) -> list[Report]:
    """The last word of every cell in ``folder``."""
    found = [read(folder, path.stem) for path in sorted(folder.glob("*.json"))]
    return [report for report in found if report is not None]


def end_process(report: Report) -> None:
    """Kill the process that ``report`` names, if it runs on this host and its number was not given away
    since.
    """
    if report.host != socket.gethostname() or report.pid == os.getpid():
        return
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process = process_born(report.pid, report.born)
        if process is not None:
            process.kill()
