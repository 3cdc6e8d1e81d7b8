"""A process named by its number and its start: numbers are given away again."""

from __future__ import annotations

import psutil


def process_born(pid: int, born: float) -> psutil.Process | None:
    """The process ``pid`` that began at ``born`` (seconds of the epoch), or None where it has ended.

    Raises psutil.AccessDenied where another user owns it.
    """
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - born) < 1.0 else None
    except psutil.NoSuchProcess:
        return None
