"""How runs are listed: the columns of a row, its colour, and the line under all of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from suite.cli.lines import Col

if TYPE_CHECKING:
    from leaderboard.store import Store
    from suite.runs import Row

_COLOURS = {"failed": "red", "corrupt": "red", "running": "green", "waiting": "bright_black"}


def colour(row: Row) -> str | None:
    """What a row is printed in."""
    return _COLOURS.get(row.state)


def columns(digits: int, where: dict[str, str]) -> list[Col[Row]]:
    """What a list shows of a row, keys by so many ``digits``, runs in W&B as ``where`` tells them by key."""
    return [
        Col("key", lambda row: row.key[:digits], 64),
        Col("state", lambda row: row.state if row.share is None else f"{row.state} {row.share:.0%}", 12),
        Col("kind", lambda row: {"evaluate": "eval"}.get(row.kind or "", row.kind or ""), 9),
        Col("method", lambda row: row.method or "", 48, least=12),
        Col("benchmark", lambda row: row.benchmark or "", 24, least=9),
        Col("task", lambda row: row.protocol or "", 8),
        Col("seed", lambda row: _number(row.seed), 6, right=True),
        Col("acc %", lambda row: "" if row.accuracy is None else f"{100 * row.accuracy:.2f}", 6, right=True),
        Col("wall s", lambda row: _number(row.wall_seconds, 1), 9, right=True),
        Col("MiB", lambda row: _number(row.peak_memory_mib, 0), 7, right=True, rank=2),
        Col("from", lambda row: row.bundle or "", 24, rank=1, least=8),
        Col("try", lambda row: _number(row.attempt), 3, right=True, rank=4),
        Col("when (UTC)", lambda row: (row.started or "")[:16].replace("T", " "), 16, rank=3),
        Col("host", lambda row: row.host or "", 20, rank=5),
        Col("sweep", lambda row: row.sweep or "", 20, rank=6),
        Col("why", lambda row: row.reason or "", 90, rank=1, least=16),
        Col("W&B", lambda row: where.get(row.key, ""), 140, rank=7),
    ]


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def summary(found: list[Row], total: int) -> str:
    """The line under a list: how many cells of ``total``, in which states, and what they took."""
    if not found:
        return f"none of {total} cells" if total else "no cells"
    states = Counter(row.state for row in found)
    seconds = sum(row.wall_seconds or 0.0 for row in found)
    told = ", ".join(f"{count:,} {state}" for state, count in states.items())
    if imported := sum(row.bundle is not None for row in found):
        told += f" ({imported:,} of them imported)"
    of = "" if len(found) == total else f" of {total:,}"
    cells = "cell" if total == 1 else "cells"
    return f"{len(found):,}{of} {cells}: {told}; {_duration(seconds)} of computing"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def addresses(store: Store, rows: list[Row]) -> dict[str, str]:
    """Key -> address of its run in W&B where it was sent, else its folder where it is there."""
    from suite.mirror.marker import Marker
    from suite.mirror.place import FOLDER, run_id

    root = store.location.local
    if root is None:
        return {}
    marker = Marker.read(root)
    there = {path.name for path in (root / FOLDER).glob("*run-*")}
    found = {}
    for row in rows:
        run = marker.runs.get(run_id(row.key, row.attempt or 1))
        folder = run.folder if run else (row.wandb_folder or "")
        if run and run.sent:
            found[row.key] = sorted(run.sent.values(), key=lambda sent: sent.when)[-1].url
        elif Path(folder).name in there:
            found[row.key] = folder
    return found
