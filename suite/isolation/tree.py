"""Processes below another one, and the memory that they took: a cheap look, and an exact one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """One process: its number here, its threads, and its memory beyond what it was born with."""

    process: int
    threads: int
    grown_mib: float


def members(root: int, inherited_kib: int) -> list[Member]:
    """Every process below ``root``, which is left out; ``inherited_kib`` is what each was born with."""
    found = []
    for process in _below(root):
        try:
            told = Path(f"/proc/{process}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        threads = re.search(r"^Threads:\s+(\d+)", told, re.MULTILINE)
        grown = max(0, _own_kib(told) - inherited_kib) / 1_024
        found.append(Member(process, int(threads[1]) if threads else 1, grown))
    return found


def own_kib(process: int) -> int:
    """Memory of a process that is no file's, in KiB."""
    return _own_kib(Path(f"/proc/{process}/status").read_text())


def _own_kib(told: str) -> int:
    # A fork has all of this from its start, and pages of files only as it touches them.
    return sum(int(size) for size in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", told, re.MULTILINE))


def exact_mib(process: int) -> float:
    """Memory of a process in MiB, shared pages divided among those who share them; 0 once it has ended."""
    try:
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    share = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
    return int(share[1]) / 1_024 if share else 0.0


def _below(root: int) -> Iterator[int]:
    waiting = [root]
    while waiting:
        process = waiting.pop()
        for child in _children(process):
            yield child
            waiting.append(child)


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return found  # it has ended
    return found
