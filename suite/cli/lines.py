"""A table as lines of text: as many columns as the terminal holds, the most important ones first."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import click

T = TypeVar("T")

NARROWEST = 80
_GAP = 2


@dataclass(frozen=True)
class Col(Generic[T]):
    """A column: its heading, its text for a row, how long a text may get, and whether it is a figure.

    Where the terminal is narrow, texts are cut down to ``least`` (0: never), and what goes is the highest
    ``rank``.
    """

    title: str
    text: Callable[[T], str]
    most: int = 40
    right: bool = False
    rank: int = 0
    least: int = 0


def terminal_width() -> int:
    """Columns of the terminal (or what COLUMNS says), at least 80."""
    return max(NARROWEST, shutil.get_terminal_size((NARROWEST, 24)).columns)


def table(
    rows: Sequence[T], columns: Sequence[Col[T]], width: int, colour: Callable[[T], str | None]
) -> list[str]:
    """Heading and one line a row, none longer than ``width``; empty columns are left out."""
    texts = {column.title: [plain(column.text(row)) for row in rows] for column in columns}
    widths = {}
    for column in columns:
        longest = max(map(len, texts[column.title]), default=0)
        if longest:
            widths[column.title] = min(max(longest, len(column.title)), column.most)
    shown = [column for column in columns if column.title in widths]
    while _total(min(widths[c.title], c.least or width) for c in shown) > width and any(
        c.rank for c in shown
    ):
        shown.remove(max(shown, key=lambda column: column.rank))
    for _ in range(_total(widths[c.title] for c in shown) - width):
        widest = max(shown, key=lambda c: widths[c.title] - c.least if c.least else -1)
        widths[widest.title] -= 1

    def line(parts: Sequence[str]) -> str:
        cells = [_fit(part, widths[c.title], c.right) for part, c in zip(parts, shown, strict=True)]
        return (" " * _GAP).join(cells).rstrip()

    lines = [click.style(line([c.title for c in shown]), bold=True)]
    for number, row in enumerate(rows):
        lines.append(click.style(line([texts[c.title][number] for c in shown]), fg=colour(row)))
    return lines


def _total(widths: Iterable[int]) -> int:
    return sum(width + _GAP for width in widths) - _GAP


def plain(text: str) -> str:
    """``text`` in one line, without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _fit(text: str, width: int, right: bool) -> str:
    if len(text) > width:
        text = text[: width - 1] + "…"
    return text.rjust(width) if right else text.ljust(width)
