"""Measured rows as a table: for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bench.measure import Row

HEAD = ("case", "peer", "peer s", "ours s", "ratio", "target", "memory, MiB", "over the floor")


def cells(row: Row) -> tuple[str, ...]:
    """A row's cells under ``HEAD``."""
    return (
        row.case,
        row.peer or "–",
        seconds(row.peer_s),
        seconds(row.ours_s),
        ratio(row),
        f"≥ {row.target:g}×" if row.target else "–",
        memory(row),
        f"{row.ours_s / row.floor_s:.1f}×" if row.floor_s else "–",
    )


def ratio(row: Row) -> str:
    """``2.4× (2.2–2.6)``, marked where it misses its target."""
    if row.ratio is None or row.ratio_min is None or row.ratio_max is None:
        return "–"
    missed = " below target" if row.target and row.ratio < row.target else ""
    return f"{row.ratio:.3g}× ({row.ratio_min:.3g}–{row.ratio_max:.3g}){missed}"


def memory(row: Row) -> str:
    """``1200 → 640``: the peer's and ours."""
    if row.ours_mib is None:
        return "–"
    return f"{row.ours_mib:.0f}" if row.peer_mib is None else f"{row.peer_mib:.0f} → {row.ours_mib:.0f}"


def seconds(value: float | None) -> str:
    """Three significant digits, in s, ms or µs."""
    if value is None:
        return "–"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            return f"{value * factor:.3g} {unit}"
    raise AssertionError


def terminal(title: str, rows: Sequence[Row], changes: Sequence[str]) -> Table:
    """``changes`` are what ``bench.figures.since`` says of each row."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    for name in (*HEAD, "since the last kept run", "agreement"):
        table.add_column(name, overflow="fold")
    for row, change in zip(rows, changes, strict=True):
        table.add_row(*cells(row), change, row.note, style="red" if change.startswith("SLOWER") else None)
    return table


def markdown(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD), *map(cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
